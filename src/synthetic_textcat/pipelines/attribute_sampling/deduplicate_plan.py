"""Rows of a task with the same combination of values: the later one swaps values with rows that come after it.

Balance settles which values a cycle of draws has, not which of its rows has which. So a row that repeats an earlier
combination swaps one or two values with a later row of the same cycle. Swaps change neither the balanced counts nor any
earlier row. Rows beyond the end of the plan take part as they would in a longer one.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations, product
from math import prod
from typing import NamedTuple

import numpy as np

from synthetic_textcat.pipelines.attribute_sampling.choices import TaskChoices
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, ranges
from synthetic_textcat.pipelines.attribute_sampling.values import Codes
from synthetic_textcat.schemas.rows import ATTRIBUTES

MOST_ROWS = 5_000
"""Rows of a task that are deduplicated; with more of them nearly all combinations have come anyway."""

REACH = 32
"""Maximum distance of two rows that swap values, in rows."""

_MOST_SWAPS = 2  # values of a row at once: a third one hardly ever helps
_FIXED = ("label", "label_set")
_MOVABLE = ("misleading_label", *reversed(ATTRIBUTES))

_Combination = tuple[int, ...]


def draw_distinct(choices: TaskChoices, tasks: Ints, counts: Ints, own: Sequence[str]) -> Codes:
    """`choices.draw` of tasks, then swaps: tasks with duplicates are drawn again, and further, to swap with later rows.

    The four attributes and the misleading label are swapped to make combinations of these differ, an own attribute to
    make combinations of these and itself differ. So a new attribute of the user's alters no other one. A dependent
    attribute is drawn last, by the values that rows have then, and is not swapped.
    """
    codes = choices.draw_without_dependent(tasks, counts)
    _let_differ(choices, tasks, counts, codes, own)
    choices.add_dependent(tasks, counts, codes)
    return codes


def _let_differ(choices: TaskChoices, tasks: Ints, counts: Ints, codes: Codes, own: Sequence[str]) -> None:
    """Swaps values of rows with the same combination, in place."""
    task, first = np.repeat(np.arange(len(tasks)), counts), np.flatnonzero(ranges(counts) < MOST_ROWS)
    columns = (values[first] for values in (task, *(codes[name] for name in (*_FIXED, *_MOVABLE))))
    distinct = np.unique(combinations_of(columns, len(first)), return_index=True)[1]
    again = np.unique(np.delete(task[first], distinct))
    if not again.size:
        return
    rows = np.minimum(counts[again], MOST_ROWS)
    swapped = choices.draw_without_dependent(tasks[again], rows + REACH)
    _swap(choices, tasks[again], swapped, rows, _FIXED, _MOVABLE)
    for name in own:
        if not choices.is_dependent(name):
            _swap(choices, tasks[again], swapped, rows, [*_FIXED, *_MOVABLE], [name])
    kept = np.minimum(counts[again], rows + REACH)
    places = np.repeat((np.cumsum(counts) - counts)[again], kept) + ranges(kept)
    sources = np.repeat(np.cumsum(rows + REACH) - rows - REACH, kept) + ranges(kept)
    for name, values in codes.items():
        values[places] = swapped[name][sources]


class Movable(NamedTuple):
    """A column of a task's rows whose values can be swapped.

    Attributes:
        values: Codes of the rows.
        ahead: For each row the distance to the next row whose value is of the same cycle of draws, in rows; 0: none.
        groups, sizes: For each row the group of values of equal weight that its own is one of, and how many they are.
    """

    values: list[int]
    ahead: list[int]
    groups: list[int]
    sizes: list[int]

    def swap_candidates(self, row: int) -> dict[int, int]:
        """Other values that the row can have, each with the first later row of the same cycle that has it."""
        found: dict[int, int] = {}
        other = row
        while (distance := self.ahead[other]) and (other := other + distance) <= row + REACH:
            found.setdefault(self.values[other], other)
        found.pop(self.values[row], None)
        return found


def swap_duplicates(fixed: Sequence[Sequence[int]], movable: Sequence[Movable], rows: int) -> None:
    """Lets the first rows of a task differ as far as swaps within cycles allow, in place.

    Args:
        fixed: Columns that stay as they are.
        movable: The others, tried in this order; they go on beyond the rows as far as a swap may reach.
        rows: How many rows are to differ.
    """
    seen: set[_Combination] = set()
    unused: dict[_Combination, int] = {}  # for each combination of groups, how many of its values no row has yet
    planned = zip(*fixed, *(column.values for column in movable), strict=False)  # read row by row: swaps show
    grouped = zip(*fixed, *(column.groups for column in movable), strict=False)
    for row, now, groups in zip(range(rows), planned, grouped, strict=False):
        if groups not in unused:
            unused[groups] = prod(column.sizes[row] for column in movable)
        had = _swapped(now, movable, row, seen) if unused[groups] > 0 and now in seen else now
        if had not in seen:
            seen.add(had)
            unused[groups] -= 1


def _swapped(planned: _Combination, movable: Sequence[Movable], row: int, seen: set[_Combination]) -> _Combination:
    """The row's combination after the first swap that makes it a new one; as planned, if none does."""
    first = len(planned) - len(movable)
    candidates = [column.swap_candidates(row) for column in movable]
    for number in range(1, _MOST_SWAPS + 1):
        for columns in combinations(range(len(movable)), number):
            for swapped in product(*(candidates[column] for column in columns)):
                then = list(planned)
                for column, value in zip(columns, swapped, strict=True):
                    then[first + column] = value
                if tuple(then) not in seen:
                    for column, value in zip(columns, swapped, strict=True):
                        values, other = movable[column].values, candidates[column][value]
                        values[row], values[other] = value, values[row]
                    return tuple(then)
    return planned


def combinations_of(columns: Iterable[Ints], rows: int) -> Ints:
    """For each row the number of its combination of codes, which are -1 or more."""
    numbers, bound = np.zeros(rows, np.int64), 1
    for column in columns:
        size = int(column.max(initial=-1)) + 2
        if bound * size >= 2**62:
            numbers = np.unique(numbers, return_inverse=True)[1]
            bound = int(numbers.max(initial=0)) + 1
        numbers *= size
        numbers += column
        numbers += 1
        bound *= size
    return numbers


def _swap(
    choices: TaskChoices, tasks: Ints, codes: Codes, rows: Ints, fixed: Sequence[str], movable: Sequence[str]
) -> None:
    """Swaps values of movable columns within each task, in place. Each task has `REACH` further rows."""
    counts, columns = rows + REACH, {}
    task, ends = np.repeat(np.arange(len(rows)), counts), np.cumsum(counts)
    for name in movable:
        groups, sizes = choices.equal_weight_groups(name, tasks[task], codes)
        of_task = combinations_of((task, groups), len(task))
        order = np.argsort(of_task, kind="stable")
        turns = ranges(np.unique(of_task, return_counts=True)[1]) // sizes[order]
        goes_on = (np.diff(of_task[order]) == 0) & (np.diff(turns) == 0)
        ahead = np.zeros_like(of_task)
        ahead[order[:-1][goes_on]] = np.diff(order)[goes_on]
        columns[name] = (codes[name], ahead, groups, sizes)
    for start, end, number in zip((ends - counts).tolist(), ends.tolist(), rows.tolist(), strict=True):
        own = [Movable(*(values[start:end].tolist() for values in columns[name])) for name in movable]
        swap_duplicates([codes[name][start:end].tolist() for name in fixed], own, number)
        for name, column in zip(movable, own, strict=True):
            codes[name][start:end] = column.values
