"""Tasks and label sets that the offline model "thinks of": drawn from an authored stock. Pure."""

import functools
import re
from collections.abc import Mapping

from synthetic_textcat.hashing import shuffled
from synthetic_textcat.llm.offline.grammar import load_yaml
from synthetic_textcat.llm.offline.prompt_reader import find_task

USUAL_TASKS = 20
"""How many it gives where the prompt does not say."""

_HOW_MANY = re.compile(r"\b(\d{1,3})\b[^.\n]{0,60}\btasks\b", re.IGNORECASE)
_UNKNOWN_TASK = {"first kind": "It is of the first kind", "second kind": "It is of the second", "neither": "The rest"}


@functools.cache
def stock() -> Mapping[str, Mapping[str, str]]:
    """All tasks that it knows, each with its labels and their descriptions."""
    families = load_yaml("_brainstorm")
    return {family["sentence"].replace("<x>", x): family["labels"] for family in families for x in family["x"]}


def brainstormed(prompt: str, seed: int) -> list[str]:
    """Different tasks, as many as the prompt asks for and none that it shows: a function of prompt and seed."""
    asked = _HOW_MANY.search(prompt)
    fresh = [task for task in stock() if task not in prompt]
    return shuffled(fresh, "brainstorm", seed)[: int(asked[1]) if asked else USUAL_TASKS]


def label_set(prompt: str) -> list[dict[str, str]]:
    """The labels of the task that the prompt names; of one that it does not know, labels that would fit any."""
    task = find_task(prompt, stock())
    labels = stock()[task] if task else _UNKNOWN_TASK
    return [{"name": name, "description": description} for name, description in labels.items()]
