"""Quota standing: slots and planned rows by combination of values, by outcome and by round, and surplus rows."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.schemas.outcomes import GOOD_OUTCOMES, TRANSPORT_CAUSES
from synthetic_textcat.schemas.quota import Cell, Rounds, cells_of
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.tables import RowTable, as_table, in_plan_order

Counts = NDArray[np.int64]

_NOT_RUN = "not_run"
PAUSED = "paused"
"""Row of a paused task: counts as answered; slots are given up after two rounds with such rows."""


class OutcomeTables(NamedTuple):
    """Tables of rows by outcome; a planned row in none of them was not run."""

    examples: pd.DataFrame
    surplus: pd.DataFrame
    rejected: pd.DataFrame
    failed: pd.DataFrame

    def by_row(self) -> dict[str, str]:
        """Outcome by request id: `accepted`, `surplus`, the reject reason or the failure cause."""
        return {
            **dict.fromkeys(plain(self.examples["request_id"]), "accepted"),
            **dict.fromkeys(plain(self.surplus["request_id"]), "surplus"),
            **dict(zip(plain(self.rejected["request_id"]), plain(self.rejected["reject_reason"]), strict=True)),
            **dict(zip(plain(self.failed["request_id"]), plain(self.failed["failure_cause"]), strict=True)),
        }


@dataclass(slots=True)
class Combination:
    """Slots with the same values, and the rows planned for them.

    Attributes:
        wanted: Number of slots.
        ends: Row counts by outcome.
        waiting: Ids of the requested rows without a reply.
        last: Positions in the plan of its rows.
    """

    wanted: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    waiting: list[str] = field(default_factory=list)
    last: list[int] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Number of accepted rows."""
        return self.ends["accepted"]


def causes_of(ends: Mapping[str, int]) -> dict[str, int]:
    """Row counts by cause of loss, the most frequent first."""
    lost = {end: rows for end, rows in ends.items() if end not in GOOD_OUTCOMES}
    return dict(sorted(lost.items(), key=lambda cause: (-cause[1], cause[0])))


class Standing(NamedTuple):
    """Progress of a quota.

    Attributes:
        columns: Columns of a slot, those of a cell first.
        combinations: By the values of a slot.
        rows, answered, good: Planned rows of each combination (down) in each round (across), those with a reply, and
            the good ones.
    """

    columns: tuple[str, ...]
    combinations: Mapping[Cell, Combination]
    rows: Counts
    answered: Counts
    good: Counts


def standing_of(
    requests: pd.DataFrame, slots: pd.DataFrame, rounds: Rounds, ends: OutcomeTables, paused: Collection[str] = ()
) -> Standing:
    """Progress of each combination of values that the quota wants or the plan has.

    Args:
        requests: The plan.
        slots: Slots of the quota.
        rounds: Rounds of the plan.
        ends: Tables of rows by outcome.
        paused: Ids of the paused tasks.

    Raises:
        StaleTableError: If the rounds or the slots belong to another plan.
    """
    columns = tuple(map(str, slots.columns))
    if sum(rounds.sizes) != len(requests) or not {*columns} <= {*requests.columns}:
        raise StaleTableError(
            "The dataset 'rounds' belongs to another plan than 'requests'. Next: run `kedro run "
            "--pipelines generate`, which plans again and repeats no paid call"
        )
    found: defaultdict[Cell, Combination] = defaultdict(Combination)
    for values in cells_of(slots, columns):
        found[values].wanted += 1
    by_row, owners, answered, good = ends.by_row(), [], [], []
    named = (plain(requests[name]) for name in ("request_id", "task_id"))
    for position, (values, request_id, task_id) in enumerate(zip(cells_of(requests, columns), *named, strict=True)):
        own, end = found[values], by_row.get(request_id, PAUSED if task_id in paused else _NOT_RUN)
        own.ends[end] += 1
        own.last.append(position)
        if end in TRANSPORT_CAUSES:
            own.waiting.append(request_id)
        owners.append(values)
        answered.append(end not in (_NOT_RUN, *TRANSPORT_CAUSES))
        good.append(end in GOOD_OUTCOMES)
    numbers = {values: number for number, values in enumerate(found)}
    places = (
        np.array([numbers[values] for values in owners], np.int64),
        np.repeat(np.arange(len(rounds.sizes)), rounds.sizes),
    )
    shape = len(found), len(rounds.sizes)
    counts = []
    for weights in (np.ones(len(owners), bool), np.array(answered, bool), np.array(good, bool)):
        table = np.zeros(shape, np.int64)
        np.add.at(table, places, weights)
        counts.append(table)
    return Standing(columns, found, *counts)


def beyond_target_mask(
    is_good: NDArray[np.bool_],
    requests: RowTable | pd.DataFrame,
    candidates: RowTable | pd.DataFrame,
    slots: pd.DataFrame,
) -> NDArray[np.bool_]:
    """Mask of the surplus candidates: good rows in plan order after as many as there are slots of their values.

    Args:
        is_good: Mask of the candidates that passed all checks.
        requests: The plan, whose values define the slots.
        candidates: In plan order.
        slots: Slots of the quota; without one no row is surplus.

    Raises:
        StaleTableError: If a candidate is not in the plan.
    """
    is_beyond = np.zeros(len(candidates), bool)
    if not len(slots):
        return is_beyond
    open_slots = Counter(cells_of(slots, columns := list(map(str, slots.columns))))
    start = 0
    subset = {"candidates": as_table(candidates)}
    for part in in_plan_order(as_table(requests), subset, {"requests": columns, "candidates": ()}):
        places = part.subsets["candidates"].places
        for number, values in enumerate(cells_of(part.planned.iloc[places - part.start], columns), start):
            if is_good[number]:
                is_beyond[number] = not open_slots[values]
                open_slots[values] -= open_slots[values] > 0
        start += len(places)
    return is_beyond
