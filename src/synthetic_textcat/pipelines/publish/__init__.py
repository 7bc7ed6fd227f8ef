"""Publication of the exported dataset folder to a dataset hub."""
