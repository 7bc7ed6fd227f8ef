"""Quote: cost, time and yield of the plan, estimated from a pilot of its own rows."""
