"""Slots of a quota: the accepted rows that it asks for, each with the values of its cell and of its attribute mix.

A block is a combination of values of the cell columns without proportions; each has as many slots as the target. All
other columns of a slot are apportioned within its block: the cell columns with proportions by these, the others by
their odds. So each value is within one of its share of a block, and a higher target adds slots and moves none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import lcm, prod
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.hashing import Keys, canonical_json, derived, key64
from synthetic_textcat.pipelines.attribute_sampling.choices import choices_of
from synthetic_textcat.pipelines.attribute_sampling.label_odds import misleading_labels_of
from synthetic_textcat.pipelines.attribute_sampling.plan import by_id, deal, own_attributes
from synthetic_textcat.pipelines.attribute_sampling.quota_columns import (
    left_out_of_mix,
    refuse_columns_of_several_labels,
    refuse_mixed_blocks,
    refuse_unknown,
    refuse_unknown_columns,
)
from synthetic_textcat.pipelines.attribute_sampling.quota_label_sets import (
    SetSlots,
    drawn_sets,
    have_slots_with_sets,
    rarest_share,
    set_slots,
)
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints
from synthetic_textcat.pipelines.attribute_sampling.values import shares_of_choice, values_of
from synthetic_textcat.schemas.attributes import Choice, chosen_weights, shares_of
from synthetic_textcat.schemas.label_sets import LABELS, label_set_code
from synthetic_textcat.schemas.own_attributes import OwnChoice, branches_of, marginal_weights, parent_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell
from synthetic_textcat.schemas.rows import ATTRIBUTES, plain
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.schemas.tasks import Label, Task

MOST_CELLS = 100_000
RAREST = 50_000
"""Rows of a task of which one is expected to have the rarest combination: the last columns are not kept beyond it."""

_MOST_OFF = 0.1
_OF_TASK = ("task", "task_id")
_OF_LABELS = ("label", "misleading_label")
_Options = Mapping[Any, Fraction]


class _Kind(NamedTuple):
    """Rows of a task with a label, or all rows of a multi-label task.

    Attributes:
        task: Number of the task.
        share: Share of the label, or of the rarest label set, among the task's rows.
        options: Share of each value, by column.
        choices: Choices of the attributes.
    """

    task: int
    share: Fraction
    options: Mapping[str, _Options]
    choices: Mapping[str, Choice | OwnChoice]

    def odds(self, name: str, values: Mapping[str, Any]) -> Fraction:
        """Share of a column's value among rows with the other values; that of a dependent attribute is its parent's."""
        parent = parent_of(self.choices.get(name))
        if parent is None or parent not in values:
            return self.options[name][values[name]]
        branch = branches_of(cast("OwnChoice", self.choices[name])).get(values[parent], {})
        return chosen_weights(branch).get(values[name], Fraction(0)) if branch else Fraction(0)


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
        own, each = own_attributes(tasks, sampling), tasks_of(self._tasks)
        refuse_unknown_columns(sampling, own)
        self._several = {number: task for number, task in enumerate(each) if task.task_type == "multi_label"}
        refuse_columns_of_several_labels(self._several.values(), sampling)
        self._has_sets = have_slots_with_sets(self._several.values(), sampling)
        names = dict.fromkeys((*_OF_TASK, *_OF_LABELS, "language", *own, "num_words", "difficulty", "clarity"))
        self._kinds = [kind for number, task in enumerate(each) for kind in self._of(number, task, names)]
        self._left_out, self._is_exact = left_out_of_mix(each, sampling, own), sampling.balance == "exact"
        self._set_slots_of: dict[int, Mapping[int, SetSlots]] = {}
        self.columns = self._kept(names)
        self.blocks = self._blocks()
        refuse_mixed_blocks(self.blocks.values(), each, sampling)

    def _of(self, number: int, task: Task, columns: Mapping[str, Any]) -> Iterator[_Kind]:
        labels = sorted(task.labels, key=lambda label: label.name)
        shares = [*shares_of(dict(enumerate(label.weight for label in labels))).values()] if labels else [Fraction(1)]
        of_rows: list[tuple[Label | None, Fraction]] = [*zip(labels or (None,), shares, strict=True)]
        if number in self._several:
            of_rows = [(None, rarest_share(task) if self._has_sets else Fraction(1))]
        for label, share in of_rows:
            options = {name: _options(name, task, label, self._sampling) for name in columns}
            for name, weights in self._sampling.proportions.items():
                options[name] = {value: odds for value, odds in options[name].items() if value in weights}
            yield _Kind(number, share, options, choices_of(task, label, self._sampling))

    def _kept(self, names: Mapping[str, Any]) -> tuple[str, ...]:
        """Cell columns, task and label, then each attribute with several values, until combinations become rare."""
        cell = self._sampling.cell_columns
        columns = [*cell, *([] if {*cell} & {*_OF_TASK} else ["task"]), *(["label"] if "label" not in cell else [])]
        columns += [LABELS] if self._has_sets else []
        rows = [
            1
            / kind.share
            / prod(min(kind.options[name].values(), default=Fraction(1)) for name in columns if name != LABELS)
            for kind in self._kinds
        ]
        for name in names:
            if name in (*columns, *self._left_out, *_OF_TASK, *_OF_LABELS) or not self._varies(name):
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
            columns = self._sampling.block_columns
            for cell in product(*(kind.options[name] for name in columns)):
                values = dict(zip(columns, cell, strict=True))
                odds = prod(kind.odds(name, values) for name in columns)
                if odds:
                    found[cell][kind.task][number] = share * odds
            if len(found) > MOST_CELLS:
                raise ParameterError(
                    f"Parameter attribute_sampling.per makes more than {MOST_CELLS:,} cells. Next: name fewer columns"
                )
        for name, weights in shared.items():
            known = {value for kind in self._kinds for value in kind.options[name]}
            place = f"attribute_sampling.{name if name in ATTRIBUTES else f'extra.{name}'}"
            remedy = "" if name in (*_OF_TASK, *_OF_LABELS) else f". Next: give {place} these values too"
            refuse_unknown(weights, known, f"{name} names", remedy)
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
            if name == LABELS:
                yield name, np.array(self._label_sets(target, kind), object)
            elif name in of_block:
                yield name, np.array(of_block[name], object)[block]
            else:
                shares = [self._shares(name, own.options[name]) for own in self._kinds]
                yield name, self._drawn(name, self._keys, block, kind, shares)

    def sizes(self, target: int) -> list[int]:
        """Slots of each block: the target, or more where rows of multi-label tasks count in several cells."""
        several = self._set_slots(target)
        return [len(several[number].sets) if number in several else target for number in range(len(self.blocks))]

    def _set_slots(self, target: int) -> Mapping[int, SetSlots]:
        """Slots of the blocks in which each label of multi-label tasks has a cell, by the block's number."""
        if target not in self._set_slots_of:
            found = {}
            for number, tasks in enumerate(self.blocks.values() if "label" in self._sampling.block_columns else ()):
                own = {place: self._several[place] for place in tasks if place in self._several}
                if own:
                    weights, key = [self._weight(place) for place in own], int(self._keys[number])
                    found[number] = set_slots(own, weights, key, target, is_exact=self._is_exact)
            self._set_slots_of[target] = found
        return self._set_slots_of[target]

    def _label_sets(self, target: int, kind: Ints) -> Any:
        """Code of the label set of each slot; None for an open label set."""
        block, several = self._blocks_of(target), self._set_slots(target)
        labels = [next(iter(own.options["label"])) for own in self._kinds]
        codes = np.array([None if label is None else label_set_code([label]) for label in labels], object)[kind]
        task = np.array([own.task for own in self._kinds])[kind]
        is_several = np.isin(task, [*self._several])
        pairs, stream = np.unique(block[is_several] * len(self._tasks) + task[is_several], return_inverse=True)
        rows = np.flatnonzero(is_several)
        for number, pair in enumerate(pairs.tolist()):
            own, (of_block, of_task) = rows[stream == number], divmod(pair, len(self._tasks))
            if of_block in several:
                sets = [
                    own
                    for own, place in zip(several[of_block].sets, several[of_block].task, strict=True)
                    if place == of_task
                ]
            else:
                key = int(self._keys[of_block])
                sets = drawn_sets(self._several[of_task], key, len(own), is_exact=self._is_exact)
            codes[own] = [label_set_code(labels) for labels in sets]
        return codes

    @cached_property
    def _keys(self) -> Keys:
        """Key of each block's draws."""
        return np.array([key64(self._seed, "quota", canonical_json(cell)) for cell in self.blocks], np.uint64)

    def _blocks_of(self, target: int) -> Ints:
        return np.repeat(np.arange(len(self.blocks), dtype=np.int32), self.sizes(target))

    def mix_off(self, target: int) -> Iterator[MixOff]:
        """Values whose share of all slots is off by more than `_MOST_OFF` of it, the worst of each column.

        Each block is within one row of its shares; many small blocks together may be further off.
        """
        table, kinds = self.table(target), self._kinds_of(target)
        for name in self.columns:
            if name in (*_OF_TASK, *_OF_LABELS, LABELS, *self._sampling.block_columns):
                continue
            shares = [self._shares(name, kind.options[name]) for kind in self._kinds]
            wanted: defaultdict[Any, Fraction] = defaultdict(Fraction)
            for kind, slots in zip(*np.unique(kinds, return_counts=True), strict=True):
                for value, share in shares[kind].items():
                    wanted[value] += share * int(slots)
            rows = Counter(plain(table[name]))  # None too: slots of tasks that lack the attribute
            off = {value: abs(rows[value] / float(share) - 1) for value, share in wanted.items()}
            worst = max(off, key=lambda value: off[value])
            if off[worst] > _MOST_OFF and abs(rows[worst] - float(wanted[worst])) > 1:
                multiple = lcm(*(share.denominator for own in shares for share in own.values()))
                yield MixOff(name, worst, rows[worst], float(wanted[worst]), len(table), multiple)

    def _shares(self, name: str, odds: _Options) -> _Options:
        weights = self._sampling.proportions.get(name)
        if weights is None or len(odds) == 1:
            return odds
        return shares_of({value: weights[value] for value in odds if value is not None})

    def _kinds_of(self, target: int) -> Ints:
        """Kind of row of each slot: tasks take turns by weight, labels are apportioned within block and task."""
        block = self._blocks_of(target)
        task = np.empty(len(block), np.int32)
        several, ends = self._set_slots(target), np.cumsum(self.sizes(target))
        for number, (tasks, end) in enumerate(zip(self.blocks.values(), ends.tolist(), strict=True)):
            places, weights = np.array([*tasks]), np.array([self._weight(place) for place in tasks])
            if number in several:
                task[end - len(several[number].task) : end] = several[number].task
            else:
                task[end - target : end] = places[deal(weights, target)[0]] if len(places) > 1 else places
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
    choices = choices_of(task, label, sampling)
    choice = choices.get(name)
    if choice is None and name not in ATTRIBUTES:
        return {None: one}
    return marginal_weights(name, choices) if parent_of(choice) else shares_of_choice(name, canonical_json(choice))
