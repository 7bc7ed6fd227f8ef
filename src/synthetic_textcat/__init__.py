"""Synthetic text-classification data, written by a language model and accounted for to the last row."""

__version__ = "0.1.0"
