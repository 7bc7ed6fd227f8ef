"""Quota: the target of accepted rows in each cell, and the rounds of planned rows that fill it.

A cell is a combination of values of the plan's columns named by `attribute_sampling.per`.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from math import ceil, log
from typing import Any, Literal, Self

import pandas as pd
from pydantic import AliasChoices, Field

from synthetic_textcat.schemas.block import Block
from synthetic_textcat.schemas.rows import plain

ANY = "any"
"""Display of a value that is not planned: a label that the model invents, or an attribute that a task lacks."""

Cell = tuple[str | None, ...]
"""A cell's values, in the order of `per`; None for a label that the model invents."""


PlannedBy = tuple[str, str | None, int | None]
"""Inputs of the rounds: recipe, model with prompts, and target."""

_USUAL_ROWS = 5
_MOST_FOR_ONE = 10  # planned rows per missing row: a lower yield should be examined before paying for it
_MISFORTUNE = 0.01  # significance level at which a second round without a row does not count as bad luck
_MOST_FOR_CERTAINTY = 20


class CellRows(Block):
    """Planned rows of a round in one cell."""

    cell: dict[str, str | None]
    rows: int


class Rounds(Block):
    """Rounds of a quota (dataset `rounds`): the plan is a function of its recipe and of these.

    Attributes:
        recipe: Sha256 of all inputs of the plan except the target.
        asked_with: Sha256 of model, settings and prompts, whose yields size later rounds; None for any.
        target: Target of each cell when the last round was planned; None for any.
        rounds: Planned rows of each round.
    """

    recipe: str
    asked_with: str | None = None
    target: int | None = None
    rounds: tuple[tuple[CellRows, ...], ...] = ()

    @property
    def planned_by(self) -> PlannedBy:
        """The inputs of these rounds."""
        return self.recipe, self.asked_with, self.target

    @property
    def sizes(self) -> list[int]:
        """Number of rows in each round; the plan lists the rounds in order."""
        return [sum(each.rows for each in cells) for cells in self.rounds]

    @classmethod
    def read(cls, content: Mapping[str, Any] | None) -> Self | None:
        """The rounds in the file's content; None without a quota."""
        return cls.model_validate(content) if content else None


class ShortCell(Block):
    """A cell that lacks rows.

    Attributes:
        cell: Values by column.
        accepted, missing: Accepted rows, and rows still missing.
        planned: Rows planned so far.
        pending: Planned rows without a reply, which may get one when they are asked again.
        causes: Reject reason or failure cause of the lost rows → number of rows, most frequent first.
        unproductive: Whether the last round with rows in the cell yielded no accepted row.
        infeasible: Whether the last two rounds did: no more rows are planned.
        replies: Up to three of the model's last raw replies in an infeasible cell.
    """

    cell: dict[str, str | None]
    accepted: int
    missing: int
    planned: int
    pending: int = 0
    causes: dict[str, int]
    unproductive: bool = Field(False, validation_alias=AliasChoices("unproductive", "barren"))  # barren: older files
    infeasible: bool = False
    replies: tuple[str, ...] = ()


class Shortfall(Block):
    """Progress of a quota (dataset `shortfall`), and the rows that the next round must yield.

    Attributes:
        recipe, asked_with, rounds: The plan that it describes, see `Rounds`, and its number of rounds.
        target_accepted: Target of each cell.
        asked, accepted, surplus: Number of cells; accepted rows in them, and good rows beyond the target.
        answered: Planned rows with a reply.
        waiting: Ids of the planned rows without a reply.
        next: Action of another pass: plans a `round`, or asks again for `replies`; None if no pass can yield rows.
        cells: The cells that lack rows.
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
        """The inputs of the rounds that it describes."""
        return self.recipe, self.asked_with, self.target_accepted

    @property
    def missing(self) -> int:
        """Missing rows in all cells."""
        return sum(cell.missing for cell in self.cells)

    @property
    def done(self) -> int:
        """Number of complete cells."""
        return self.asked - len(self.cells)

    @property
    def infeasible(self) -> list[ShortCell]:
        """The infeasible cells."""
        return [cell for cell in self.cells if cell.infeasible]

    @classmethod
    def read(cls, content: Mapping[str, Any] | None) -> Self | None:
        """The shortfall in the file's content; None without a quota."""
        return cls.model_validate(content) if content else None


def cells_of(rows: pd.DataFrame, per: Sequence[str]) -> list[Cell]:
    """The cell of each row."""
    return list(zip(*(plain(rows[name]) for name in per), strict=True))


def named(cell: Cell, per: Sequence[str]) -> dict[str, str | None]:
    """The cell's values by column."""
    return dict(zip(per, cell, strict=True))


def unnamed(cell: Mapping[str, str | None]) -> Cell:
    """The inverse of `named`."""
    return tuple(cell.values())


def shown(cell: Mapping[str, str | None]) -> str:
    """The cell as text, for messages."""
    return ", ".join(value if value is not None else ANY for value in cell.values())


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural if needed."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def all_cells(rounds: Rounds) -> list[Cell]:
    """The cells with planned rows, in plan order."""
    return list(dict.fromkeys(unnamed(each.cell) for each in chain.from_iterable(rounds.rounds)))


def rows_for(cell: ShortCell, usual: float) -> int:
    """Rows to plan in a cell by its yield, smoothed with some rows of the usual yield, since few rows say little."""
    needed, answered = cell.missing - cell.pending, cell.planned - cell.pending
    accepted_share = (cell.accepted + _USUAL_ROWS * usual) / (answered + _USUAL_ROWS)
    if not cell.unproductive:
        return min(ceil(needed / accepted_share), _MOST_FOR_ONE * needed) if accepted_share else needed
    by_yield = ceil(needed / accepted_share) if cell.accepted else min(needed, _MOST_FOR_CERTAINTY)
    rows = max(by_yield, _for_certainty(accepted_share))
    return min(rows, max(_MOST_FOR_ONE * needed, _MOST_FOR_CERTAINTY))


def _for_certainty(accepted_share: float) -> int:
    """Number of rows of which at least one is accepted with probability 1 - `_MISFORTUNE`."""
    if accepted_share >= 1:
        return 1
    return min(_MOST_FOR_CERTAINTY, ceil(log(_MISFORTUNE) / log(1 - accepted_share))) if accepted_share else 1
