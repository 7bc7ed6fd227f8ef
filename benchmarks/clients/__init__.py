"""The clients that are measured: ours, and what a user would write by hand."""
