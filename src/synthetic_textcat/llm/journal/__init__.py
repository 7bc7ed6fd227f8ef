"""Journal of completions: its lines, and the index by which paid answers are found."""
