"""The notebooks: fit to commit, and they run."""
