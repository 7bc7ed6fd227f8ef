"""Batches of the project at the provider: a table, and the end of one by parameter."""
