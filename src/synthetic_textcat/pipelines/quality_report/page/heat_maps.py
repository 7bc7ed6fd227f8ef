"""Heat maps of the report: cells of a table, confusion matrices of judged labels, and pairs of labels of a text.

A table has one entry for each cell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from synthetic_textcat.pipelines.quality_report.signals.label_confusion import MISLEADING, PLANNED
from synthetic_textcat.schemas.label_verdicts import BOTH, NONE_OF_THESE

Entry = Mapping[str, Any]

MOST_LABELS = 20
"""Most labels of a task on the page; of a larger set, those mixed up most, or those with the most rows."""

UNDECIDED = "undecided"

_MOST_FILLED = 0.6
"""Share of filled cells up to which the sides count as nested: two tasks with labels of their own fill half."""


class Sides(NamedTuple):
    """Names of the values in an entry: those of its row and column, its number, and the number that counts as full."""

    down: str
    across: str
    value: str
    full: str


QUOTA_SIDES = Sides("down", "across", "accepted", "target")
"""Of the table `quota_matrix`."""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Heat map.

    Attributes:
        across: Column names, in the order of the table.
        rows: By row name, the entry of each column, None where the table has none. The least filled rows come first.
    """

    across: Sequence[str]
    rows: Mapping[str, Sequence[Entry | None]]

    @property
    def is_nested(self) -> bool:
        """Whether most cells are empty, as with labels that belong to one task each: then groups read better."""
        filled = sum(entry is not None for row in self.rows.values() for entry in row)
        return filled <= _MOST_FILLED * len(self.rows) * len(self.across)

    @property
    def groups(self) -> dict[str, dict[str, Entry]]:
        """Entries by column and row name, without the empty cells."""
        return {
            column: {name: entry for name, row in self.rows.items() if (entry := row[place]) is not None}
            for place, column in enumerate(self.across)
        }


def heat_map(table: Sequence[Entry], sides: Sides) -> HeatMap:
    """Heat map of a table.

    Args:
        table: One entry for each cell.
        sides: Names of the values in an entry.
    """
    across = [*dict.fromkeys(entry[sides.across] for entry in table)]
    found: dict[str, dict[str, Entry]] = {}
    for entry in table:
        found.setdefault(entry[sides.down], {})[entry[sides.across]] = entry
    worst_first = sorted(
        found,
        key=lambda down: filled_share(
            *(sum(entry[name] for entry in found[down].values()) for name in (sides.value, sides.full))
        ),
    )
    return HeatMap(across, {down: [found[down].get(column) for column in across] for down in worst_first})


def filled_share(value: float, full: float) -> float:
    """Filled share of a cell or a row; full if a quota's proportions ask for no row of it."""
    return value / full if full else 1.0


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


def confusions(table: Sequence[Entry], most_labels: int | None = MOST_LABELS) -> list[Confusion]:
    """Confusion matrices of the tasks of a table `label_confusion`, in its order.

    Args:
        table: One entry for each cell with rows.
        most_labels: Labels shown of a task; None = all.
    """
    return [_confusion(list(cells), most_labels) for _, cells in groupby(table, key=lambda cell: cell["task_id"])]


def _confusion(cells: Sequence[Entry], most_labels: int | None) -> Confusion:
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


class Pair(NamedTuple):
    """Rows with two labels, or on the diagonal with one.

    Attributes:
        rows: Accepted rows with both.
        planned: Planned rows with both.
        expected: Rows if the labels met by chance; None on the diagonal.
        share: Their share of the rows with the label of the line, 0 to 1.
        fill: The share, as a part of the largest of the heat map, 0 to 1.
    """

    rows: int
    planned: int
    expected: float | None
    share: float
    fill: float = 0.0


@dataclass(frozen=True, slots=True)
class LabelPairs:
    """Heat map of the pairs of labels that the texts of one task have.

    Attributes:
        task: Sentence of the task.
        rows: By label, a cell for each label, in the order of the task.
        left_out: Labels that are not shown, since fewer rows have them.
    """

    task: str
    rows: Mapping[str, Sequence[Pair]]
    left_out: int


def label_pairs(table: Sequence[Entry]) -> list[LabelPairs]:
    """Heat maps of the pairs of labels of the tasks of a table `label_pairs`, in its order."""
    return [_label_pairs(list(lines)) for _, lines in groupby(table, key=lambda line: line["task_id"])]


def _label_pairs(lines: Sequence[Entry]) -> LabelPairs:
    names = next(line["labels"] for line in lines if line["labels"])
    own = {line[side]: line[f"of_{side}"] for line in lines for side in ("one", "other")}
    of_pair = {frozenset((line["one"], line["other"])): line for line in lines}
    chosen = {*sorted(names, key=lambda name: -own[name])[:MOST_LABELS]}
    shown = [name for name in names if name in chosen]

    def cell(one: str, other: str) -> Pair:
        if one == other:
            return Pair(own[one], own[one], None, 0.0)
        line = of_pair[frozenset((one, other))]
        share = line["accepted"] / own[one] if own[one] else 0.0
        return Pair(line["accepted"], line["planned"], line["expected"], share)

    cells = {one: [cell(one, other) for other in shown] for one in shown}
    largest = max((pair.share for line in cells.values() for pair in line), default=0.0) or 1.0
    rows = {one: [pair._replace(fill=pair.share / largest) for pair in line] for one, line in cells.items()}
    return LabelPairs(lines[0]["task"], rows, len(names) - len(shown))
