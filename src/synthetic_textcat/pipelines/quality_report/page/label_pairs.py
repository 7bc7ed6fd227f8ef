"""Heat maps of the pairs of labels that texts have, one for each task with several labels a text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

MOST_LABELS = 20
"""Most labels of a heat map; of a larger set, those with the most rows."""


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
    """Heat map of one task.

    Attributes:
        task: Sentence of the task.
        rows: By label, a cell for each label, in the order of the task.
        left_out: Labels that are not shown, since fewer rows have them.
    """

    task: str
    rows: Mapping[str, Sequence[Pair]]
    left_out: int


def label_pairs(table: Sequence[Mapping[str, Any]]) -> list[LabelPairs]:
    """Heat maps of the tasks of a table `label_pairs`, in its order."""
    return [_of_task(list(lines)) for _, lines in groupby(table, key=lambda line: line["task_id"])]


def _of_task(lines: Sequence[Mapping[str, Any]]) -> LabelPairs:
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
