"""Rounds: what the next one plans, by what the last one brought."""

from collections.abc import Iterable, Sequence

from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, CellRows, Rounds, Shortfall, named
from synthetic_textcat.schemas.round_size import rows_for
from synthetic_textcat.schemas.tasks import Task

_NOT_DRAWN_FROM = {"num_examples", "num_seed_examples", "target_accepted", "max_rounds"}


def recipe_of(tasks: Sequence[Task], sampling: AttributeSamplingParameters, seed: int) -> str:
    """Hex sha256 of all that the rows of a cell are drawn from; with another one, rounds begin anew."""
    drawn_from = sorted(
        (task.task_id, task.weight, task.label_names, task.to_row("file")["attributes"]) for task in tasks
    )
    return sha256_of([seed, sampling.model_dump(mode="json", exclude=_NOT_DRAWN_FROM), drawn_from])


def first_round(cells: Iterable[Cell], per: Sequence[str], target: int) -> tuple[CellRows, ...]:
    """As many rows as are asked for: enough if every one is accepted."""
    return tuple(CellRows(cell=named(cell, per), rows=target) for cell in cells)


def next_round(shortfall: Shortfall) -> tuple[CellRows, ...]:
    """Rows for each short cell, by its own yield so far; none for one that is given up, or only waits for replies."""
    usual = (shortfall.accepted + shortfall.surplus) / shortfall.answered if shortfall.answered else 1.0
    return tuple(
        CellRows(cell=cell.cell, rows=rows_for(cell, usual))
        for cell in shortfall.cells
        if not cell.infeasible and cell.missing > cell.pending
    )


def kept_of(past: Rounds | None, recipe: str, asked_with: str, target: int) -> tuple[tuple[CellRows, ...], ...]:
    """The rounds that hold on: none of another recipe or a higher target, and of another model or prompt the first."""
    if past is None or past.recipe != recipe or (past.target is not None and target < past.target):
        return ()
    return past.rounds if past.asked_with in (None, asked_with) else past.rounds[:1]


def is_judged(rounds: Rounds, shortfall: Shortfall | None) -> bool:
    """Whether the shortfall tells of just these rounds, with their model, prompts and target."""
    return (
        shortfall is not None and shortfall.planned_by == rounds.planned_by and shortfall.rounds == len(rounds.rounds)
    )
