"""Rotation of seed examples over a task's rows; rows with equal attributes get different examples."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice, permutations
from math import perm
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.schemas.label_sets import LABELS, labels_of
from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of, plain
from synthetic_textcat.schemas.task_table import as_task_table
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowTable, as_table

OfLabel = str | tuple[str, ...] | None
"""A row's label, or its label set in a task with several labels a text; None for an open label set."""


def pool_of(task: Task, label: OfLabel) -> list[str]:
    """The texts that a row may show: those with its label or without a label; all texts if there are none.

    Of several labels: those with exactly these, else with one of them.
    """
    if isinstance(label, tuple):
        return _pool_of_set(task, frozenset(label))
    fitting = [example.text for example in task.seed_examples if example.label in (label, None)]
    return fitting if label is not None and fitting else [example.text for example in task.seed_examples]


def _pool_of_set(task: Task, labels: frozenset[str]) -> list[str]:
    sets = [None if (own := example.label_set) is None else frozenset(own) for example in task.seed_examples]
    texts = [example.text for example in task.seed_examples]
    for fits in (labels.__eq__, labels.intersection):
        found = [text for text, own in zip(texts, sets, strict=True) if own is None or fits(own)]
        if any(own is not None and fits(own) for own in sets):
            return found
    return [text for text, own in zip(texts, sets, strict=True) if own is None] or texts


def shown(pool: Sequence[str], turn: int, number: int) -> list[str]:
    """A selection of `number` texts of the pool; each turn gives another selection or order until all are used.

    The first rounds of turns start at each text and take the texts after it; later rounds skip some.
    """
    size, number = len(pool), min(number, len(pool))
    round_, first = divmod(turn % perm(size, number), size)
    return [pool[(first + step) % size] for step in (0, *_steps(size, number, round_))]


class SeedTurns:
    """Turns of rows of tasks with seed examples, batch by batch in plan order; the first text is that of the turn.

    Rows of a label start at the texts of its pool in order. A row with the same attributes as an earlier row of its
    task moves on to the next text at which none of them started, and to the next round once all are used.

    Args:
        tasks: Tasks of the plan.
        number: Seed examples per prompt.

    Attributes:
        tasks: Those with seed examples, by id; none if a prompt shows none.
    """

    def __init__(self, tasks: Iterable[Task], number: int) -> None:
        self.tasks = as_task_table(tasks if number else ()).with_seed_examples.by_id
        self._number = number
        self._pools: dict[tuple[str, OfLabel], list[str]] = {}
        self._had: Counter[tuple[str, OfLabel]] = Counter()
        self._taken: dict[tuple[Any, ...], tuple[int, int]] = {}
        self._selections: dict[tuple[str, ...], int] = {}

    def of(self, rows: pd.DataFrame) -> Iterator[tuple[int, int]]:
        """Position in the batch and turn of each of its rows that has one."""
        for position, of_label, alike in self._seeded(rows):
            size = len(self._pool(of_label))
            done, taken = self._taken.get(alike, (0, 0))
            place = self._had[of_label] % size
            while taken >> place & 1:
                place = (place + 1) % size
            taken |= 1 << place
            is_full = taken == (1 << size) - 1
            self._taken[alike] = (done + size, 0) if is_full else (done, taken)
            self._had[of_label] += 1
            yield position, done + place

    def selection(self, of_label: tuple[str, OfLabel], turn: int) -> tuple[str, ...]:
        """The texts of a turn, for rows of a task and label."""
        return tuple(shown(self._pool(of_label), turn, self._number))

    def texts(self, rows: pd.DataFrame) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Position in the batch of each of its rows that has seed examples in its prompt, and these."""
        labels = [of_label for _, of_label, _ in self._seeded(rows)]
        for of_label, (position, turn) in zip(labels, self.of(rows), strict=True):
            yield position, self.selection(of_label, turn)

    def selections(self, rows: pd.DataFrame) -> NDArray[np.int64]:
        """For each row a number of its seed examples, which rows with the same ones share; -1 without any."""
        numbers = np.full(len(rows), -1)
        for position, texts in self.texts(rows):
            numbers[position] = self._selections.setdefault(texts, len(self._selections))
        return numbers

    def _seeded(self, rows: pd.DataFrame) -> Iterator[tuple[int, tuple[str, OfLabel], tuple[Any, ...]]]:
        """Position, task and label, and all attributes of each row with seed examples."""
        if not self.tasks:
            return
        positions = np.flatnonzero(rows["task_id"].isin(list(self.tasks)))
        own = rows.iloc[positions]
        *columns, label = (plain(own[name]) for name in ("task_id", *planned_alike(rows)))
        if LABELS in own and None in label:
            label = [labels if one is None else one for one, labels in zip(label, labels_of(own), strict=True)]
        for position, alike in zip(positions.tolist(), zip(*columns, label, strict=True), strict=True):
            yield position, (alike[0], alike[-1]), alike

    def _pool(self, of_label: tuple[str, OfLabel]) -> list[str]:
        if of_label not in self._pools:
            self._pools[of_label] = pool_of(self.tasks[of_label[0]], of_label[1])
        return self._pools[of_label]


class ShownTexts:
    """Seed examples in the prompts of planned rows; 4 bytes are held for each row of a task that has some.

    Args:
        requests: The whole plan.
        tasks: Tasks of the plan.
        number: Seed examples per prompt.
    """

    def __init__(self, requests: RowTable | pd.DataFrame, tasks: Iterable[Task], number: int) -> None:
        self._turns = SeedTurns(tasks, number)
        self._of_task: dict[str, NDArray[np.int32]] = {}
        plan = as_table(requests)
        columns = ["task_id", "replicate", *planned_alike(plan), *([LABELS] if LABELS in plan else [])]
        for frame in plan.frames(columns) if self._turns.tasks else ():
            found = np.array(list(self._turns.of(frame)), np.int32).reshape(-1, 2)
            replicates = frame["replicate"].to_numpy()[found[:, 0]]
            for task_id, places in frame.iloc[found[:, 0]].groupby("task_id", sort=False).indices.items():
                self._keep(str(task_id), replicates[places], found[places, 1])

    def _keep(self, task_id: str, replicates: NDArray[np.int64], turns: NDArray[np.int32]) -> None:
        before = self._of_task.get(task_id, np.empty(0, np.int32))
        if (size := int(replicates.max()) + 1) > len(before):
            self._of_task[task_id] = np.zeros(max(size, 2 * len(before)), np.int32)
            self._of_task[task_id][: len(before)] = before
        self._of_task[task_id][replicates] = turns

    def turn(self, row: Mapping[str, Any]) -> int | None:
        """The turn of a planned row; None if its task has no seed examples."""
        turns = self._of_task.get(row["task_id"])
        return None if turns is None else int(turns[row["replicate"]])

    def texts(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """The seed examples in the prompt of a planned row."""
        turn = self.turn(row)
        label = row.get(LABELS) if row["label"] is None else row["label"]
        return () if turn is None else self._turns.selection((row["task_id"], label), turn)


def planned_alike(requests: RowTable | pd.DataFrame) -> list[str]:
    """The columns that determine a row's prompt within its task, apart from seed examples and several labels."""
    return [*ATTRIBUTES, *own_of(requests), "misleading_label", "label"]


@cache
def _steps(size: int, number: int, round_: int) -> tuple[int, ...]:
    """Offsets of the other texts of a round from its first text."""
    return next(islice(permutations(range(1, size), number - 1), round_, None))
