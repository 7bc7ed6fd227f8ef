"""Batch route: requests go to the provider as files, at a lower price, and their results come back within a day."""
