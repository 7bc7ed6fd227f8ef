"""Rotation of seed examples over a task's rows; rows with equal attributes get different examples."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import islice, permutations
from math import perm

import pandas as pd

from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of, plain
from synthetic_textcat.schemas.tasks import Task


def pool_of(task: Task, label: str | None) -> list[str]:
    """The texts that a row may show: those with its label or without a label; all texts if there are none."""
    fitting = [example.text for example in task.seed_examples if example.label in (label, None)]
    return fitting if label is not None and fitting else [example.text for example in task.seed_examples]


def shown(pool: Sequence[str], turn: int, number: int) -> list[str]:
    """A selection of `number` texts of the pool; each turn gives another selection or order until all are used.

    The first rounds of turns start at each text and take the texts after it; later rounds skip some.
    """
    size, number = len(pool), min(number, len(pool))
    round_, first = divmod(turn % perm(size, number), size)
    return [pool[(first + step) % size] for step in (0, *_steps(size, number, round_))]


def turns_of(requests: pd.DataFrame, tasks: Iterable[Task]) -> dict[str, int]:
    """The turn of each row of a task with seed examples; its first text is at the turn modulo the size of the pool.

    Rows of a label start at the texts of its pool in order. A row with the same attributes as an earlier row of its
    task moves on to the next text at which none of them started, and to the next round once all are used.

    Args:
        requests: The whole plan.
        tasks: Tasks of the plan.

    Returns:
        Request id → turn.
    """
    seeded = {task.task_id: task for task in tasks if task.seed_examples}
    rows = requests[requests["task_id"].isin(list(seeded))]
    size_of = cache(lambda task_id, label: len(pool_of(seeded[task_id], label)))
    had: Counter[tuple[str, str | None]] = Counter()
    taken: defaultdict[tuple[str | None, ...], set[int]] = defaultdict(set)
    columns = [plain(rows[name]) for name in ("task_id", *planned_alike(rows))]
    turns = {}
    for request_id, alike in zip(plain(rows["request_id"]), zip(*columns, strict=True), strict=True):
        of_label = alike[0], alike[-1]
        turns[request_id] = _next(had[of_label], size_of(*of_label), taken[alike])
        had[of_label] += 1
    return turns


def texts_shown(requests: pd.DataFrame, tasks: Iterable[Task], number: int) -> Mapping[str, tuple[str, ...]]:
    """Request id → the seed examples in the row's prompt, for rows of tasks with seed examples."""
    seeded = {task.task_id: task for task in tasks if task.seed_examples} if number else {}
    turns = turns_of(requests, seeded.values())
    pool = cache(lambda task_id, label: pool_of(seeded[task_id], label))
    rows = zip(*(plain(requests[name]) for name in ("request_id", "task_id", "label")), strict=True)
    return {
        request_id: tuple(shown(pool(task_id, label), turns[request_id], number))
        for request_id, task_id, label in rows
        if request_id in turns
    }


def planned_alike(requests: pd.DataFrame) -> list[str]:
    """The columns that determine a row's prompt within its task, apart from seed examples."""
    return [*ATTRIBUTES, *own_of(requests), "misleading_label", "label"]


def _next(first: int, size: int, taken: set[int]) -> int:
    """The next free turn of rows with equal attributes: in the current round, from a given text on."""
    begin = len(taken) // size * size
    place = first % size
    while begin + place in taken:
        place = (place + 1) % size
    taken.add(begin + place)
    return begin + place


@cache
def _steps(size: int, number: int, round_: int) -> tuple[int, ...]:
    """Offsets of the other texts of a round from its first text."""
    return next(islice(permutations(range(1, size), number - 1), round_, None))
