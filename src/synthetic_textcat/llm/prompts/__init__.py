"""Prompts: the messages that are sent, their placeholders, and the fingerprints by which paid answers are found."""
