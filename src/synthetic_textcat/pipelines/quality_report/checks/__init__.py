"""Checks of candidates: single-row checks, comparisons between rows, and the verdict on each row."""
