"""Slots of a quota: the accepted rows that it asks for, each with the values of its cell and of its attribute mix.

A block is a combination of values of the cell columns without proportions; each has as many slots as the target. All
other columns of a slot are apportioned within its block: the cell columns with proportions by these, the others by
their odds. So each value is within one of its share of a block, and a higher target adds slots and moves none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import lcm, prod
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import ParameterError, nearest
from synthetic_textcat.hashing import Keys, canonical_json, derived, key64
from synthetic_textcat.pipelines.attribute_sampling.choices import choice_of
from synthetic_textcat.pipelines.attribute_sampling.label_odds import misleading_labels_of
from synthetic_textcat.pipelines.attribute_sampling.plan import by_id, deal, own_attributes
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints
from synthetic_textcat.pipelines.attribute_sampling.values import shares_of_choice, values_of
from synthetic_textcat.schemas.attributes import shares_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.tasks import Label, Task, tasks_of

MOST_CELLS = 100_000
RAREST = 50_000
"""Rows of a task of which one is expected to have the rarest combination: the last columns are not kept beyond it."""

_MOST_OFF = 0.1
_OF_TASK = ("task", "task_id")
_OF_LABELS = ("label", "misleading_label")
_Options = Mapping[Any, Fraction]


class _Kind(NamedTuple):
    """Rows of a task with a label: the label's share of the task's rows, and by column the share of each value."""

    task: int
    share: Fraction
    options: Mapping[str, _Options]


class MixOff(NamedTuple):
    """A value whose share of all slots is not the one that was asked for.

    Attributes:
        column, value: The value.
        slots, wanted: Its slots, and how many its shares come to.
        all_slots: Number of slots.
        multiple: Smallest target of a block of which all shares are whole rows.
    """

    column: str
    value: str | None
    slots: int
    wanted: float
    all_slots: int
    multiple: int


class QuotaSlots:
    """Slots of each block of a quota.

    Args:
        tasks: The table `tasks`.
        sampling: Its `per` names the columns of a cell.
        seed: The project's.

    Raises:
        ParameterError: If `per` names a column or a value that no row of the plan has, or makes too many cells.
    """

    def __init__(self, tasks: pd.DataFrame, sampling: AttributeSamplingParameters, seed: int) -> None:
        self._tasks, self._sampling, self._seed = by_id(tasks), sampling, seed
        own = own_attributes(tasks, sampling)
        refuse_unknown_columns(sampling, own)
        names = dict.fromkeys((*_OF_TASK, *_OF_LABELS, "language", *own, "num_words", "difficulty", "clarity"))
        self._kinds = [
            kind for number, task in enumerate(tasks_of(self._tasks)) for kind in self._of(number, task, names)
        ]
        self.columns = self._kept(names)
        self.blocks = self._blocks()

    def _of(self, number: int, task: Task, columns: Mapping[str, Any]) -> Iterator[_Kind]:
        labels = sorted(task.labels, key=lambda label: label.name)
        shares = [*shares_of(dict(enumerate(label.weight for label in labels))).values()] if labels else [Fraction(1)]
        for label, share in zip(labels or (None,), shares, strict=True):
            options = {name: _options(name, task, label, self._sampling) for name in columns}
            for name, weights in self._sampling.proportions.items():
                options[name] = {value: odds for value, odds in options[name].items() if value in weights}
            yield _Kind(number, share, options)

    def _kept(self, names: Mapping[str, Any]) -> tuple[str, ...]:
        """Cell columns, task and label, then each attribute with several values, until combinations become rare."""
        cell = self._sampling.cell_columns
        columns = [*cell, *([] if {*cell} & {*_OF_TASK} else ["task"]), *(["label"] if "label" not in cell else [])]
        rows = [
            1 / kind.share / prod(min(kind.options[name].values(), default=Fraction(1)) for name in columns)
            for kind in self._kinds
        ]
        for name in names:
            if name in (*columns, *_OF_TASK, *_OF_LABELS) or not self._varies(name):
                continue
            rows = [some / min(kind.options[name].values()) for some, kind in zip(rows, self._kinds, strict=True)]
            if max(rows, default=0) > RAREST:
                break
            columns.append(name)
        return tuple(columns)

    def _varies(self, name: str) -> bool:
        return len({value for kind in self._kinds for value in kind.options[name]}) > 1

    def _blocks(self) -> dict[Cell, dict[int, dict[int, Fraction]]]:
        """Block → task → kind of row → its share of the task's rows in the block, not normalised."""
        found: defaultdict[Cell, defaultdict[int, dict[int, Fraction]]] = defaultdict(lambda: defaultdict(dict))
        shared = self._sampling.proportions
        for number, kind in enumerate(self._kinds):
            if not all(kind.options[name] for name in shared):
                continue
            label = next(iter(kind.options["label"]))
            share = Fraction(repr(shared["label"][label])) if "label" in shared else kind.share
            options = [kind.options[name].items() for name in self._sampling.block_columns]
            for values in product(*options):
                cell = tuple(value for value, _ in values)
                found[cell][kind.task][number] = share * prod(odds for _, odds in values)
            if len(found) > MOST_CELLS:
                raise ParameterError(
                    f"Parameter attribute_sampling.per makes more than {MOST_CELLS:,} cells. Next: name fewer columns"
                )
        for name, weights in shared.items():
            known = {value for kind in self._kinds for value in kind.options[name]}
            place = f"attribute_sampling.{name if name in ATTRIBUTES else f'extra.{name}'}"
            remedy = "" if name in (*_OF_TASK, *_OF_LABELS) else f". Next: give {place} these values too"
            _refuse_unknown(weights, known, f"{name} names", remedy)
        return {cell: dict(sorted(tasks.items())) for cell, tasks in found.items()}

    def table(self, target: int) -> pd.DataFrame:
        """The slots, block by block: its first `target` ones. Cell columns come first."""
        table = {name: pd.array(values, dtype="str") for name, values in self.values(target)}
        return pd.DataFrame(table, columns=list(self.columns))

    def values(self, target: int) -> Iterator[tuple[str, NDArray[np.object_]]]:
        """The values of the slots, column by column, as `table` has them."""
        block, kind = self._blocks_of(target), self._kinds_of(target)
        of_block = dict(zip(self._sampling.block_columns, zip(*self.blocks, strict=True), strict=False))
        for name in self.columns:
            if name in of_block:
                yield name, np.array(of_block[name], object)[block]
            else:
                shares = [self._shares(name, own.options[name]) for own in self._kinds]
                yield name, self._drawn(name, self._keys, block, kind, shares)

    @cached_property
    def _keys(self) -> Keys:
        """Key of each block's draws."""
        return np.array([key64(self._seed, "quota", canonical_json(cell)) for cell in self.blocks], np.uint64)

    def _blocks_of(self, target: int) -> Ints:
        return np.repeat(np.arange(len(self.blocks), dtype=np.int32), target)

    def mix_off(self, target: int) -> Iterator[MixOff]:
        """Values whose share of all slots is off by more than `_MOST_OFF` of it, the worst of each column.

        Each block is within one row of its shares; many small blocks together may be further off.
        """
        table, kinds = self.table(target), self._kinds_of(target)
        for name in self.columns:
            if name in (*_OF_TASK, *_OF_LABELS, *self._sampling.block_columns):
                continue
            shares = [self._shares(name, kind.options[name]) for kind in self._kinds]
            wanted: defaultdict[Any, Fraction] = defaultdict(Fraction)
            for kind, slots in zip(*np.unique(kinds, return_counts=True), strict=True):
                for value, share in shares[kind].items():
                    wanted[value] += share * int(slots)
            rows = table[name].value_counts()
            off = {value: abs(int(rows.get(value, 0)) / float(share) - 1) for value, share in wanted.items()}
            worst = max(off, key=lambda value: off[value])
            if off[worst] > _MOST_OFF and abs(int(rows.get(worst, 0)) - float(wanted[worst])) > 1:
                multiple = lcm(*(share.denominator for own in shares for share in own.values()))
                yield MixOff(name, worst, int(rows.get(worst, 0)), float(wanted[worst]), len(table), multiple)

    def _shares(self, name: str, odds: _Options) -> _Options:
        weights = self._sampling.proportions.get(name)
        if weights is None or len(odds) == 1:
            return odds
        return shares_of({value: weights[value] for value in odds if value is not None})

    def _kinds_of(self, target: int) -> Ints:
        """Kind of row of each slot: tasks take turns by weight, labels are apportioned within block and task."""
        block = self._blocks_of(target)
        task = np.empty(len(block), np.int32)
        for number, tasks in enumerate(self.blocks.values()):
            places, weights = np.array([*tasks]), np.array([self._weight(place) for place in tasks])
            task[number * target : (number + 1) * target] = (
                places[deal(weights, target)[0]] if len(places) > 1 else places
            )
        _, first, pair = np.unique(
            block.astype(np.int64) * len(self._tasks) + task, return_index=True, return_inverse=True
        )
        cells = [*self.blocks.values()]
        of_pair = [cells[block[row]][task[row]] for row in first]
        shares = [_normalised(of_kind.values()) for of_kind in of_pair]
        ids = [key64("label", self._tasks["task_id"][task[row]]) for row in first]
        stream_keys = self._keys[block[first]] + np.array(ids, np.uint64)
        drawn = self._drawn("label", stream_keys, pair, pair, shares)
        numbers = [[*of_kind] for of_kind in of_pair]
        return np.array([numbers[of][place] for of, place in zip(pair.tolist(), drawn.tolist(), strict=True)], np.int32)

    def _weight(self, task: int) -> float:
        shared = self._sampling.proportions
        of = next((name for name in _OF_TASK if name in shared), None)
        return float(self._tasks["weight"][task] if of is None else shared[of][self._tasks[of][task]])

    def _drawn(self, name: str, keys: Keys, stream: Ints, group: Ints, shares: Sequence[Mapping[Any, Fraction]]) -> Any:
        """Value of each slot: slots with the same shares are one sequence of draws within each stream."""
        texts = [canonical_json([[str(value), str(share)] for value, share in own.items()]) for own in shares]
        codes, distinct = pd.factorize(np.array(texts, object))
        firsts = [texts.index(text) for text in distinct]
        values, code = np.empty(len(stream), object), codes[group]
        for number, (text, first) in enumerate(zip(distinct, firsts, strict=True)):
            rows = np.flatnonzero(code == number)
            streams, of_row = np.unique(stream[rows], return_inverse=True)
            drawn_from = values_of(tuple(shares[first].items()), is_exact=self._sampling.balance == "exact")
            drawn = drawn_from.draw(derived(keys[streams], name, text), of_row.astype(np.int32))
            values[rows] = np.array(drawn_from.names, object)[drawn]
        return values


def _normalised(parts: Iterable[Fraction]) -> dict[int, Fraction]:
    parts = [*parts]
    return {number: part / sum(parts) for number, part in enumerate(parts)}


def refuse_unknown_columns(sampling: AttributeSamplingParameters, own: Sequence[str]) -> None:
    """Checks that `per` names columns of the plan.

    Raises:
        ParameterError: For the first column that the plan does not have.
    """
    _refuse_unknown(sampling.cell_columns, (*_OF_TASK, *_OF_LABELS, *ATTRIBUTES, *own), "names")


def _refuse_unknown(names: Any, known: Any, what: str, remedy: str = "") -> None:
    for name in names:
        if name not in known:
            allowed = sorted(value for value in known if value is not None)
            hint = nearest(name, allowed)
            raise ParameterError(
                f"Parameter attribute_sampling.per {what} {name!r}, which no row of the plan has; {hint}{remedy}"
            )


def _options(name: str, task: Task, label: Label | None, sampling: AttributeSamplingParameters) -> _Options:
    """Share of each value that a row of the task with this label can have in a column."""
    one = Fraction(1)
    if name in _OF_TASK:
        return {getattr(task, name): one}
    if name == "label":
        return {label.name if label else None: one}
    if name == "misleading_label":
        weights = misleading_labels_of(task, label.name, sampling.misleading_label) if label else {}
        return shares_of(weights) if weights else {None: one}
    choice = label.extra[name] if label and name in label.extra else choice_of(task, name, sampling)
    if choice is None and name not in ATTRIBUTES:
        return {None: one}
    return shares_of_choice(name, canonical_json(choice))
