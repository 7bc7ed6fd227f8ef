"""Rows of tasks as columns of integer codes, drawn for many tasks at once, and the table made from them."""

from collections.abc import Sequence
from itertools import chain, groupby
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from synthetic_textcat.hashing import key64, short_id_bytes
from synthetic_textcat.pipelines.attribute_sampling.choices import Codes, TaskChoices
from synthetic_textcat.pipelines.attribute_sampling.deduplicate_plan import draw_distinct
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, ranges
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES, REQUESTS, with_own
from synthetic_textcat.schemas.tasks import task_from_row

_AT_ONCE, _IDS_AT_ONCE = 200_000, 50_000  # rows
_LABELS = ("label", "misleading_label")
_ID_BYTES = 10
_HEX = np.frombuffer(bytes(range(256)).hex().encode(), np.uint16)  # two characters for each byte


class TaskRows:
    """The first rows of tasks, task by task.

    Args:
        tasks: The tasks, as in the table `tasks`.
        counts: Rows of each.
        sampling, own: The parameters, and the names of all own attributes of the plan.
        seed: The project's.
    """

    def __init__(
        self, tasks: pd.DataFrame, counts: Ints, sampling: AttributeSamplingParameters, own: Sequence[str], seed: int
    ) -> None:
        self._seed, self._dtypes, attributes = seed, with_own(REQUESTS, own), (*ATTRIBUTES, *own)
        self._task, self._replicate = np.repeat(np.arange(len(tasks), dtype=np.int32), counts), ranges(counts)
        labels = [sorted(label["name"] for label in of_task) for of_task in tasks["labels"]]
        first_label, starts = np.cumsum([0, *map(len, labels)]), np.cumsum(counts) - counts
        self._names: dict[str, list[str]] = {name: tasks[name].tolist() for name in ("task_id", "task")}
        self._names |= {name: [] for name in attributes} | {name: list(chain.from_iterable(labels)) for name in _LABELS}
        small = np.empty((len(self._names), len(self._task)), np.int16)
        self._codes: Codes = dict(zip(self._names, small, strict=True)) | {"task_id": self._task, "task": self._task}
        keys = np.array([key64(seed, task_id) for task_id in self._names["task_id"]], np.uint64)
        for members in _alike(tasks["attributes"], labels):
            choices = TaskChoices(
                task_from_row(cast("dict[str, Any]", tasks.iloc[members[0]].to_dict())), sampling, own
            )
            before = {name: len(self._names[name]) for name in attributes}
            for name in attributes:
                self._names[name] += choices.names(name)
            for part in np.split(members, np.flatnonzero(np.diff(np.cumsum(counts[members]) // _AT_ONCE)) + 1):
                is_exact, of_part = sampling.balance == "exact", (keys[part], counts[part])
                drawn = draw_distinct(choices, *of_part, own) if is_exact else choices.draw(*of_part)
                places = np.repeat(starts[part], counts[part]) + ranges(counts[part])
                for name, codes in drawn.items():
                    shift = first_label[part].repeat(counts[part]) if name in _LABELS else before[name]
                    if len(self._names[name]) > np.iinfo(self._codes[name].dtype).max:
                        self._codes[name] = self._codes[name].astype(np.int32)
                    self._codes[name][places] = np.where(codes < 0, -1, codes + shift)

    def values(self, column: str, rows: Ints | slice = slice(None)) -> pa.ChunkedArray:
        """The texts of a column for some rows."""
        names, codes = pa.array(self._names[column], pa.large_string()), self._codes[column][rows]
        return pa.chunked_array([names.take(pa.array(part, mask=part < 0)) for part in _parts(codes, _AT_ONCE)])

    def codes(self, column: str, vocabulary: Sequence[str | None]) -> Ints:
        """Number of each row's value in a vocabulary, -1 for a value that is not in it."""
        numbers = {value: number for number, value in enumerate(vocabulary)}
        of_code = np.array([numbers.get(name, -1) for name in (*self._names[column], None)], np.int32)  # -1 is None
        return of_code[self._codes[column]]

    def table(self, rows: Ints) -> pd.DataFrame:
        """Some of the rows, in this order, as columns of `requests`. The seed is the first 31 bits of the id."""
        columns: dict[str, Any] = {name: self.values(name, rows) for name in self._dtypes if name in self._names}
        ids, seeds = [], []
        for part in _parts(rows, _IDS_AT_ONCE):
            digests = self._digests(part)
            ends = pa.array(np.arange(0, 2 * digests.size + 1, 2 * _ID_BYTES))
            ids.append(pa.LargeStringArray.from_buffers(len(part), ends.buffers()[1], pa.py_buffer(_HEX[digests])))
            seeds.append((digests[:, :4].copy().view(">u4")[:, 0] >> 1).astype(np.int32))
        columns["request_id"] = pa.chunked_array(ids, pa.large_string())
        columns |= {"replicate": self._replicate[rows], "seed": np.concatenate(seeds)}
        table: pd.DataFrame = pa.table({name: columns[name] for name in self._dtypes}).to_pandas()
        return table.astype(self._dtypes)

    def _digests(self, rows: Ints) -> Ints:
        """Bytes of request ids, which are `short_id(seed, task_id, replicate)`."""
        tasks, replicates, ids = self._task[rows], self._replicate[rows], self._names["task_id"]
        order, digests = np.argsort(tasks, kind="stable"), np.empty((len(rows), _ID_BYTES), np.uint8)
        pairs = groupby(zip(tasks[order].tolist(), replicates[order].tolist(), strict=True), key=lambda pair: pair[0])
        hashed = (short_id_bytes((self._seed, ids[task]), (number for _, number in own)) for task, own in pairs)
        digests[order] = np.frombuffer(b"".join(chain.from_iterable(hashed)), np.uint8).reshape(-1, _ID_BYTES)
        return digests


def _parts(rows: Ints, size: int) -> list[Ints]:
    return np.split(rows, range(size, len(rows), size))


def _alike(attributes: "pd.Series[str]", labels: Sequence[Sequence[str]]) -> list[Ints]:
    """Positions of tasks with the same choices and the same number of labels."""
    alike: dict[tuple[str, object], list[int]] = {}
    for place, (text, names) in enumerate(zip(attributes.tolist(), labels, strict=True)):
        alike.setdefault((text, tuple(names) if '"labels"' in text else len(names)), []).append(place)
    return [np.array(places) for places in alike.values()]
