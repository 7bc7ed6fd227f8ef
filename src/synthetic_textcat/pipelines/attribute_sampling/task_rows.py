"""Rows of tasks: attributes drawn as codes of two to four bytes, and made into columns of the plan batch by batch."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from itertools import chain, groupby
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from synthetic_textcat.hashing import key64, short_id_bytes
from synthetic_textcat.pipelines.attribute_sampling.choices import TaskChoices
from synthetic_textcat.pipelines.attribute_sampling.deduplicate_plan import draw_distinct
from synthetic_textcat.pipelines.attribute_sampling.label_odds import odds_of_group, set_odds_of_group
from synthetic_textcat.pipelines.attribute_sampling.one_label import OneLabel
from synthetic_textcat.pipelines.attribute_sampling.several_labels import SeveralLabels, labels_by_name
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, ranges
from synthetic_textcat.pipelines.attribute_sampling.values import Codes
from synthetic_textcat.schemas.label_sets import LABELS, LABELS_DTYPE, has_multi_label, label_set_code, labels_column
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES, REQUESTS, with_own
from synthetic_textcat.schemas.tasks import Task, task_from_row

_AT_ONCE = 200_000  # rows drawn at once, but at least those of a task
_SETS_AT_ONCE = 1_000_000  # label sets are drawn row by row, for all tasks at once
_MOST_SMALL = np.iinfo(np.int16).max
_LABELS = ("label", "misleading_label")
_OF_LABEL_NAMES = ('"labels"', '"confusable"', '"together"')  # keys of choices that name labels
_DIGEST_COLUMNS = ("request_id", "seed")
_ID_BYTES = 10
_HEX = np.frombuffer(bytes(range(256)).hex().encode(), np.uint16)  # two characters for each byte


class TaskRows:
    """The first rows of tasks, task by task: for each row some 12 bytes of codes are held.

    Args:
        tasks: The tasks, as in the table `tasks`.
        counts: Rows of each.
        sampling, own: The parameters, and the names of all own attributes of the plan.
        seed: The project's.

    Attributes:
        dtypes: Name and dtype of each column.
    """

    def __init__(
        self, tasks: pd.DataFrame, counts: Ints, sampling: AttributeSamplingParameters, own: Sequence[str], seed: int
    ) -> None:
        self.dtypes, attributes = with_own(REQUESTS, own), (*ATTRIBUTES, *own)
        self._seed, self._counts, self._ends = seed, counts, np.cumsum(counts)
        self._numbers: tuple[Ints, Ints] | None = None
        labels = [sorted(label["name"] for label in of_task) for of_task in tasks["labels"]]
        first_label, starts = np.cumsum([0, *map(len, labels)]), self._ends - counts
        names: dict[str, list[str]] = {name: [] for name in attributes}
        names |= {name: list(chain.from_iterable(labels)) for name in _LABELS}
        self._set_names, rows = _SetNames(tasks["labels"], labels), int(counts.sum())
        self._codes: Codes = {
            name: np.empty(rows, np.int32 if len(own_names) > _MOST_SMALL else np.int16)
            for name, own_names in names.items()
        }
        if has_multi_label(tasks):
            self._codes["label_set"] = np.full(rows, -1, np.int32)
        keys = np.array([key64(seed, task_id) for task_id in tasks["task_id"]], np.uint64)
        for members in _alike(tasks["attributes"], labels):
            task = task_from_row(cast("dict[str, Any]", tasks.iloc[members[0]].to_dict()))
            of_labels = _labels_of(task, tasks["labels"].iloc[members], sampling)
            choices = TaskChoices(task, keys[members], of_labels, sampling, own)
            at_once = _SETS_AT_ONCE if task.task_type == "multi_label" else _AT_ONCE
            before = {name: len(names[name]) for name in attributes}
            for name in attributes:
                names[name] += choices.names(name)
                if len(names[name]) > _MOST_SMALL:
                    self._codes[name] = self._codes[name].astype(np.int32, copy=False)
            numbers = np.arange(len(members))
            for own_numbers in np.split(numbers, np.flatnonzero(np.diff(np.cumsum(counts[members]) // at_once)) + 1):
                part = members[own_numbers]
                is_exact, of_part = sampling.balance == "exact", (own_numbers, counts[part])
                drawn = draw_distinct(choices, *of_part, own) if is_exact else choices.draw(*of_part)
                places = np.repeat(starts[part], counts[part]) + ranges(counts[part])
                for name, codes in drawn.items():
                    if name == "label_set":
                        continue
                    shift = first_label[part].repeat(counts[part]) if name in _LABELS else before[name]
                    self._codes[name][places] = np.where(codes < 0, -1, codes + shift)
                if isinstance(of_labels, SeveralLabels):
                    self._codes["label_set"][places] = drawn["label_set"] + self._set_names.size
            if isinstance(of_labels, SeveralLabels):
                self._set_names.add(of_labels.sets)
        of_tasks = {name: tasks[name] for name in ("task_id", "task")}
        self._names = {name: pa.array(texts, pa.large_string()) for name, texts in {**names, **of_tasks}.items()}

    def codes(self, column: str, vocabulary: Sequence[str | None]) -> Ints:
        """Number of each row's value in a vocabulary, -1 for a value that is not in it."""
        numbers = {value: number for number, value in enumerate(vocabulary)}
        if column == LABELS:
            task = np.arange(len(self._counts), dtype=np.int32).repeat(self._counts)
            return self._set_names.numbers(self._codes["label"], self._codes["label_set"], task, numbers)
        names = (*self._names[column].to_pylist(), None)  # -1 is None
        of_code = np.array([numbers.get(name, -1) for name in names], np.int32)
        return of_code[self._codes[column]] if column in self._codes else of_code[:-1].repeat(self._counts)

    def only(self, rows: Ints) -> "TaskRows":
        """Some rows, by their places, of which the new place is that in `rows`: 20 bytes each, without the others."""
        task, replicate = self._numbers_of(rows)
        codes = {name: of[rows] for name, of in self._codes.items()}
        chosen = copy(self)
        vars(chosen).update(_codes=codes, _numbers=(task.astype(np.int32), replicate.astype(np.int32)))
        return chosen

    def _numbers_of(self, rows: Ints) -> tuple[Ints, Ints]:
        """Number of each row's task, and of the row within it."""
        if self._numbers is not None:
            return self._numbers[0][rows], self._numbers[1][rows]
        task = np.searchsorted(self._ends, rows, side="right")
        return task, rows - (self._ends - self._counts)[task]

    def frame(self, rows: Ints, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Some rows, by their places among all, as columns of `requests`. The seed is the first 31 bits of the id."""
        wanted = list(self.dtypes) if columns is None else list(columns)
        task, replicate = self._numbers_of(rows)
        found: dict[str, Any] = {"replicate": replicate.astype(np.int64)}
        for name in (name for name in wanted if name in self._names):
            codes = self._codes[name][rows] if name in self._codes else task
            found[name] = self._names[name].take(pa.array(codes, mask=codes < 0))
        if not {*_DIGEST_COLUMNS}.isdisjoint(wanted):
            digests = self._digests(task, replicate)
            ends = pa.array(np.arange(0, 2 * digests.size + 1, 2 * _ID_BYTES))
            texts = ends.buffers()[1], pa.py_buffer(_HEX[digests])
            found["request_id"] = pa.LargeStringArray.from_buffers(len(rows), *texts)
            found["seed"] = (digests[:, :4].copy().view(">u4")[:, 0] >> 1).astype(np.int64)
        table: pd.DataFrame = pa.table({name: found[name] for name in wanted if name in found}).to_pandas()
        if LABELS in wanted:
            table[LABELS] = self._labels(rows, task)
        return table[wanted]

    def _labels(self, rows: Ints, task: Ints) -> "pd.Series[Any]":
        """Label set of each row."""
        label = self._codes["label"][rows]
        if "label_set" not in self._codes:
            return self._set_names.of_labels(label)
        return self._set_names.of_sets(label, self._codes["label_set"][rows], task)

    def _digests(self, tasks: Ints, replicates: Ints) -> Ints:
        """Bytes of request ids, which are `short_id(seed, task_id, replicate)`."""
        order, digests = np.argsort(tasks, kind="stable"), np.empty((len(tasks), _ID_BYTES), np.uint8)
        own_tasks, number = np.unique(tasks, return_inverse=True)
        ids = self._names["task_id"].take(pa.array(own_tasks)).to_pylist()
        pairs = groupby(zip(number[order].tolist(), replicates[order].tolist(), strict=True), key=lambda pair: pair[0])
        hashed = (short_id_bytes((self._seed, ids[task]), (number for _, number in own)) for task, own in pairs)
        digests[order] = np.frombuffer(b"".join(chain.from_iterable(hashed)), np.uint8).reshape(-1, _ID_BYTES)
        return digests


class _SetNames:
    """Names of the labels of sets, in the order of the task's file.

    Args:
        of_tasks: Labels of each task, in the order of the file.
        by_name: Their names, sorted.
    """

    def __init__(self, of_tasks: Iterable[Any], by_name: Sequence[Sequence[str]]) -> None:
        self._single = labels_column([*((name,) for name in chain.from_iterable(by_name)), None]).to_numpy()
        self._in_file = [[label["name"] for label in labels] for labels in of_tasks]
        self._by_name = by_name
        self._sets: list[tuple[int, ...]] = []

    @property
    def size(self) -> int:
        """Number of sets."""
        return len(self._sets)

    def add(self, sets: Iterable[tuple[int, ...]]) -> None:
        """Adds sets of numbers of labels, which are sorted by name."""
        self._sets += sets

    def of_labels(self, label: Ints) -> "pd.Series[Any]":
        """The set of each single label, by its number among all labels; None for none."""
        return pd.Series(self._single[label], dtype=LABELS_DTYPE)

    def numbers(self, label: Ints, label_set: Ints, task: Ints, numbers: Mapping[str | None, int]) -> Ints:
        """Number of each row's set, by its code; -1 for others."""
        of_single = [numbers.get(label_set_code(own) if own else None, -1) for own in self._single]
        found = np.array(of_single, np.int32)[label]
        several = np.flatnonzero(label_set >= 0)
        pairs, number = np.unique(task[several] * np.int64(self.size) + label_set[several], return_inverse=True)
        sets = (self._named(*divmod(pair, self.size)) for pair in pairs.tolist())
        found[several] = np.array([numbers.get(label_set_code(own), -1) for own in sets], np.int32)[number]
        return found

    def of_sets(self, label: Ints, label_set: Ints, task: Ints) -> "pd.Series[Any]":
        """The set of each row, by its number, or by that of the row's single label."""
        found = self._single[label]
        several = np.flatnonzero(label_set >= 0)
        pairs, number = np.unique(task[several] * np.int64(self.size) + label_set[several], return_inverse=True)
        sets = [self._named(*divmod(pair, self.size)) for pair in pairs.tolist()]
        found[several] = labels_column(sets, number).to_numpy()
        return pd.Series(found, dtype=LABELS_DTYPE)

    def _named(self, task: int, number: int) -> tuple[str, ...]:
        names, order = self._by_name[task], self._in_file[task]
        return tuple(sorted((names[label] for label in self._sets[number]), key=order.index))


def _labels_of(task: Task, labels: "pd.Series[Any]", sampling: AttributeSamplingParameters) -> OneLabel | SeveralLabels:
    """Draws of the labels of tasks like this one."""
    is_exact, setting = sampling.balance == "exact", sampling.misleading_label
    if task.task_type == "multi_label":
        return SeveralLabels(task, set_odds_of_group(task, labels, setting), len(labels), is_exact=is_exact)
    weights, odds = [label.weight for label in labels_by_name(task)], odds_of_group(task, labels, setting)
    return OneLabel(weights, odds, len(labels), is_exact=is_exact)


def _alike(attributes: "pd.Series[str]", labels: Sequence[Sequence[str]]) -> list[Ints]:
    """Positions of tasks with the same choices and the same number of labels."""
    alike: dict[tuple[str, object], list[int]] = {}
    for place, (text, names) in enumerate(zip(attributes.tolist(), labels, strict=True)):
        has_names = any(key in text for key in _OF_LABEL_NAMES)
        alike.setdefault((text, tuple(names) if has_names else len(names)), []).append(place)
    return [np.array(places) for places in alike.values()]
