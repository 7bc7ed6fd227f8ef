"""How deep lists and objects of a reply are nested in one another."""

from typing import Any

DEEPEST_NESTING = 64
"""Levels of lists and objects that are read. What is deeper counts as no JSON: where exactly Python's decoder gives up
depends on how deep the stack is that calls it, and a verdict must not."""


def depth_within(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested in one another no deeper."""
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(depth_within(part, levels - 1) for part in parts)
