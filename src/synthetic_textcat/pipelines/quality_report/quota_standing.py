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
"""Not run, and not to be: counts as an answer, so that a cell of such rows alone is given up."""


class Ends(NamedTuple):
    """The tables in which rows end; what is in none was not run."""

    examples: pd.DataFrame
    surplus: pd.DataFrame
    rejected: pd.DataFrame
    failed: pd.DataFrame

    def by_row(self) -> dict[str, str]:
        """By request id: `accepted`, `surplus`, the reject reason or the failure cause."""
        return {
            **dict.fromkeys(plain(self.examples["request_id"]), "accepted"),
            **dict.fromkeys(plain(self.surplus["request_id"]), "surplus"),
            **dict(zip(plain(self.rejected["request_id"]), plain(self.rejected["reject_reason"]), strict=True)),
            **dict(zip(plain(self.failed["request_id"]), plain(self.failed["failure_cause"]), strict=True)),
        }


@dataclass(slots=True)
class RoundOfCell:
    """Rows that one round planned in a cell: all, those that brought a reply, and those of them that are good."""

    rows: int = 0
    answered: int = 0
    good: int = 0

    @property
    def is_barren(self) -> bool:
        """Whether half of the rows at least brought a reply, and none is good."""
        return not self.good and 2 * self.answered >= self.rows


@dataclass(slots=True)
class Standing:
    """One cell.

    Attributes:
        ends: Rows by their end.
        rounds: Those that planned rows of it.
        last: Positions in the plan of the last round's rows.
        waiting: Ids of the rows that were asked for and brought no reply.
    """

    ends: Counter[str] = field(default_factory=Counter)
    rounds: list[RoundOfCell] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Rows."""
        return self.ends["accepted"]

    @property
    def planned(self) -> int:
        """Rows asked for, whatever became of them."""
        return self.ends.total()

    @property
    def barren_rounds(self) -> int:
        """How many of the last rounds brought no good row."""
        return sum(1 for _ in takewhile(lambda own: own.is_barren, reversed(self.rounds)))

    @property
    def causes(self) -> dict[str, int]:
        """Where rows were lost, the most frequent first."""
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
    requests: pd.DataFrame, rounds: Rounds, per: tuple[str, ...], ends: Ends, paused: Collection[str] = ()
) -> Mapping[Cell, Standing]:
    """Every cell that has rows in the plan, in the order of the first round.

    Args:
        requests: The plan.
        rounds: Of the plan.
        per: The columns that make a cell.
        ends: Where rows ended.
        paused: Ids of the tasks that are asked no further.

    Raises:
        StaleTableError: If the rounds are of another plan.
    """
    if sum(rounds.sizes) != len(requests) or not {*per} <= {*requests.columns}:
        raise StaleTableError(
            "The dataset 'rounds' is of another plan than 'requests'. Next: run `kedro run "
            "--pipelines generate`, which plans again and asks nothing twice"
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
            own.rounds.append(RoundOfCell())
            own.last = []
        own.add(request_id, by_row.get(request_id, _PAUSED if task_id in paused else _NOT_RUN))
        own.last.append(position)
    return found


def _round_of_rows(rounds: Rounds) -> Iterator[int]:
    return chain.from_iterable(repeat(number, size) for number, size in enumerate(rounds.sizes))


def beyond_target(
    stands: NDArray[np.bool_], requests: pd.DataFrame, candidates: pd.DataFrame, sampling: AttributeSamplingParameters
) -> NDArray[np.bool_]:
    """Which candidates are good and more than their cell was asked for; the first of a cell in plan order are not.

    Args:
        stands: Which candidates passed all checks.
        requests: The plan, by whose labels cells go.
        candidates: In plan order.
        sampling: The target and the columns of a cell; without a target nothing is too much.
    """
    if sampling.target_accepted is None:
        return np.zeros(len(candidates), bool)
    planned = requests.set_index("request_id").loc[candidates["request_id"]]
    return stands & (_numbers(cells_of(planned, sampling.per), stands) > sampling.target_accepted)


def _numbers(cells: Sequence[Cell], stands: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The how manyth good row of its cell each is."""
    had: Counter[Cell] = Counter()
    numbers = []
    for cell, is_good in zip(cells, stands.tolist(), strict=True):
        had[cell] += is_good
        numbers.append(had[cell])
    return np.array(numbers, np.int64)
