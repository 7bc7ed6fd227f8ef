"""From tasks and attributes to `requests`: the plan, before any money is spent."""
