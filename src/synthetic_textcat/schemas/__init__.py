"""What the project's data look like: parameters, tasks, tables, replies, completions. Public names."""
