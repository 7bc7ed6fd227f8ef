"""Replies: recovery of a JSON object or list from a reply's text, within a budget of work, and its validation."""
