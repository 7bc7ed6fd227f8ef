"""Quota: accepted rows asked for in each cell, and the rounds of planned rows that fill it.

A cell is one combination of the values of the plan's columns that `attribute_sampling.per` names.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from math import ceil, log
from typing import Any, Literal, Self

import pandas as pd

from synthetic_textcat.schemas.block import Block
from synthetic_textcat.schemas.rows import plain

ANY = "any"
"""How a value is shown that is not planned: a label that the model invents, an attribute that a task has not."""

Cell = tuple[str | None, ...]
"""A cell's values, in the order of `per`; None for a label that the model invents."""


PlannedBy = tuple[str, str | None, int | None]
"""Recipe, model with prompts, and target: what rounds go by."""

_USUAL_ROWS = 5
_MOST_FOR_ONE = 10  # rows for one that is missing: a lower yield had better be looked at before it is paid for
_MISFORTUNE = 0.01  # the chance at which a second round without a row is no longer put down to bad luck
_MOST_FOR_CERTAINTY = 20


class CellRows(Block):
    """Rows that a round plans in one cell."""

    cell: dict[str, str | None]
    rows: int


class Rounds(Block):
    """What the dataset `rounds` holds: the plan of a quota is a function of its recipe and of these.

    Attributes:
        recipe: Sha256 of all that the plan is drawn from, without the target.
        asked_with: Sha256 of model, settings and prompts, whose yields later rounds go by; None for any.
        target: Of each cell when it was planned last; None for any.
        rounds: For each round, what it planned.
    """

    recipe: str
    asked_with: str | None = None
    target: int | None = None
    rounds: tuple[tuple[CellRows, ...], ...] = ()

    @property
    def planned_by(self) -> PlannedBy:
        """What they go by."""
        return self.recipe, self.asked_with, self.target

    @property
    def sizes(self) -> list[int]:
        """Rows of each round; the plan has them one round after another."""
        return [sum(each.rows for each in cells) for cells in self.rounds]

    @classmethod
    def read(cls, content: Mapping[str, Any] | None) -> Self | None:
        """What the file holds; None where there is no quota."""
        return cls.model_validate(content) if content else None


class ShortCell(Block):
    """A cell that lacks rows.

    Attributes:
        cell: Its values by column.
        accepted, missing: Rows that it has, and lacks.
        planned: Rows asked for so far.
        pending: Those that brought no reply yet, and may when they are asked again.
        causes: Where the others were lost: reject reason or failure cause, and rows; the most frequent first.
        unproductive: Whether the last round that planned rows of it brought none that was accepted.
        infeasible: Whether the last two did: no more is asked for.
        replies: Of an infeasible cell up to three of the model's last ones, raw.
    """

    cell: dict[str, str | None]
    accepted: int
    missing: int
    planned: int
    pending: int = 0
    causes: dict[str, int]
    unproductive: bool = False
    infeasible: bool = False
    replies: tuple[str, ...] = ()


class Shortfall(Block):
    """What the dataset `shortfall` holds: how far the quota is, and what the next round has to bring.

    Attributes:
        recipe, asked_with, rounds: Of which plan it tells: see `Rounds`, and how many rounds.
        target_accepted: Of each cell.
        asked, accepted, surplus: Cells; accepted rows in them, and those beyond the target.
        answered: Planned rows that brought a reply.
        waiting: Ids of the rows that were asked for and brought none.
        next: What another pass does: it plans a `round`, or asks again for `replies`; None if no pass can bring rows.
        cells: The short ones.
    """

    recipe: str
    asked_with: str | None = None
    rounds: int
    target_accepted: int
    asked: int
    accepted: int
    surplus: int
    answered: int
    waiting: tuple[str, ...] = ()
    next: Literal["round", "replies"] | None = None
    cells: tuple[ShortCell, ...] = ()

    @property
    def planned_by(self) -> PlannedBy:
        """What the rounds that it tells of went by."""
        return self.recipe, self.asked_with, self.target_accepted

    @property
    def missing(self) -> int:
        """Rows, in all cells."""
        return sum(cell.missing for cell in self.cells)

    @property
    def done(self) -> int:
        """Cells that have all their rows."""
        return self.asked - len(self.cells)

    @property
    def infeasible(self) -> list[ShortCell]:
        """The cells that were given up."""
        return [cell for cell in self.cells if cell.infeasible]

    @classmethod
    def read(cls, content: Mapping[str, Any] | None) -> Self | None:
        """What the file holds; None where there is no quota."""
        return cls.model_validate(content) if content else None


def cells_of(rows: pd.DataFrame, per: Sequence[str]) -> list[Cell]:
    """The cell of each row."""
    return list(zip(*(plain(rows[name]) for name in per), strict=True))


def named(cell: Cell, per: Sequence[str]) -> dict[str, str | None]:
    """The cell's values by column."""
    return dict(zip(per, cell, strict=True))


def unnamed(cell: Mapping[str, str | None]) -> Cell:
    """The way back."""
    return tuple(cell.values())


def shown(cell: Mapping[str, str | None]) -> str:
    """The cell in words, for a line."""
    return ", ".join(value if value is not None else ANY for value in cell.values())


def counted(number: int, what: str) -> str:
    """A number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def all_cells(rounds: Rounds) -> list[Cell]:
    """The cells that have rows in the plan, in their order."""
    return list(dict.fromkeys(unnamed(each.cell) for each in chain.from_iterable(rounds.rounds)))


def rows_for(cell: ShortCell, usual: float) -> int:
    """By the cell's yield: of few rows it says little, so it is taken together with some rows of the usual yield."""
    needed, answered = cell.missing - cell.pending, cell.planned - cell.pending
    accepted_share = (cell.accepted + _USUAL_ROWS * usual) / (answered + _USUAL_ROWS)
    if not cell.unproductive:
        return min(ceil(needed / accepted_share), _MOST_FOR_ONE * needed) if accepted_share else needed
    by_yield = ceil(needed / accepted_share) if cell.accepted else min(needed, _MOST_FOR_CERTAINTY)
    rows = max(by_yield, _for_certainty(accepted_share))
    return min(rows, max(_MOST_FOR_ONE * needed, _MOST_FOR_CERTAINTY))


def _for_certainty(accepted_share: float) -> int:
    """Rows of which one at least is accepted, but for bad luck."""
    if accepted_share >= 1:
        return 1
    return min(_MOST_FOR_CERTAINTY, ceil(log(_MISFORTUNE) / log(1 - accepted_share))) if accepted_share else 1
