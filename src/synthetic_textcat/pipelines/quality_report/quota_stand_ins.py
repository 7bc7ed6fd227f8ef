"""Stand-ins of a quota: other label sets for slots whose own set was given up, as long as their labels lack rows.

A stand-in has the values of the slot and another set of its task: one with the label that lacks rows, which is neither
excluded nor given up. The sets of the slots of the same cells come first, in proportion to their slots. Where all of
these are given up, it is a set that the quota has not asked for: no rarer than the slot's own one, the most common
sizes and labels first.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from math import comb

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.quota_standing import Standing
from synthetic_textcat.pipelines.quality_report.quota_yields import Pools, pools_of
from synthetic_textcat.schemas.label_sets import LABELS, LabelSet, label_set_code, label_set_of
from synthetic_textcat.schemas.quota import Cell, cells_in, has_several, named, unnamed
from synthetic_textcat.schemas.tasks import Task

_MOST_STEPS = 20_000
"""Steps of a search for a set that was not asked for; the first one that fits is taken, so few searches need many."""

_OF_TASK = ("task", "task_id")


def stand_ins_for(
    given_up: Mapping[Cell, int],
    lacking: Mapping[Cell, int],
    standing: Standing,
    pools: Sequence[Pools],
    tasks: Sequence[Task],
    per: Sequence[str],
) -> Counter[Cell]:
    """Stand-ins by the values of a slot, and how many of each.

    Args:
        given_up: Open slots that were given up, by their values: as many stand-ins, at most, for each of its labels.
        lacking: Rows that each cell lacks, and that no open slot brings.
        standing: Progress of each combination of values.
        pools: All pools of these combinations.
        tasks: The tasks of the plan.
        per: Columns of a cell.
    """
    left, found = Counter(lacking), Counter[Cell]()
    if "label" not in per or LABELS not in standing.columns or not any(left.values()):
        return found
    choice = _SetChoice(standing, pools, tasks, per)
    for values, slots in given_up.items():
        slot = named(values, standing.columns)
        if not has_several(slot, per) or choice.is_hopeless(values):
            continue
        for cell in cells_in(slot, per):
            for _ in range(slots):
                stand_in = choice.next_for(slot, cell) if left[cell] > 0 else None
                if stand_in is None:
                    break
                found[stand_in] += 1
                left.subtract(cells_in(named(stand_in, standing.columns), per))
    return found


def pools_for_stand_ins(planned: Standing, pools: Sequence[Pools], per: Sequence[str]) -> list[Pools]:
    """Pools that size a round with stand-ins: without the rows of sets that were given up, which say nothing of others.

    Args:
        planned: Progress of each combination of values, the stand-ins last.
        pools: All pools of the combinations that are not new.
        per: Columns of a cell.
    """
    is_given_up = np.zeros(len(planned.combinations), np.bool_)
    for own in pools:
        if LABELS in own.columns and not own.label:
            is_given_up[: len(own.number)] |= own.is_given_up[own.number]
    return pools_of(planned.without_rows_of(is_given_up), per)


class _SetChoice:
    """Choice of the set of the next stand-in; each choice counts for the proportions of the next ones."""

    def __init__(self, standing: Standing, pools: Sequence[Pools], tasks: Sequence[Task], per: Sequence[str]) -> None:
        self._given_up, self._label_at = _GivenUp(standing, pools), per.index("label")
        self._known: defaultdict[Cell, Counter[str]] = defaultdict(Counter)  # slots of each set, by cell and task
        self._chosen: Counter[tuple[Cell, str]] = Counter()
        self._identity = next(name for name in _OF_TASK if name in standing.columns)
        self._tasks = {getattr(task, self._identity): task for task in tasks}
        for values, own in standing.combinations.items():
            slot = named(values, standing.columns)
            if own.wanted and has_several(slot, per):
                for cell in cells_in(slot, per):
                    self._known[self._place(cell, slot)][slot[LABELS] or ""] += own.wanted

    def _place(self, cell: Cell, slot: Mapping[str, str | None]) -> Cell:
        return (*cell, slot[self._identity])

    def is_hopeless(self, values: Cell) -> bool:
        """Whether the values of a slot are given up whatever its set."""
        return self._given_up.by_other_values(values)

    def next_for(self, slot: Mapping[str, str | None], cell: Cell) -> Cell | None:
        """Values of a stand-in for a slot that counts in a cell; None where all of the label's sets are given up."""
        place, label = self._place(cell, slot), cell[self._label_at]
        if label in self._given_up.labels:
            return None
        known = self._known[place]
        order = sorted(known, key=lambda code: ((self._chosen[place, code] + 1) / known[code], code))
        for code in chain(order, map(label_set_code, self._not_asked_for(slot, label))):
            found = unnamed({**slot, LABELS: code})
            if not self._given_up.by_set(found, label_set_of(code)):
                self._chosen[place, code] += 1
                return found
        return None

    def _not_asked_for(self, slot: Mapping[str, str | None], label: str | None) -> Iterator[LabelSet]:
        """Allowed sets with the label, no rarer than that of the slot."""
        task = self._tasks.get(slot[self._identity])
        if task is not None and label in task.label_names:
            yield from sets_with(task, label, len(label_set_of(slot[LABELS] or "[]")), self._given_up.labels)


class _GivenUp:
    """Given-up values of a quota: labels, and combinations of values by the columns of their pools.

    Attributes:
        labels: The labels.
    """

    def __init__(self, standing: Standing, pools: Sequence[Pools]) -> None:
        self.labels = {own.label for own in pools if own.label and own.is_given_up[0]}
        self._keys: list[tuple[bool, list[int], set[Cell]]] = []
        sets = _numbered_sets(standing, self.labels)
        for own in pools:
            if own.label or not own.is_given_up.any():
                continue
            places = [standing.columns.index(name) for name in own.columns]
            to_blame = own.is_given_up if LABELS in own.columns else _without_excuse(own, standing, sets)
            is_given_up = to_blame[own.number].tolist()
            keys = {
                tuple(values[place] for place in places)
                for values, is_so in zip(standing.combinations, is_given_up, strict=True)
                if is_so
            }
            self._keys.append((LABELS in own.columns, places, keys))

    def by_other_values(self, values: Cell) -> bool:
        """Whether values other than the label set are given up, and no set excuses them."""
        return self._has(values, of_sets=False)

    def by_set(self, values: Cell, labels: LabelSet) -> bool:
        """Whether the label set is given up with these values, with some of them, or with any."""
        return not self.labels.isdisjoint(labels) or self._has(values, of_sets=True)

    def _has(self, values: Cell, *, of_sets: bool) -> bool:
        kind = (own for own in self._keys if own[0] == of_sets)
        return any(tuple(values[place] for place in places) in keys for _, places, keys in kind)


def _numbered_sets(standing: Standing, given_up: Collection[str]) -> NDArray[np.int64]:
    """Number of the label, or of the set of labels, of each combination; -1 for a set with a label that is given up."""
    numbers: dict[tuple[str | None, ...], int] = {}
    slots = (named(values, standing.columns) for values in standing.combinations)
    keys = ((slot["label"], slot[LABELS]) for slot in slots)
    return np.array(
        [
            numbers.setdefault(key, len(numbers)) if not {*given_up}.intersection(label_set_of(key[1] or "[]")) else -1
            for key in keys
        ],
        np.int64,
    )


def _without_excuse(own: Pools, standing: Standing, sets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mask of the given-up pools of other values whose lost rows are not explained by the label sets of these rows.

    In the last rounds, often only sets that never come are open: the pools of all their values bring no row then. So a
    pool has no excuse only with rows of two sets, of which none ever came in it, or one that comes elsewhere is lost.
    """
    found, good = np.zeros(len(own.is_given_up), np.bool_), standing.good.sum(axis=1)
    for pool in np.flatnonzero(own.is_given_up):
        is_in = (own.number == pool) & (sets >= 0)
        if len({*sets[is_in & standing.rows.any(axis=1)].tolist()}) > 1:
            good_rounds = np.flatnonzero(standing.good[is_in].any(axis=0))
            is_lost = is_in & standing.rows[:, good_rounds.max(initial=-1) + 1 :].any(axis=1)
            comes_elsewhere = np.isin(sets[is_lost], sets[(own.number != pool) & (good > 0)])
            found[pool] = not good_rounds.size or bool(comes_elsewhere.any())
    return found


def sets_with(task: Task, label: str, size: int, without: Collection[str]) -> Iterator[LabelSet]:
    """Allowed sets of a task with a label, no rarer than the sets of a size: the most common sizes and labels first.

    Args:
        task: The task.
        label: A label of the sets.
        size: Number of labels of the set that they stand in for.
        without: Labels of which the sets have none.
    """
    shares = {own: share / comb(len(task.labels), own) for own, share in task.set_sizes.items() if own}
    wanted = sorted((own for own in shares if shares[own] >= shares[size]), key=lambda own: (-shares[own], own))
    apart = [pair for pair, weight in task.pair_weights.items() if not weight]
    partners = sorted(task.labels, key=lambda other: (-other.weight, other.name))
    names = [other.name for other in partners if other.name != label and other.name not in without]
    for own in wanted:
        for chosen in _allowed(label, names, own, apart):
            yield tuple(name for name in task.label_names if name in chosen)


def _allowed(label: str, names: Sequence[str], size: int, apart: Collection[frozenset[str]]) -> Iterator[LabelSet]:
    """Sets of so many labels without an excluded pair, in the order of the names."""
    open_: list[tuple[int, LabelSet]] = [(0, (label,))]
    for _ in range(_MOST_STEPS):
        if not open_:
            return
        start, chosen = open_.pop()
        if len(chosen) == size:
            yield chosen
            continue
        open_ += [
            (place + 1, (*chosen, names[place]))
            for place in reversed(range(start, len(names)))
            if not any(frozenset((names[place], other)) in apart for other in chosen)
        ]
