"""Rows of a task with several labels a text, by label set."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from synthetic_textcat.hashing import pick
from synthetic_textcat.pipelines.quality_report.row_ends import RowEnds
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.schemas.rows import FINDINGS, REJECTED, REQUESTS, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.pipelines.quality_report.builders import ends_of, example_frame
from tests.pipelines.quality_report.signals.corpora import words

TAGS = Task.model_validate(
    {"task": "Tag a ticket.", "labels": ["billing", "delivery", "praise", "returns"], "labels_per_text": [0, 2]}
)
SETS = ((), ("billing",), ("delivery",), ("praise",), ("billing", "delivery"), ("delivery", "praise"), ("returns",))


def tagged(
    sets: Iterable[Sequence[str]], text: Callable[[int, Sequence[str]], str] | None = None, task: Task = TAGS
) -> list[dict[str, Any]]:
    """Rows with these label sets; by default each text names its labels by a word of their own."""
    text = text or telling
    rows = []
    for number, labels in enumerate(sets):
        others = [name for name in task.label_names if name not in labels]
        rows.append(
            {
                "request_id": f"{task.task_id}-{number:04}",
                "task_id": task.task_id,
                "task": task.task,
                "input_text": text(number, labels),
                "label": None,
                "labels": tuple(labels),
                "misleading_label": pick(others, "misleading", number),
            }
        )
    return rows


def telling(number: int, labels: Sequence[str]) -> str:
    """Words that say nothing, and one for each label."""
    return " ".join([*words(number, 6), *(f"about{label}" for label in labels), *words(number + 1, 4)])


def in_turn(number: int, sets: Sequence[Sequence[str]] = SETS) -> list[Sequence[str]]:
    """So many label sets, one after the other."""
    return [sets[place % len(sets)] for place in range(number)]


def corpus_of(
    rows: Sequence[dict[str, Any]], tasks: Sequence[Task] = (TAGS,), ends: Mapping[str, str] | None = None
) -> Corpus:
    """A corpus of these planned rows; all are accepted but those with another end."""
    ends = {row["request_id"]: (ends or {}).get(row["request_id"], "accepted") for row in rows}
    accepted = example_frame(row for row in rows if ends[row["request_id"]] == "accepted")
    plan = to_frame(
        [
            {"labels": (row["label"],), **row, "replicate": number, "seed": 0, "language": "English"}
            for number, row in enumerate(rows)
        ],
        REQUESTS,
    )
    findings, rejected = (as_table(to_frame([], columns)) for columns in (FINDINGS, REJECTED))
    of_rows: RowEnds = ends_of(ends)
    by_id = {task.task_id: task for task in tasks}
    return Corpus(as_table(accepted), as_table(pd.DataFrame(plan)), findings, rejected, of_rows, by_id)
