"""Brainstorming of tasks by the model: rounds of calls, distinct tasks, and the report on missing ones."""
