"""Confusion of labels by a judge: matrix of planned and judged labels of each task, and the pairs mixed up most."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
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


def confusion_matrix(
    cells: pd.DataFrame, tasks: Mapping[str, Task], sentences: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    """Table `label_confusion`: judged rows by planned and judged label, for each task; cells without rows are left out.

    Columns: task_id, task, planned, judged (a label, `none of these`, or null for undecided votes), rows, and `labels`:
    the sides of the matrix in their order, on the first line of a task, null on the others. A task with an open label
    set has one side, `PLANNED`, against `PLANNED`, `MISLEADING`, `both` and `none of these`. With several labels a text
    a row counts for each of its labels (`judged_sets.label_lines`).

    The tasks with the most rows in dispute come first; at most `MOST_TASKS`.

    Args:
        cells: As of `judged_rows.JudgedCounts`.
        tasks: By task id.
        sentences: Sentence of each task, by task id.
    """
    disputed = (cells["judged"] - cells["agrees"]).groupby(cells["task_id"], sort=False).sum()
    lines: list[Mapping[str, Any]] = []
    for task_id in disputed.sort_values(ascending=False, kind="stable").index[:MOST_TASKS]:
        own = cells[cells["task_id"] == task_id]
        task = tasks.get(task_id)
        names = list(task.label_names) if task is not None else []
        counts = own.groupby(["label", "verdict"], dropna=False, sort=True)["judged"].sum().rename("rows").reset_index()
        found = records_of(counts.rename(columns={"label": "planned", "verdict": "judged"}))
        lines += [
            {"task_id": task_id, "task": sentences[task_id], **cell, "labels": None if place else names or [PLANNED]}
            for place, cell in enumerate(found)
        ]
    return lines


def sides_of_open_labels(rows: pd.DataFrame) -> pd.DataFrame:
    """Sides of the matrix of rows with open labels: columns label, verdict."""
    verdict = rows["verdict"]
    judged = pd.Series(NONE_OF_THESE, rows.index, dtype="object")
    judged[verdict.isna()] = None
    for side, is_chosen in (
        (PLANNED, verdict == rows["label"]),
        (MISLEADING, verdict == rows["misleading_label"]),
        (BOTH, verdict == BOTH),
    ):
        judged[is_chosen] = side
    return pd.DataFrame({"label": PLANNED, "verdict": judged}, index=rows.index)


def mixed_up_pairs(
    cells: pd.DataFrame,
    accepted_pairs: pd.DataFrame,
    batches: Callable[[], Iterable[tuple[pd.DataFrame, Any]]],
    sentences: Mapping[str, str],
) -> list[Mapping[str, Any]]:
    """Table `mixed_up_labels`: pairs of labels that the judge takes for one another, the most rows first.

    Columns: task_id, task, one, other (the labels; `one` is the label planned in more of the rows), rows (mixed up, of
    both directions), one_as_other, other_as_one, judged (rows of either label), ambiguous (rows with these two labels
    of which the judge accepts both), texts (up to `TEXTS_OF_A_PAIR`: planned, text; those with the most votes first).
    At most `MOST_PAIRS`. `none of these` and undecided votes are in no pair.

    Args:
        cells: As of `judged_rows.JudgedCounts`, of tasks with a label set.
        accepted_pairs: Likewise.
        batches: The judged rows, batch by batch, and their attributes; read if there are pairs.
        sentences: Sentence of each task, by task id.
    """
    disputed = _mixed_up(cells)
    if disputed.empty:
        return []
    groups = disputed.groupby(["task_id", "pair"], sort=True)
    most = groups["judged"].sum().sort_values(ascending=False, kind="stable").head(MOST_PAIRS)
    judged = cells.groupby(["task_id", "label"])["judged"].sum()
    both = accepted_pairs.assign(pair=_pairs(accepted_pairs, "label", "misleading_label"))
    ambiguous = both.groupby(["task_id", "pair"])["judged"].sum()
    texts = _texts_of(list(most.index), batches())
    return [
        {
            "task_id": key[0],
            "task": sentences[key[0]],
            **_line(groups.get_group(key), judged, int(ambiguous.get(key, 0))),
            "texts": texts.get(key, []),
        }
        for key in most.index
    ]


def _mixed_up(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows or cells in dispute, with their pair of labels."""
    disputed = rows[rows["disputed"] & rows["verdict"].ne(NONE_OF_THESE)]
    return disputed.assign(pair=_pairs(disputed, "label", "verdict"))


def _pairs(rows: pd.DataFrame, first: str, second: str) -> "pd.Series[Any]":
    pairs = [tuple(sorted(pair)) for pair in zip(rows[first], rows[second], strict=True)]
    return pd.Series(pairs, index=rows.index, dtype="object")


def _texts_of(
    keys: Sequence[Hashable], batches: Iterable[tuple[pd.DataFrame, Any]]
) -> dict[Hashable, list[Mapping[str, str]]]:
    """The texts with the most votes of some pairs."""
    first: dict[Hashable, pd.DataFrame] = {}
    for rows, _ in batches:
        disputed = rows[rows["disputed"]]
        for key, own in _mixed_up(disputed).groupby(["task_id", "pair"]):
            if key in keys:
                known = pd.concat([first[key], own]) if key in first else own
                ranked = known.sort_values(["votes", "ambiguous", "request_id"], ascending=[False, True, True])
                first[key] = ranked.head(TEXTS_OF_A_PAIR)
    return {
        key: [{"planned": label, "text": text} for label, text in zip(own["label"], own["input_text"], strict=True)]
        for key, own in first.items()
    }


def _line(own: pd.DataFrame, judged: "pd.Series[int]", ambiguous: int) -> Mapping[str, Any]:
    planned = own.groupby("label", sort=False)["judged"].sum()
    one, other = sorted(own["pair"].iloc[0], key=lambda label: -int(planned.get(label, 0)))
    task_id = own["task_id"].iloc[0]
    return {
        "one": one,
        "other": other,
        "rows": int(own["judged"].sum()),
        "one_as_other": int(planned.get(one, 0)),
        "other_as_one": int(planned.get(other, 0)),
        "judged": int(sum(judged.get((task_id, label), 0) for label in (one, other))),
        "ambiguous": ambiguous,
    }
