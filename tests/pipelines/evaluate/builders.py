"""Rows whose labels follow from their words, as tests of `evaluate` take them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.hashing import pick, short_id
from synthetic_textcat.pipelines.evaluate.exported_rows import File
from synthetic_textcat.schemas.rows import EXAMPLES, to_frame
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from synthetic_textcat.tables import RowTable, as_table

WORDS = {
    "Sport": ["goal", "match", "coach", "league", "striker"],
    "Cooking": ["oven", "butter", "recipe", "simmer", "dough"],
    "Travel": ["flight", "hotel", "passport", "luggage", "border"],
}
TASK = Task(task="Sort a note by its topic.", labels=tuple(WORDS))
OPEN = Task(task="Say what a note is about.")
OTHER = Task(task="Tell the mood of a note.", labels=("Glad", "Sad"))
TASKS = (TASK, OPEN, OTHER)


def tasks_frame(tasks: Sequence[Task] = TASKS) -> pd.DataFrame:
    """The table `tasks`."""
    rows = [task.to_row("file") for task in tasks]
    return pd.DataFrame(rows, columns=TASKS_ARROW_SCHEMA.names)


def text_of(label: str, *parts: object, words: int = 8) -> str:
    """Words of the label, drawn by the parts, and some that each label has."""
    own = " ".join(pick(WORDS[label], *parts, place) for place in range(words))
    return f"{own} {short_id(*parts)} {short_id(*parts, 'more')}"


def labelled(rows: int, name: object) -> list[tuple[str, str]]:
    """So many texts with their labels, each label in turn."""
    labels = sorted(WORDS)
    return [(text_of(labels[row % 3], name, row), labels[row % 3]) for row in range(rows)]


def exported(rows: Sequence[tuple[str, str]], split: str = "train", task: Task = TASK) -> pd.DataFrame:
    """Rows of the exported folder."""
    own = {"task_id": task.task_id, "task": task.task, "misleading_label": "", "language": "English", "model_name": "m"}
    records = [
        {
            **dict.fromkeys(EXAMPLES, ""),
            **own,
            "request_id": short_id(split, text),
            "input_text": text,
            "label": label,
            "labels": (label,),
        }
        for text, label in rows
    ]
    return to_frame(records, EXAMPLES).assign(split=split)


def evaluation_set(rows: Sequence[tuple[str, str]], **columns: Any) -> pd.DataFrame:
    """The user's own rows, of `TASK` unless columns say otherwise."""
    task_columns: Mapping[str, Any] = columns or {"task_id": TASK.task_id}
    return pd.DataFrame({"text": [text for text, _ in rows], "label": [label for _, label in rows], **task_columns})


class MadeFile(NamedTuple):
    """A file of the exported folder."""

    rows: pd.DataFrame

    def table(self) -> RowTable:
        """Its rows."""
        return as_table(self.rows)


def folder(rows: pd.DataFrame) -> dict[str, File]:
    """The exported folder, with the rows in the files of their splits."""
    return {
        f"data/default-{split}.parquet": MadeFile(own.drop(columns="split")) for split, own in rows.groupby("split")
    }
