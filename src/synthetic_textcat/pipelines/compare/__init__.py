"""Two runs side by side: what was changed, and what came of it."""
