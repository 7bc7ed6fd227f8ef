"""Rounds: what the next one plans, by what the last one brought."""

from collections.abc import Sequence
from math import ceil, log

from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, CellRows, Rounds, ShortCell, Shortfall, named
from synthetic_textcat.schemas.tasks import Task

_NOT_DRAWN_FROM = {"num_examples", "num_seed_examples", "target_accepted", "max_rounds"}
_MOST_FOR_ONE = (
    10  # rows that are planned for one that is missing: a lower yield had better be looked at before it is paid for
)
_USUAL_ROWS = 5
_MISFORTUNE = 0.01  # the chance at which a second round without a row is no longer put down to bad luck
_MOST_FOR_CERTAINTY = 20


def recipe_of(tasks: Sequence[Task], sampling: AttributeSamplingParameters, seed: int) -> str:
    """Hex sha256 of all that the rows of a cell are drawn from; with another one, rounds begin anew."""
    drawn_from = sorted((task.to_row("")["task_id"], task.weight, _choices(task)) for task in tasks)
    return sha256_of([seed, sampling.model_dump(mode="json", exclude=_NOT_DRAWN_FROM), drawn_from])


def first_round(cells: Sequence[Cell], per: Sequence[str], target: int) -> tuple[CellRows, ...]:
    """As many rows as are asked for: enough if every one is accepted."""
    return tuple(CellRows(cell=named(cell, per), rows=target) for cell in cells)


def next_round(shortfall: Shortfall) -> tuple[CellRows, ...]:
    """Rows for each short cell, by its own yield so far; none for a cell that is given up."""
    usual = (shortfall.accepted + shortfall.surplus) / shortfall.run if shortfall.run else 1.0
    return tuple(
        CellRows(cell=cell.cell, rows=_rows_for(cell, usual)) for cell in shortfall.cells if not cell.infeasible
    )


def may_go_on(past: Rounds, shortfall: Shortfall | None, sampling: AttributeSamplingParameters) -> bool:
    """Whether the last round has been seen through, by the target that is asked for now."""
    return (
        shortfall is not None
        and (shortfall.recipe, shortfall.rounds) == (past.recipe, len(past.rounds))
        and shortfall.target_accepted == sampling.target_accepted
        and shortfall.is_settled
        and shortfall.rounds < sampling.max_rounds
    )


def _rows_for(cell: ShortCell, usual: float) -> int:
    """By the cell's yield: of few rows it says little, so it is taken together with some rows of the usual yield."""
    accepted_share = (cell.accepted + _USUAL_ROWS * usual) / (cell.planned + _USUAL_ROWS)
    rows = ceil(cell.missing / accepted_share) if cell.accepted else cell.missing
    if cell.barren:
        rows = max(rows, _for_certainty(accepted_share))
    return min(rows, max(_MOST_FOR_ONE * cell.missing, _MOST_FOR_CERTAINTY))


def _for_certainty(accepted_share: float) -> int:
    """Rows of which one at least is accepted, but for bad luck."""
    if accepted_share >= 1:
        return 1
    return min(_MOST_FOR_CERTAINTY, ceil(log(_MISFORTUNE) / log(1 - accepted_share))) if accepted_share else 1


def _choices(task: Task) -> str:
    return str(task.to_row("")["attributes"]) + "".join(f"\x1f{name}" for name in task.label_names)
