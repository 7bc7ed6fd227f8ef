"""Report page and plots."""
