"""Quota standing: rows of each cell by outcome and round, and good rows beyond the target."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat, takewhile
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.schemas.outcomes import GOOD_OUTCOMES, TRANSPORT_CAUSES
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, Rounds, cells_of
from synthetic_textcat.schemas.rows import plain

_NOT_RUN = "not_run"
_PAUSED = "paused"
"""Row of a paused task: counts as answered, so that a cell with only such rows is given up."""


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
class CellRound:
    """Row counts of one round in a cell: planned, with a reply, and good."""

    rows: int = 0
    answered: int = 0
    good: int = 0

    @property
    def is_unproductive(self) -> bool:
        """Whether at least half of the rows got a reply and none is good."""
        return not self.good and 2 * self.answered >= self.rows


@dataclass(slots=True)
class Standing:
    """Progress of one cell.

    Attributes:
        ends: Row counts by outcome.
        rounds: Rounds that planned rows of the cell.
        last: Positions in the plan of the last round's rows.
        waiting: Ids of the requested rows without a reply.
    """

    ends: Counter[str] = field(default_factory=Counter)
    rounds: list[CellRound] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Number of accepted rows."""
        return self.ends["accepted"]

    @property
    def planned(self) -> int:
        """Number of planned rows with any outcome."""
        return self.ends.total()

    @property
    def unproductive_rounds(self) -> int:
        """Number of consecutive rounds at the end without a good row."""
        return sum(1 for _ in takewhile(lambda own: own.is_unproductive, reversed(self.rounds)))

    @property
    def causes(self) -> dict[str, int]:
        """Row counts by cause of loss, the most frequent first."""
        lost = {end: rows for end, rows in self.ends.items() if end not in GOOD_OUTCOMES}
        return dict(sorted(lost.items(), key=lambda cause: (-cause[1], cause[0])))

    def add(self, request_id: str, end: str) -> None:
        """Counts a row of the last round."""
        self.ends[end] += 1
        own = self.rounds[-1]
        own.rows += 1
        own.answered += end not in (_NOT_RUN, *TRANSPORT_CAUSES)
        own.good += end in GOOD_OUTCOMES
        if end in TRANSPORT_CAUSES:
            self.waiting.append(request_id)


def standings(
    requests: pd.DataFrame, rounds: Rounds, per: tuple[str, ...], ends: OutcomeTables, paused: Collection[str] = ()
) -> Mapping[Cell, Standing]:
    """Progress of every cell with rows in the plan, in the order of the first round.

    Args:
        requests: The plan.
        rounds: Rounds of the plan.
        per: Columns that define a cell.
        ends: Tables of rows by outcome.
        paused: Ids of the paused tasks.

    Raises:
        StaleTableError: If the rounds belong to another plan.
    """
    if sum(rounds.sizes) != len(requests) or not {*per} <= {*requests.columns}:
        raise StaleTableError(
            "The dataset 'rounds' belongs to another plan than 'requests'. Next: run `kedro run "
            "--pipelines generate`, which plans again and repeats no paid call"
        )
    by_row = ends.by_row()
    found: dict[Cell, Standing] = defaultdict(Standing)
    round_of: dict[Cell, int] = {}
    columns = (plain(requests[name]) for name in ("request_id", "task_id"))
    for position, (number, cell, request_id, task_id) in enumerate(
        zip(_round_of_rows(rounds), cells_of(requests, per), *columns, strict=True)
    ):
        own = found[cell]
        if round_of.get(cell) != number:
            round_of[cell] = number
            own.rounds.append(CellRound())
            own.last = []
        own.add(request_id, by_row.get(request_id, _PAUSED if task_id in paused else _NOT_RUN))
        own.last.append(position)
    return found


def _round_of_rows(rounds: Rounds) -> Iterator[int]:
    return chain.from_iterable(repeat(number, size) for number, size in enumerate(rounds.sizes))


def beyond_target_mask(
    is_good: NDArray[np.bool_], requests: pd.DataFrame, candidates: pd.DataFrame, sampling: AttributeSamplingParameters
) -> NDArray[np.bool_]:
    """Mask of the surplus candidates: good rows after the first `target_accepted` of their cell in plan order.

    Args:
        is_good: Mask of the candidates that passed all checks.
        requests: The plan, whose labels define the cells.
        candidates: In plan order.
        sampling: The target and the columns of a cell; without a target no row is surplus.
    """
    if sampling.target_accepted is None:
        return np.zeros(len(candidates), bool)
    planned = requests.set_index("request_id").loc[candidates["request_id"]]
    return is_good & (_good_counts(cells_of(planned, sampling.per), is_good) > sampling.target_accepted)


def _good_counts(cells: Sequence[Cell], is_good: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Running count of good rows within each candidate's cell."""
    counts: Counter[Cell] = Counter()
    running = []
    for cell, good in zip(cells, is_good.tolist(), strict=True):
        counts[cell] += good
        running.append(counts[cell])
    return np.array(running, np.int64)
