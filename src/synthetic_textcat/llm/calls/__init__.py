"""Calls: one request to the model, its retries, its limits and costs, and what earlier calls settle."""
