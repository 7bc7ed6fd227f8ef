"""Recovery of one broken reply: what all of its steps share, and the guard around the repair library."""

from typing import Any

from synthetic_textcat.llm.nesting import DEEPEST_NESTING, depth_within
from synthetic_textcat.llm.work_budget import (
    READING_STEPS,
    REPAIR_STEPS,
    MeteredText,
    WorkBudget,
    WorkLimitError,
    unmetered,
)
from synthetic_textcat.schemas.task_text import sentence_of
from synthetic_textcat.text.visible_text import single_line

_A_SENTENCE = 40  # steps that a look at a text takes, however short it is
_LONGEST_ERROR = 120

_LONGEST_REPAIR, _MOST_BRACKETS = 30_000, 500
"""What the repair library is given: so many characters and opening brackets. Some of its work can't be counted from
outside: it copies a text with each character that it adds to it, and goes through a list with each item."""


class Recovery:
    """The work that reading one reply may still cost, and what a library said that could not read it.

    Attributes:
        error: What the repair library raised first, in one line; empty where it raised nothing.
        limit: Which limit kept it from its work, likewise.
    """

    def __init__(self) -> None:
        self.error = self.limit = ""
        self._reading = WorkBudget(READING_STEPS)
        self._repairs = WorkBudget(REPAIR_STEPS)

    def spend(self, steps: int) -> None:
        """Counts work.

        Raises:
            WorkLimitError: If the reply has had its share.
        """
        self._reading.spend(steps)

    def repaired(self, text: str) -> Any:
        """What the repair library makes of the text; None where it gives up, fails, or the budget for it is used up."""
        if len(text) > _LONGEST_REPAIR or text.count("{") + text.count("[") > _MOST_BRACKETS:
            self.limit = self.limit or "too long or too nested to be repaired"
            return None
        import json_repair  # few replies need it

        try:
            value = unmetered(json_repair.loads(MeteredText.of(text, self._repairs), skip_json_loads=True))
            return value if depth_within(value, DEEPEST_NESTING) else None
        except WorkLimitError as limit:
            self.limit = self.limit or f"json-repair took {limit}"
        except Exception as error:  # noqa: BLE001 - it asserts, recurses and indexes its way through any text
            self.error = self.error or _in_one_line(error)
        return None

    def sentence_of(self, item: Any) -> str | None:
        """The sentence of an item, as `schemas.task_text` finds it."""
        self.weigh(item)
        return sentence_of(item)

    def weigh(self, value: Any) -> None:
        """Counts the work of going through a value of a decoded reply: all of its texts, keys and items."""
        self.spend(_A_SENTENCE + (len(value) if isinstance(value, str) else 0))
        if isinstance(value, dict):
            for key, part in value.items():
                self.spend(len(key))
                self.weigh(part)
        elif isinstance(value, list):
            for part in value:
                self.weigh(part)


def _in_one_line(error: Exception) -> str:
    said = single_line(error, _LONGEST_ERROR)
    return f"json-repair: {type(error).__name__}{said and f': {said}'}"
