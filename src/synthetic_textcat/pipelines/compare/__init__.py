"""Comparison of two runs: changed inputs, and differences in the results."""
