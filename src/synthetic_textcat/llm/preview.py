"""A few rows as they will be asked for, to be read before any money is spent."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from synthetic_textcat.llm.prompts import wire_form
from synthetic_textcat.llm.row_prompts import Asked

ROWS = 3
_NOT_DRAWN = {"request_id", "task_id", "replicate", "task", "seed"}


def spread(requests: pd.DataFrame) -> list[int]:
    """Places of the rows that are shown: the first of each kind of label set, then from all over the plan."""
    kinds = requests["label"].isna().to_numpy()
    firsts = [int(place) for place in np.unique(kinds, return_index=True)[1]]
    others = [number * (len(requests) - 1) // (ROWS - 1) for number in range(ROWS)] if len(requests) else []
    return sorted(list(dict.fromkeys([*firsts, *reversed(others)]))[:ROWS])


def preview_of(asked: Iterable[Asked], planned: int) -> str:
    """The rows' planned attributes and messages, as Markdown."""
    shown = [_row(each) for each in asked]
    return "\n\n".join([f"# {len(shown)} of {planned} planned rows, as the model will be asked", *shown]) + "\n"


def _row(asked: Asked) -> str:
    planned = ((name, value) for name, value in asked.row.items() if name not in _NOT_DRAWN and value is not None)
    attributes = [f"- {name}: {value}" for name, value in planned]
    head = [f"## Row {asked.row['replicate']} of the task: {asked.row['task']}", "", *attributes]
    return "\n".join([*head, *(_message(**message) for message in wire_form(asked.messages))])


def _message(role: object, content: object) -> str:
    return f"\n### {role}\n\n{content}"
