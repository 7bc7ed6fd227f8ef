"""What other programs make of the exported files: each in an environment of its own (`make consumers`)."""
