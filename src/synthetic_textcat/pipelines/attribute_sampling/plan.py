"""Plan of rows: allocation of rows to tasks, drawn attributes, and counts of repeated prompts."""

import json
from collections.abc import Sequence
from itertools import chain, groupby
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from synthetic_textcat.hashing import key64, short_id_bytes
from synthetic_textcat.pipelines.attribute_sampling.choices import Codes, TaskChoices
from synthetic_textcat.pipelines.attribute_sampling.deduplicate_plan import combinations_of, draw_distinct
from synthetic_textcat.pipelines.attribute_sampling.label_odds import odds_of_group
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, ranges
from synthetic_textcat.schemas.attributes import names_in_order
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES, REQUESTS, with_own
from synthetic_textcat.schemas.seed_examples import planned_alike, texts_shown
from synthetic_textcat.schemas.tasks import task_from_row, tasks_of

_AT_ONCE, _IDS_AT_ONCE = 200_000, 50_000  # rows
_LABELS = ("label", "misleading_label")
_ID_BYTES = 10
_HEX = np.frombuffer(bytes(range(256)).hex().encode(), np.uint16)  # two characters for each byte
PlanReport = dict[str, int]


def plan_rows(tasks: pd.DataFrame, sampling: AttributeSamplingParameters, seed: int) -> pd.DataFrame:
    """The plan, columns `REQUESTS` with own attributes after `num_words`.

    Tasks take their turns in the order of their ids, so that the order of the file moves no row; a longer plan begins
    with the shorter one.
    """
    tasks = by_id(tasks)
    task, replicate = deal(tasks["weight"].to_numpy(), sampling.num_examples)
    counts = np.bincount(task, minlength=len(tasks))
    places = (np.cumsum(counts) - counts).astype(np.int32)[task] + replicate
    del task, replicate
    return TaskRows(tasks, counts, sampling, own_attributes(tasks, sampling), seed).table(places)


def deal(weights: Ints, rows: int) -> tuple[Ints, Ints]:
    """The task of each row in order, and the row's number within it: rows go to the task furthest behind its weight.

    Replicate r of a task of weight w stands at (2r + 1) / w, ties by the tasks' order: Sainte-Lague's rule. So a longer
    plan begins with the shorter one, and tasks of equal weights get the same number to within one.
    """
    reach = (2 * rows + len(weights)) / weights.sum()  # up to here there are as many rows at least
    counts = np.floor((reach * weights + 1) / 2).astype(np.int64) + 1
    task, replicate = np.repeat(np.arange(len(weights), dtype=np.int32), counts), ranges(counts)
    order = np.lexsort((task, (2 * replicate + 1) / weights[task]))[:rows]
    return task[order], replicate[order]


def by_id(tasks: pd.DataFrame) -> pd.DataFrame:
    """The tasks in the order of the plan."""
    return tasks.sort_values("task_id", ignore_index=True)


def own_attributes(tasks: pd.DataFrame, sampling: AttributeSamplingParameters) -> tuple[str, ...]:
    """The names of all own attributes: of the parameters, the tasks and their labels."""
    choices = [json.loads(text) for text in tasks["attributes"].unique()]
    of_labels = [label for task in choices for label in task.get("labels", {}).values()]
    return names_in_order(sampling.extra, [choice.get("extra", {}) for choice in (*choices, *of_labels)])


def report_on(requests: pd.DataFrame, tasks: pd.DataFrame, num_seed_examples: int) -> PlanReport:
    """Counts of the plan, in rows.

    Args:
        requests: The plan.
        tasks: Its tasks.
        num_seed_examples: How many a prompt shows.

    Returns:
        `plan/rows`; `plan/tasks`, those that have a row; `plan/repeated_prompts`, the rows whose prompt is that of an
        earlier row, since task, attributes, labels and seed examples are the same.
    """
    shown = np.full(len(requests), -1, np.int32)
    for task in tasks_of(tasks[tasks["seed_examples"].map(len) > 0]):
        rows = np.flatnonzero(requests["task_id"] == task.task_id)
        own = requests.iloc[rows]
        shown[rows] = pd.factorize(own["request_id"].map(texts_shown(own, [task], num_seed_examples)))[0]
    columns = (_encoded(requests[name]) for name in ("task_id", *planned_alike(requests)))
    prompts = combinations_of(chain([shown] if (shown >= 0).any() else [], columns), len(requests))
    prompts.sort()
    return {
        "plan/rows": len(requests),
        "plan/tasks": int(requests["task_id"].nunique()),
        "plan/repeated_prompts": int((prompts[1:] == prompts[:-1]).sum()),
    }


def _encoded(column: "pd.Series[str]") -> Ints:
    """The number of each value among the distinct ones, -1 for none; takes half the memory of `pandas.factorize`."""
    encoded = pa.Table.from_pandas(column.to_frame(), preserve_index=False)[0].dictionary_encode()
    return np.concatenate([chunk.indices.fill_null(-1).to_numpy() for chunk in encoded.chunks])


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
            task = task_from_row(cast("dict[str, Any]", tasks.iloc[members[0]].to_dict()))
            misleading = odds_of_group(task, tasks["labels"].iloc[members], sampling.misleading_label)
            choices = TaskChoices(task, keys[members], misleading, sampling, own)
            before = {name: len(self._names[name]) for name in attributes}
            for name in attributes:
                self._names[name] += choices.names(name)
            numbers = np.arange(len(members))
            for own_numbers in np.split(numbers, np.flatnonzero(np.diff(np.cumsum(counts[members]) // _AT_ONCE)) + 1):
                part = members[own_numbers]
                is_exact, of_part = sampling.balance == "exact", (own_numbers, counts[part])
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
        alike.setdefault(
            (text, tuple(names) if '"labels"' in text or '"confusable"' in text else len(names)), []
        ).append(place)
    return [np.array(places) for places in alike.values()]
