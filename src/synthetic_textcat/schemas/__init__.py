"""Data schemas: parameters, tasks, tables, replies and completions, with their public names."""
