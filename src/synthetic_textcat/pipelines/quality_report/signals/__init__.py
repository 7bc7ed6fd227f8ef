"""Signals: quality measures of the rows. Each is a function of the `Corpus`, registered in `nodes`."""
