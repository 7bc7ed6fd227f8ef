"""What a quota still lacks, and whether another pass can bring it."""

from collections.abc import Callable, Mapping, Sequence

from synthetic_textcat.pipelines.quality_report.quota.standing import Standing, unanswered
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, Rounds, ShortCell, Shortfall, named

_GIVEN_UP_AFTER = 2
"""Rounds without a good row after which a cell is infeasible."""

Replies = Callable[[Sequence[int]], tuple[str, ...]]
"""The raw replies of some planned rows, by their positions."""


def shortfall_of(
    cells: Mapping[Cell, Standing],
    rounds: Rounds,
    previous: Shortfall | None,
    sampling: AttributeSamplingParameters,
    replies: Replies,
) -> Shortfall:
    """How far the quota is.

    Args:
        cells: Where each stands.
        rounds: Of the plan.
        previous: What the pass before found.
        sampling: The target, the columns of a cell and the limit of rounds.
        replies: The model's last words on rows of a cell that is given up.
    """
    assert sampling.target_accepted is not None
    target = sampling.target_accepted
    short = tuple(
        _short(cell, own, sampling.per, target, replies) for cell, own in cells.items() if own.accepted < target
    )
    is_same_plan = previous is not None and (previous.recipe, previous.rounds) == (rounds.recipe, len(rounds.rounds))
    found = Shortfall(
        recipe=rounds.recipe,
        rounds=len(rounds.rounds),
        target_accepted=target,
        asked=len(cells),
        accepted=sum(own.accepted for own in cells.values()),
        surplus=sum(own.ends["surplus"] for own in cells.values()),
        run=sum(own.planned - own.ends["not_run"] for own in cells.values()),
        unanswered=unanswered(cells),
        passes=previous.passes + 1 if previous is not None and is_same_plan else 1,
        goes_on=False,
        cells=short,
    )
    hopeful = any(not cell.infeasible for cell in short)
    return found.model_copy(
        update={"goes_on": hopeful and (not found.is_settled or found.rounds < sampling.max_rounds)}
    )


def _short(cell: Cell, own: Standing, per: Sequence[str], target: int, replies: Replies) -> ShortCell:
    infeasible = own.barren_rounds >= _GIVEN_UP_AFTER
    return ShortCell(
        cell=named(cell, per),
        accepted=own.accepted,
        missing=target - own.accepted,
        planned=own.planned,
        causes=own.causes,
        barren=own.barren_rounds > 0,
        infeasible=infeasible,
        replies=replies(own.rows) if infeasible else (),
    )
