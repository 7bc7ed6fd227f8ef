"""Recovery of one broken reply: what all of its steps share, and the guard around the repair library."""

from typing import Any

from synthetic_textcat.llm.work_budget import (
    READING_STEPS,
    REPAIR_STEPS,
    MeteredText,
    WorkBudget,
    WorkLimitError,
    unmetered,
)
from synthetic_textcat.schemas.task_sentences import sentence_of

_A_SENTENCE = 40  # steps that a look at a text takes, however short it is
_LONGEST_FAULT = 120


class Recovery:
    """The work that reading one reply may still cost, and what a library said that could not read it.

    Attributes:
        fault: The first error of the repair library, in one line; empty where there was none.
    """

    def __init__(self) -> None:
        self.fault = ""
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
        import json_repair  # few replies need it

        try:
            return unmetered(json_repair.loads(MeteredText.of(text, self._repairs), skip_json_loads=True))
        except Exception as error:  # noqa: BLE001 - it asserts, recurses and indexes its way through any text
            self.fault = self.fault or _in_one_line(error)
            return None

    def sentence_of(self, item: Any) -> str | None:
        """The sentence of an item, as `schemas.task_sentences` finds it."""
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
    said = " ".join(str(error).split())[:_LONGEST_FAULT]
    limit = isinstance(error, WorkLimitError)
    return f"json-repair took {said}" if limit else f"json-repair: {type(error).__name__}{said and f': {said}'}"
