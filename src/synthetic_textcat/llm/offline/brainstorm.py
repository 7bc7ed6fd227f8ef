"""Tasks that the offline model "thinks of": drawn from an authored stock. Pure."""

import functools

from synthetic_textcat.hashing import shuffled
from synthetic_textcat.llm.offline.grammar import load_yaml

TASKS_A_CALL = 20


@functools.cache
def stock() -> tuple[str, ...]:
    """All tasks that it knows."""
    families = load_yaml("_brainstorm")
    return tuple(family["sentence"].replace("<x>", x) for family in families for x in family["x"])


def brainstormed(seed: int) -> list[str]:
    """About twenty different tasks: a function of the seed alone."""
    return shuffled(stock(), "brainstorm", seed)[:TASKS_A_CALL]
