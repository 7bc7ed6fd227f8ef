"""Rows of tasks as columns of codes: drawn for many tasks at once, deduplicated, and made a table at the end."""

from collections.abc import Sequence
from hashlib import blake2b
from itertools import chain
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from synthetic_textcat.pipelines.attribute_sampling.choices import Codes, TaskChoices
from synthetic_textcat.pipelines.attribute_sampling.deduplicate_plan import (
    MOST_ROWS,
    REACH,
    Movable,
    combinations_of,
    swap_duplicates,
)
from synthetic_textcat.pipelines.attribute_sampling.draws import Ints, Keys, hash64, ranges
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES, REQUESTS, with_own
from synthetic_textcat.schemas.tasks import task_from_row

_AT_ONCE = 200_000  # rows that are drawn at once, in whole tasks
_IDS_AT_ONCE = 50_000
_LABELS = ("label", "misleading_label")
_MADE = ("request_id", "replicate", "seed")
_MOVABLE = ("misleading_label", *reversed(ATTRIBUTES))
_ID_BYTES = 10
_HEX = np.frombuffer(bytes(range(256)).hex().encode(), np.uint16)  # two characters for each byte


class TaskRows:
    """The first rows of tasks.

    Rows that would be planned alike swap values, see `deduplicate_plan`: the four attributes and the misleading label
    by one another, an own attribute by these and itself. So a new attribute of the user's alters no other one.

    Args:
        tasks: The tasks, as in the table `tasks`.
        counts: Rows of each.
        sampling, own: The parameters, and the names of all own attributes of the plan.
        seed: The project's.
    """

    def __init__(
        self, tasks: pd.DataFrame, counts: Ints, sampling: AttributeSamplingParameters, own: Sequence[str], seed: int
    ) -> None:
        self._ids, self._sentences, self._seed = tasks["task_id"].tolist(), tasks["task"].tolist(), seed
        self._dtypes = with_own(REQUESTS, own)
        self.task = np.repeat(np.arange(len(tasks), dtype=np.int32), counts)
        self.replicate = ranges(counts)
        drawn_columns = (*ATTRIBUTES, *own, *_LABELS)
        self._codes: Codes = dict(
            zip(drawn_columns, np.empty((len(drawn_columns), len(self.task)), np.int16), strict=True)
        )
        self._names: dict[str, list[str]] = {name: [] for name in (*ATTRIBUTES, *own)}
        labels = [sorted(label["name"] for label in of_task) for of_task in tasks["labels"]]
        self._names |= dict.fromkeys(_LABELS, list(chain.from_iterable(labels)))
        first_label = np.cumsum([0, *map(len, labels)])
        keys = np.array([hash64(seed, task_id) for task_id in self._ids], np.uint64)
        starts = np.cumsum(counts) - counts
        for members in _alike(tasks["attributes"], labels):
            row = cast("dict[str, Any]", tasks.iloc[members[0]].to_dict())
            choices = TaskChoices(task_from_row(row), sampling, own)
            before = dict.fromkeys(_LABELS, 0) | {name: len(self._names[name]) for name in (*ATTRIBUTES, *own)}
            for name in (*ATTRIBUTES, *own):
                self._names[name] += choices.names(name)
            for part in _portions(members, counts):
                drawn = _deduplicated(choices, keys[part], counts[part], own, sampling.balance == "exact")
                places = np.repeat(starts[part], counts[part]) + ranges(counts[part])
                for name, codes in drawn.items():
                    if len(self._names[name]) > np.iinfo(np.int16).max and self._codes[name].dtype == np.int16:
                        self._codes[name] = self._codes[name].astype(np.int32)
                    shift = first_label[part].repeat(counts[part]) if name in _LABELS else before[name]
                    self._codes[name][places] = np.where(codes < 0, -1, codes + shift)

    def values(self, column: str, rows: Ints) -> pa.ChunkedArray:
        """The texts of a column for some rows."""
        if column in ("task_id", "task"):
            texts, codes = self._ids if column == "task_id" else self._sentences, self.task
        else:
            texts, codes = self._names[column], self._codes[column]
        known = pa.array(texts, pa.large_string())
        return pa.chunked_array([known.take(pa.array(codes[part], mask=codes[part] < 0)) for part in _parts(rows)])

    def table(self, rows: Ints) -> pd.DataFrame:
        """Some of the rows, in this order, as columns of `requests`. The id is `short_id(seed, task_id, replicate)`."""
        columns: dict[str, Any] = {name: self.values(name, rows) for name in self._dtypes if name not in _MADE}
        columns |= {"replicate": self.replicate[rows], "seed": np.empty(len(rows), np.int32)}
        ids, done = [], 0
        for part in _parts(rows, _IDS_AT_ONCE):
            digests = self._digests(part)
            ends = pa.array(np.arange(0, 2 * digests.size + 1, 2 * _ID_BYTES))
            ids.append(pa.LargeStringArray.from_buffers(len(part), ends.buffers()[1], pa.py_buffer(_HEX[digests])))
            columns["seed"][done : done + len(part)] = digests[:, :4].copy().view(">u4")[:, 0] >> 1
            done += len(part)
        columns["request_id"] = pa.chunked_array(ids, pa.large_string())
        return pa.table({name: columns[name] for name in self._dtypes}).to_pandas().astype(self._dtypes)

    def _digests(self, rows: Ints) -> Ints:
        """The bytes of request ids. Rows of one task go on from a copy of one hash, which is quicker."""
        order, digests = np.argsort(self.task[rows], kind="stable"), np.empty((len(rows), _ID_BYTES), np.uint8)
        last, of_task, hashed = -1, blake2b(), []
        for task, replicate in zip(self.task[rows[order]].tolist(), self.replicate[rows[order]].tolist(), strict=True):
            if task != last:
                last, of_task = task, blake2b(f"{self._seed}\x1f{self._ids[task]}\x1f".encode(), digest_size=_ID_BYTES)
            each = of_task.copy()
            each.update(b"%d" % replicate)
            hashed.append(each.digest())
        digests[order] = np.frombuffer(b"".join(hashed), np.uint8).reshape(-1, _ID_BYTES)
        return digests


def _parts(rows: Ints, size: int = _AT_ONCE) -> list[Ints]:
    return np.split(rows, range(size, len(rows), size))


def _alike(attributes: "pd.Series[str]", labels: Sequence[Sequence[str]]) -> list[Ints]:
    """The places of tasks with the same choices and as many labels."""
    alike: dict[tuple[str, object], list[int]] = {}
    for place, (text, names) in enumerate(zip(attributes.tolist(), labels, strict=True)):
        alike.setdefault((text, tuple(names) if '"labels"' in text else len(names)), []).append(place)
    return [np.array(places) for places in alike.values()]


def _portions(members: Ints, counts: Ints) -> list[Ints]:
    rows = np.cumsum(counts[members])
    return [part for part in np.split(members, np.flatnonzero(np.diff(rows // _AT_ONCE)) + 1) if counts[part].any()]


def _deduplicated(choices: TaskChoices, keys: Keys, counts: Ints, own: Sequence[str], is_exact: bool) -> Codes:
    """The codes of tasks with the same choices; tasks with repeated rows are drawn a little further, to swap values."""
    codes = choices.draw(keys, counts)
    if not is_exact:
        return codes
    task, replicate = np.repeat(np.arange(len(keys)), counts), ranges(counts)
    first = np.flatnonzero(replicate < MOST_ROWS)
    columns = (values[first] for values in (task, codes["label"], *(codes[name] for name in _MOVABLE)))
    seen = np.unique(combinations_of(columns, len(first)), return_index=True)[1]
    open_ = np.unique(np.delete(task[first], seen))
    if not open_.size:
        return codes
    within = np.minimum(counts[open_], MOST_ROWS)
    drawn = choices.draw(keys[open_], within + REACH)
    _swap(choices, drawn, within, ["label"], list(_MOVABLE))
    for name in own:
        _swap(choices, drawn, within, ["label", *_MOVABLE], [name])
    changed = np.minimum(counts[open_], within + REACH)
    starts, further = np.cumsum(counts) - counts, np.cumsum(within + REACH) - within - REACH
    for name in (*_MOVABLE, *own):
        codes[name][np.repeat(starts[open_], changed) + ranges(changed)] = drawn[name][
            np.repeat(further, changed) + ranges(changed)
        ]
    return codes


def _swap(choices: TaskChoices, codes: Codes, rows: Ints, fixed: Sequence[str], movable: Sequence[str]) -> None:
    """Swaps values of movable columns within each task, in place. Each task has `REACH` further rows."""
    counts = rows + REACH
    task, ends = np.repeat(np.arange(len(rows)), counts), np.cumsum(counts)
    columns = {}
    for name in movable:
        groups, sizes = choices.equal_weight_groups(name, codes)
        family = combinations_of(iter((task, groups)), len(task))
        order = np.argsort(family, kind="stable")
        turns = np.empty_like(order)
        turns[order] = ranges(np.unique(family, return_counts=True)[1])
        columns[name] = (codes[name], combinations_of(iter((family, turns // sizes)), len(task)), groups, sizes)
    for start, end, number in zip(ends - counts, ends, rows.tolist(), strict=True):
        own = [Movable(*(values[start:end].tolist() for values in columns[name])) for name in movable]
        swap_duplicates([codes[name][start:end].tolist() for name in fixed], own, number)
        for name, column in zip(movable, own, strict=True):
            codes[name][start:end] = column.values
