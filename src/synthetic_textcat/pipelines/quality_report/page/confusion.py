"""Confusion matrices of planned and judged labels, one for each task, for the page and the figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from synthetic_textcat.pipelines.quality_report.signals.label_confusion import MISLEADING, PLANNED
from synthetic_textcat.schemas.label_verdicts import BOTH, NONE_OF_THESE

MOST_LABELS = 20
"""Most labels of a matrix on the page; of a larger set, those mixed up most."""

UNDECIDED = "undecided"


class Cell(NamedTuple):
    """Judged rows of a planned label with one verdict, their share of the rows of the label, and whether it agrees."""

    rows: int
    share: float
    agrees: bool


@dataclass(frozen=True, slots=True)
class Confusion:
    """Confusion matrix of one task.

    Attributes:
        task: Sentence of the task.
        judged: Names of the columns: labels, then `none of these` and `undecided` if there are any.
        rows: By planned label, a cell for each column.
        left_out: Labels of the set that are not shown, since fewer of their rows are in dispute.
        disputed: Rows whose verdict is not their label.
    """

    task: str
    judged: Sequence[str]
    rows: Mapping[str, Sequence[Cell]]
    left_out: int
    disputed: int


def confusions(table: Sequence[Mapping[str, Any]], most_labels: int | None = MOST_LABELS) -> list[Confusion]:
    """Confusion matrices of the tasks of a table `label_confusion`, in its order.

    Args:
        table: One entry for each cell with rows.
        most_labels: Labels shown of a task; None = all.
    """
    return [_confusion(list(cells), most_labels) for _, cells in groupby(table, key=lambda cell: cell["task_id"])]


def _confusion(cells: Sequence[Mapping[str, Any]], most_labels: int | None) -> Confusion:
    names = next(cell["labels"] for cell in cells if cell["labels"])
    counts = {(cell["planned"], cell["judged"]): cell["rows"] for cell in cells}
    shown = _most_disputed(names, counts, most_labels or len(names))
    no_labels = [MISLEADING, BOTH, NONE_OF_THESE, None] if names == [PLANNED] else [NONE_OF_THESE, None]
    present = {judged for _, judged in counts}
    columns = [*shown, *(name for name in no_labels if name in present and name not in shown)]
    totals = {name: sum(rows for (planned, _), rows in counts.items() if planned == name) for name in shown}
    return Confusion(
        task=cells[0]["task"],
        judged=[UNDECIDED if name is None else name for name in columns],
        rows={
            planned: [
                Cell(rows, rows / (totals[planned] or 1), _agrees(planned, judged))
                for judged in columns
                for rows in [counts.get((planned, judged), 0)]
            ]
            for planned in shown
        },
        left_out=len(names) - len(shown),
        disputed=sum(rows for pair, rows in counts.items() if not _agrees(*pair)),
    )


def _most_disputed(names: Sequence[str], counts: Mapping[tuple[str, str | None], int], most: int) -> list[str]:
    """Labels to show, in the order of the set: all of a small set, of a larger one those in dispute, the worst first.

    Without a dispute those with the most rows are shown.
    """
    if len(names) <= most:
        return list(names)
    disputed = {pair: rows for pair, rows in counts.items() if not _agrees(*pair)}
    rows = dict.fromkeys(names, 0)
    for pair, count in (disputed or counts).items():
        for name in pair:
            if name in rows:
                rows[name] += count
    chosen = set(sorted((name for name in names if rows[name] or not disputed), key=lambda name: -rows[name])[:most])
    return [name for name in names if name in chosen]


def _agrees(planned: str, judged: str | None) -> bool:
    return judged == planned or (planned == PLANNED and judged == BOTH)
