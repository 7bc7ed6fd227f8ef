"""Judged rows: candidates of a closed and an open task, with verdicts that a test gives."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.schemas.label_verdicts import LABEL_VERDICTS
from synthetic_textcat.schemas.rows import to_frame
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.quality_report.builders import example_frame

TASK = Task.model_validate({"task": "Sort a message.", "labels": ["billing", "delivery", "praise"]})
OPEN_TASK = Task.model_validate({"task": "Name the mood.", "labels": []})
TASKS = {task.task_id: task for task in (TASK, OPEN_TASK)}
JUDGE = "judge-1"


class Judged(NamedTuple):
    """Candidates with their verdicts."""

    candidates: pd.DataFrame
    verdicts: pd.DataFrame


def judged(
    rows: Iterable[tuple[str, str | None]], task: Task = TASK, misleading: str = "praise", **changes: Any
) -> Judged:
    """Rows of a task, each by its planned label and its verdict; `changes` are of all rows or their verdicts."""
    pairs = list(rows)
    ids = [f"{changes.get('prefix', task.task_id)}-{number:03}" for number in range(len(pairs))]
    verdict = {name: changes[name] for name in LABEL_VERDICTS if name in changes}
    own = {name: value for name, value in changes.items() if name not in verdict and name != "prefix"}
    candidates = example_frame(
        {
            "request_id": row,
            "task_id": task.task_id,
            "task": task.task,
            "input_text": f"Text of {row}.",
            "label": label,
            "misleading_label": misleading,
            **own,
        }
        for row, (label, _) in zip(ids, pairs, strict=True)
    )
    verdicts = to_frame(
        [
            {
                "request_id": row,
                "verdict": said,
                "votes": 1,
                "agrees": said in (label, "both"),
                "ambiguous": said == "both",
                "model_name": JUDGE,
                **verdict,
            }
            for row, (label, said) in zip(ids, pairs, strict=True)
        ],
        LABEL_VERDICTS,
    )
    return Judged(candidates, verdicts)


def together(parts: Sequence[Judged]) -> Judged:
    """All of them in two tables."""
    return Judged(*(pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True)))
