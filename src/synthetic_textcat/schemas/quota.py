"""Quota: the target of accepted rows in each cell, and the rounds of planned rows that fill it.

A cell is a combination of values of the plan's columns named by `attribute_sampling.per`. A slot is one accepted row
that is asked for, with the values of its cell and of the attributes whose mix is kept. A block is the slots of all
cells that share a target by proportions. A slot of a task with several labels a text has a label set in place of a
label (column `labels`, as a code), and counts in the cell of each of its labels.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from synthetic_textcat.schemas.block import Block
from synthetic_textcat.schemas.label_sets import LABELS, has_several_labels, label_set_codes, label_set_of, shown_labels
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.tables import RowTable, as_table, value_counts

ANY = "any"
"""Display of a value that is not planned: a label that the model invents, or an attribute that a task lacks."""

Cell = tuple[str | None, ...]
"""A cell's values, in the order of `per`; None for a label that the model invents."""


PlannedBy = tuple[str, str | None, int | None]
"""Inputs of the rounds: recipe, model with prompts, and target."""

MOST_FOR_ONE = 10  # planned rows per missing row: a lower yield should be examined before paying for it


class CellRows(Block):
    """Planned rows of a round: those of the first slots of a block, or of all values of a slot."""

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
        target, accepted: Rows wanted, and rows accepted.
        given_up: Missing rows that no other row is planned for.
        planned: Rows planned so far.
        pending: Planned rows without a reply, which may get one when they are asked again.
        causes: Reject reason or failure cause of the lost rows → number of rows, most frequent first.
    """

    cell: dict[str, str | None]
    target: int
    accepted: int
    given_up: int = 0
    planned: int
    pending: int = 0
    causes: dict[str, int]

    @property
    def missing(self) -> int:
        """Missing rows."""
        return self.target - self.accepted

    @property
    def infeasible(self) -> bool:
        """Whether all missing rows are given up: no more rows are planned."""
        return self.given_up == self.missing


class GivenUp(Block):
    """A value, a cell, or a value within a cell that was given up: its last rounds brought no good row.

    Attributes:
        values: By column.
        wanted, accepted: Rows asked for with these values, and accepted ones.
        rounds: Rounds that planned rows with them.
        causes: As in `ShortCell`.
        replies: Up to three of the model's last raw replies.
    """

    values: dict[str, str | None]
    wanted: int
    accepted: int
    rounds: int
    causes: dict[str, int]
    replies: tuple[str, ...] = ()


class Shortfall(Block):
    """Progress of a quota (dataset `shortfall`), and the rows that the next round must yield.

    Attributes:
        recipe, asked_with, rounds: The plan that it describes, see `Rounds`, and its number of rounds.
        target_accepted: Target of each block: of each combination of the cell columns without proportions.
        wanted, asked: Rows, and cells. A row with several labels is no longer wanted once its cells are full.
        is_even: Whether each cell has the target, since none has proportions.
        accepted, surplus: Accepted rows, and good rows beyond the target or its mix.
        answered: Planned rows with a reply.
        waiting: Ids of the planned rows without a reply.
        next: Action of another pass: plans a `round`, or asks again for `replies`; None if no pass can yield rows.
        cells: The cells that lack rows.
        given_up: Everything that was given up, values first.
        ask: Rows of the next round, by the values of the open slots.
    """

    recipe: str
    asked_with: str | None = None
    rounds: int
    target_accepted: int
    wanted: int
    asked: int
    is_even: bool = True
    accepted: int
    surplus: int
    answered: int
    waiting: tuple[str, ...] = ()
    next: Literal["round", "replies"] | None = None
    cells: tuple[ShortCell, ...] = ()
    given_up: tuple[GivenUp, ...] = ()
    ask: tuple[CellRows, ...] = ()

    @property
    def planned_by(self) -> PlannedBy:
        """The inputs of the rounds that it describes."""
        return self.recipe, self.asked_with, self.target_accepted

    @property
    def missing(self) -> int:
        """Missing rows in all cells."""
        return self.wanted - self.accepted

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
        """The shortfall in the file's content; None without a quota, or if an earlier version wrote it."""
        try:
            return cls.model_validate(content) if content else None
        except ValidationError:  # nothing is lost: the next pass measures again
            return None


def wanted_rows(column: str, requests: RowTable | pd.DataFrame, quota_slots: pd.DataFrame) -> "pd.Series[int]":
    """Rows that are wanted with each value of a column, the most first.

    Args:
        column: An attribute or the label.
        requests: The plan. With a quota it has more rows of values that lose rows, since these are planned again.
        quota_slots: The rows that a quota asks for; empty without one. A column that its mix leaves out is as planned.
    """
    asked = quota_slots if len(quota_slots) and column in quota_slots else requests
    return value_counts(as_table(asked), column)


def cells_of(rows: pd.DataFrame, per: Sequence[str]) -> list[Cell]:
    """The cell of each row."""
    return list(zip(*(plain(rows[name]) for name in per), strict=True))


def has_several(values: Mapping[str, str | None], per: Sequence[str]) -> bool:
    """Whether a slot or a row counts in the cell of each of its several labels.

    Args:
        values: By column; `labels` is a code.
        per: Columns of a cell.
    """
    return "label" in per and has_several_labels(values)


def cells_in(values: Mapping[str, str | None], per: Sequence[str]) -> list[Cell]:
    """The cells in which a slot or a row counts: one, or with `label` in `per` one for each of its several labels.

    Args:
        values: By column; `labels` is a code.
        per: Columns of a cell.
    """
    code = values.get(LABELS)
    if code is None or not has_several(values, per):
        return [tuple(values[name] for name in per)]
    labels = shown_labels(label_set_of(code))
    return [tuple(label if name == "label" else values[name] for name in per) for label in labels]


def cell_targets(
    slots: Iterable[tuple[Mapping[str, str | None], int]], per: Sequence[str], target: int
) -> Counter[Cell]:
    """Rows that each cell needs: its slots, of those with several labels as many as the target.

    Args:
        slots: Values by column, and the number of slots with these values.
        per: Columns of a cell.
        target: The target; a label has more slots than that where rarer labels come with it.
    """
    one, several = Counter[Cell](), Counter[Cell]()
    for values, rows in slots:
        for cell in cells_in(values, per):
            (several if has_several(values, per) else one)[cell] += rows
    return one + Counter({cell: min(rows, target) for cell, rows in several.items()})


def targets_of_slots(slots: pd.DataFrame, per: Sequence[str], target: int) -> Counter[Cell]:
    """The same from the table of slots."""
    columns = list(map(str, slots.columns))
    rows_of = Counter(cells_of(slots, columns))
    return cell_targets(((named(values, columns), rows) for values, rows in rows_of.items()), per, target)


def all_cells_of(rows: pd.DataFrame, per: Sequence[str]) -> list[list[Cell]]:
    """The cells of each row; a row with several labels can have several."""
    if "label" not in per or LABELS not in rows or rows["label"].notna().all():
        return [[cell] for cell in cells_of(rows, per)]
    names = [*per, LABELS]
    return [cells_in(named(values, names), per) for values in cells_of(with_set_codes(rows), names)]


def with_set_codes(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their label sets as codes, as slots have them."""
    if LABELS not in rows or rows[LABELS].dtype != object:
        return rows
    return rows.assign(**{LABELS: label_set_codes(rows)})


class CellNumbers:
    """Numbers of cells, in the order in which they are first seen.

    Args:
        columns: Columns whose values make a cell.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = list(columns)
        self._numbers: dict[Cell, int] = {}

    def __len__(self) -> int:
        """Number of cells so far."""
        return len(self._numbers)

    @property
    def cells(self) -> list[Cell]:
        """The cells, by number."""
        return list(self._numbers)

    def of(self, rows: pd.DataFrame) -> NDArray[np.int32]:
        """Number of the cell of each row."""
        if not len(rows):
            return np.empty(0, np.int32)
        rows = with_set_codes(rows) if LABELS in self.columns else rows
        groups = rows.groupby(self.columns, sort=False, dropna=False).ngroup().to_numpy()
        _, firsts = np.unique(groups, return_index=True)
        cells = cells_of(rows.iloc[firsts], self.columns)
        return np.array([self._numbers.setdefault(cell, len(self._numbers)) for cell in cells], np.int32)[groups]


def named(cell: Cell, per: Sequence[str]) -> dict[str, str | None]:
    """The cell's values by column."""
    return dict(zip(per, cell, strict=True))


def unnamed(cell: Mapping[str, str | None]) -> Cell:
    """The inverse of `named`."""
    return tuple(cell.values())


def shown(cell: Mapping[str, str | None]) -> str:
    """The cell as text, for messages; a label set by its labels."""
    code, label = cell.get(LABELS), cell.get("label")
    left_out = [] if code is None else ["label"] if label is None else [LABELS]
    named = {name: value for name, value in cell.items() if name not in left_out}
    if LABELS in named and code is not None:
        named[LABELS] = " + ".join(shown_labels(label_set_of(code)))
    return ", ".join(value if value is not None else ANY for value in named.values())


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural if needed."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def rows_for(missing: int, accepted_share: float) -> int:
    """Rows to plan for slots of equal values: half a standard deviation fewer than the yield says.

    So few of the rows that are paid for become surplus, and a round or two more fill the rest.

    Args:
        missing: Open slots.
        accepted_share: Expected yield, above 0.
    """
    spread = sqrt(missing * (1 - accepted_share))
    return min(max(1, round((missing - spread / 2) / accepted_share)), MOST_FOR_ONE * missing)
