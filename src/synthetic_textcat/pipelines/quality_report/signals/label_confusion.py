"""Confusion of labels by a judge: matrix of planned and judged labels of each task, and the pairs mixed up most."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from synthetic_textcat.schemas.label_verdicts import BOTH, NONE_OF_THESE
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.schemas.tasks import Task

PLANNED, MISLEADING = "the label", "the misleading label"
"""Sides of the matrix of a task with an open label set, whose rows have labels of their own."""

MOST_TASKS = 50
MOST_PAIRS = 20
TEXTS_OF_A_PAIR = 3


def confusion_matrix(rows: pd.DataFrame, tasks: Mapping[str, Task]) -> list[Mapping[str, Any]]:
    """Table `label_confusion`: judged rows by planned and judged label, for each task; cells without rows are left out.

    Columns: task_id, task, planned, judged (a label, `none of these`, or null for undecided votes), rows, and `labels`:
    the sides of the matrix in their order, on the first line of a task, null on the others. A task with an open label
    set has one side, `PLANNED`, against `PLANNED`, `MISLEADING`, `both` and `none of these`.

    The tasks with the most rows in dispute come first; at most `MOST_TASKS`.

    Args:
        rows: As of `agreement.JudgedRows`.
        tasks: By task id.
    """
    disputed = (~rows["agrees"]).groupby(rows["task_id"], sort=False).sum().sort_values(ascending=False, kind="stable")
    lines: list[Mapping[str, Any]] = []
    for task_id in disputed.index[:MOST_TASKS]:
        own = rows[rows["task_id"] == task_id]
        task = tasks.get(task_id)
        names = list(task.label_names) if task is not None else []
        sides = own[["label", "verdict"]] if names else _sides_of_open_labels(own)
        counts = sides.groupby(["label", "verdict"], dropna=False, sort=True).size().rename("rows").reset_index()
        cells = records_of(counts.rename(columns={"label": "planned", "verdict": "judged"}))
        sentence = own["task"].iloc[0]
        lines += [
            {"task_id": task_id, "task": sentence, **cell, "labels": None if place else names or [PLANNED]}
            for place, cell in enumerate(cells)
        ]
    return lines


def _sides_of_open_labels(rows: pd.DataFrame) -> pd.DataFrame:
    verdict = rows["verdict"]
    judged = pd.Series(NONE_OF_THESE, rows.index, dtype="object")
    judged[verdict.isna()] = None
    for side, is_chosen in (
        (PLANNED, verdict == rows["label"]),
        (MISLEADING, verdict == rows["misleading_label"]),
        (BOTH, verdict == BOTH),
    ):
        judged[is_chosen] = side
    return pd.DataFrame({"label": PLANNED, "verdict": judged})


def mixed_up_pairs(rows: pd.DataFrame) -> list[Mapping[str, Any]]:
    """Table `mixed_up_labels`: pairs of labels that the judge takes for one another, the most rows first.

    Columns: task_id, task, one, other (the labels; `one` is the label planned in more of the rows), rows (mixed up, of
    both directions), one_as_other, other_as_one, judged (rows of either label), ambiguous (rows with these two labels
    of which the judge accepts both), texts (up to `TEXTS_OF_A_PAIR`: planned, text; those with the most votes first).
    At most `MOST_PAIRS`. `none of these` and undecided votes are in no pair.

    Args:
        rows: As of `agreement.JudgedRows`, of tasks with a label set.
    """
    disputed = rows[rows["disputed"] & rows["verdict"].ne(NONE_OF_THESE)]
    if disputed.empty:
        return []
    pairs = disputed.assign(pair=_pairs(disputed, "label", "verdict"))
    groups = pairs.groupby(["task_id", "pair"], sort=True)
    most = groups.size().sort_values(ascending=False, kind="stable").head(MOST_PAIRS)
    judged = rows.groupby(["task_id", "label"]).size()
    both = rows[rows["ambiguous"]]
    ambiguous = both.assign(pair=_pairs(both, "label", "misleading_label")).groupby(["task_id", "pair"]).size()
    return [_line(groups.get_group(key), judged, int(ambiguous.get(key, 0))) for key in most.index]


def _pairs(rows: pd.DataFrame, first: str, second: str) -> "pd.Series[Any]":
    pairs = [tuple(sorted(pair)) for pair in zip(rows[first], rows[second], strict=True)]
    return pd.Series(pairs, index=rows.index, dtype="object")


def _line(own: pd.DataFrame, judged: "pd.Series[int]", ambiguous: int) -> Mapping[str, Any]:
    planned = own["label"].value_counts(sort=False)
    one, other = sorted(own["pair"].iloc[0], key=lambda label: -int(planned.get(label, 0)))
    task_id = own["task_id"].iloc[0]
    read = own.sort_values(["votes", "ambiguous", "request_id"], ascending=[False, True, True]).head(TEXTS_OF_A_PAIR)
    return {
        "task_id": task_id,
        "task": own["task"].iloc[0],
        "one": one,
        "other": other,
        "rows": len(own),
        "one_as_other": int(planned.get(one, 0)),
        "other_as_one": int(planned.get(other, 0)),
        "judged": int(sum(judged.get((task_id, label), 0) for label in (one, other))),
        "ambiguous": ambiguous,
        "texts": [
            {"planned": label, "text": text} for label, text in zip(read["label"], read["input_text"], strict=True)
        ],
    }
