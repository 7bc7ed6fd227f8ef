"""What a user sees: the pages, in a real browser without a window."""
