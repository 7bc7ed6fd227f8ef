"""Where each cell stands: its rows by their end, round by round."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import NamedTuple

import pandas as pd

from synthetic_textcat.schemas.outcomes import GOOD_OUTCOMES, TRANSPORT_CAUSES
from synthetic_textcat.schemas.quota import Cell, Rounds, cells_of
from synthetic_textcat.schemas.rows import plain

_NO_REPLY = {"not_run", *TRANSPORT_CAUSES}


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
class Standing:
    """One cell.

    Attributes:
        ends: Rows by their end.
        good: For each round that planned rows of the cell, how many are good; None while one has no reply.
        rows: Positions in the plan of the last round's rows.
    """

    ends: Counter[str] = field(default_factory=Counter)
    good: list[int | None] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

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
        productive = [place for place, good in enumerate(self.good) if good != 0]
        return len(self.good) - (productive[-1] + 1 if productive else 0)

    @property
    def causes(self) -> dict[str, int]:
        """Where rows were lost, the most frequent first."""
        lost = {end: rows for end, rows in self.ends.items() if end not in GOOD_OUTCOMES}
        return dict(sorted(lost.items(), key=lambda cause: (-cause[1], cause[0])))


def standings(requests: pd.DataFrame, rounds: Rounds, per: tuple[str, ...], ends: Ends) -> Mapping[Cell, Standing]:
    """Every cell that has rows in the plan, in the order of the first round."""
    by_row = ends.by_row()
    found: dict[Cell, Standing] = {}
    rounds_so_far: dict[Cell, int] = {}
    for position, (number, cell, request_id) in enumerate(
        zip(_round_of_rows(rounds), cells_of(requests, per), plain(requests["request_id"]), strict=True)
    ):
        own = found.setdefault(cell, Standing())
        if rounds_so_far.get(cell) != number:
            rounds_so_far[cell] = number
            own.good.append(0)
            own.rows = []
        end = by_row.get(request_id, "not_run")
        own.ends[end] += 1
        own.rows.append(position)
        so_far = own.good[-1]
        own.good[-1] = None if end in _NO_REPLY or so_far is None else so_far + (end in GOOD_OUTCOMES)
    return found


def unanswered(standings: Mapping[Cell, Standing]) -> int:
    """Rows that brought no reply."""
    return sum(own.ends[end] for own in standings.values() for end in _NO_REPLY)


def _round_of_rows(rounds: Rounds) -> Iterator[int]:
    return chain.from_iterable(repeat(number, size) for number, size in enumerate(rounds.sizes))
