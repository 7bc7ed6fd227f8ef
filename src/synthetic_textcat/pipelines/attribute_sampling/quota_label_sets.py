"""Label sets of a quota's slots: rows of multi-label tasks, until each label's cell has its target.

A row counts in the cell of each of its labels, and a row without a label in a cell of its own. Rows come in the order
of their draws; a row gets a slot if it is among the first rows of one of its cells at least. Its level is its lowest
number within a cell: for a target t, the rows up to level t are the slots. So each cell has t or more, no slot is for
full cells only, and a higher target adds slots and moves none.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import comb
from typing import NamedTuple

import numpy as np

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.hashing import key64
from synthetic_textcat.pipelines.attribute_sampling.plan import deal
from synthetic_textcat.pipelines.attribute_sampling.several_labels import (
    label_sets_of,
    labels_by_name,
    rows_until_repeat,
)
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints
from synthetic_textcat.schemas.attributes import shares_of
from synthetic_textcat.schemas.label_sets import LabelSet, labels_column
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task

FURTHEST = 2_000_000
"""Rows of a task among which those of its slots are searched for."""

_NO_LABEL: LabelSet = ("",)  # the cell of rows without a label: no label has this name


class SetSlots(NamedTuple):
    """Task and label set of each slot of a block, in the order of the slots."""

    task: Ints
    sets: list[LabelSet]


def have_slots_with_sets(tasks: Iterable[Task], sampling: AttributeSamplingParameters) -> bool:
    """Whether slots have a label set: in multi-label tasks, unless sets are so many that hardly one comes up again.

    A slot with such a set would hardly ever find a row, and a lost row no other one in its place. If no cell is that of
    a label, sets come as they are drawn then.

    Args:
        tasks: The multi-label tasks.
        sampling: The columns of a cell.

    Raises:
        ParameterError: If cells are of labels, and a task has so many sets.
    """
    has_sets = False
    for task in tasks:
        has_sets, (size, rows) = True, rows_until_repeat(task)
        if rows <= FURTHEST:
            continue
        if "label" not in sampling.cell_columns:
            return False
        raise ParameterError(
            f"Parameter attribute_sampling.per names label, but the task {shown(task.task)} has so many sets of {size} "
            f"labels that one comes up again in {float(rows):,.0f} rows, and a lost row needs another one of its set. "
            "Next: allow fewer labels in labels_per_text, or leave label out of per"
        )
    return has_sets


def set_slots(
    tasks: Mapping[int, Task], weights: Sequence[float], key: int, target: int, *, is_exact: bool
) -> SetSlots:
    """Slots of a block in which each label has a cell.

    Args:
        tasks: Tasks of the block by number, which take turns.
        weights: Their weights.
        key: Of the block's draws.
        target: Slots of each cell.
        is_exact: Whether draws are balanced.

    Raises:
        ParameterError: If a label is too rare.
    """
    wanted = {cell for task in tasks.values() for cell in _cells_of(task)}
    rows = 2 * target * len(wanted)
    while True:
        turn, sets = deal(np.array(weights), rows)[0], np.empty(rows, object)
        for place, task in enumerate(tasks.values()):
            own = np.flatnonzero(turn == place)
            sets[own] = labels_column(drawn_sets(task, key, len(own), is_exact=is_exact)).to_numpy()
        found: Counter[str] = Counter()
        levels = np.array([_level(labels, found) for labels in sets])
        short = min(wanted, key=lambda cell: (found[cell], cell))
        if found[short] >= target:
            break
        if rows >= FURTHEST:
            raise ParameterError(
                f"Parameter attribute_sampling.per: only {found[short]:,} of {rows:,} rows have the label {short!r}. "
                "Next: give it more weight in the tasks file, or leave label out of per"
            )
        rows = min(4 * rows, FURTHEST)
    order = np.argsort(levels, kind="stable")[: int((levels <= target).sum())]
    return SetSlots(np.array([*tasks])[turn[order]], sets[order].tolist())


def _cells_of(task: Task) -> Iterator[str]:
    yield from task.label_names
    yield from _NO_LABEL if 0 in task.set_sizes else ()


def _level(labels: LabelSet, found: Counter[str]) -> int:
    """Lowest number of a row within its cells, from 1; counts the row."""
    found.update(labels or _NO_LABEL)
    return min(found[label] for label in labels or _NO_LABEL)


def drawn_sets(task: Task, key: int, rows: int, *, is_exact: bool) -> list[LabelSet]:
    """Label sets of the first slots of a task in a block.

    Args:
        task: The task.
        key: Of the block's draws.
        rows: Number of slots.
        is_exact: Whether draws are balanced.
    """
    labels, order = labels_by_name(task), task.label_names.index
    keys = np.array([key64("labels", key, task.task_id)], np.uint64)
    chosen = label_sets_of(task, is_exact=is_exact).draw(keys, np.array([rows]))
    distinct, number = np.unique(chosen, axis=0, return_inverse=True)
    sets = [tuple(sorted((labels[place].name for place in np.flatnonzero(has)), key=order)) for has in distinct]
    return [sets[place] for place in number.ravel().tolist()]


def rarest_share(task: Task) -> Fraction:
    """About the share of the rarest label set among a task's rows: that of a set of the labels of least weight."""
    sizes, weights = shares_of(task.set_sizes), [label.weight for label in task.labels]
    factor = Fraction(repr(min(weights))) / Fraction(repr(max(weights)))
    return min(share * factor**size / comb(len(weights), size) for size, share in sizes.items())
