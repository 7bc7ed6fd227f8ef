"""What a quota still lacks, and what another pass can do about it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from synthetic_textcat.pipelines.quality_report.quota_standing import Standing
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, Rounds, ShortCell, Shortfall, named

_GIVEN_UP_AFTER = 2
"""Rounds without a good row after which a cell is infeasible."""

_FEW = 5
"""Rows without a reply that are planned anew even if no other row has one: so few cost little if a server was down."""

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
    waiting = [row for own in cells.values() for row in own.waiting]
    answered = sum(each.answered for own in cells.values() for each in own.rounds)
    lost = _lost(waiting, answered, previous)
    short = tuple(_short(cell, own, sampling, lost, replies) for cell, own in cells.items() if _lacks(own, sampling))
    not_run = sum(own.ends["not_run"] for own in cells.values())
    return Shortfall(
        recipe=rounds.recipe,
        asked_with=rounds.asked_with,
        rounds=len(rounds.rounds),
        target_accepted=sampling.target_accepted,
        asked=len(cells),
        accepted=sum(own.accepted for own in cells.values()),
        surplus=sum(own.ends["surplus"] for own in cells.values()),
        answered=answered,
        waiting=tuple(waiting),
        next=_next(short, not_run, may_plan=len(rounds.rounds) < sampling.max_rounds),
        cells=short,
    )


def _lost(waiting: Sequence[str], answered: int, previous: Shortfall | None) -> set[str]:
    """Rows that brought no reply when they were asked for again, while the server answered others: no more is hoped."""
    if previous is None or (answered <= previous.answered and len(waiting) > _FEW):
        return set()
    return set(waiting) & set(previous.waiting)


def _next(short: Sequence[ShortCell], not_run: int, *, may_plan: bool) -> Literal["round", "replies"] | None:
    """A round is planned only when every planned row has been asked for, and for what these can't bring any more."""
    hopeful = [cell for cell in short if not cell.infeasible]
    if not hopeful:
        return None
    if not_run:
        return "replies"
    if may_plan and any(cell.missing > cell.pending for cell in hopeful):
        return "round"
    return "replies" if any(cell.pending for cell in hopeful) else None


def _lacks(own: Standing, sampling: AttributeSamplingParameters) -> bool:
    return own.accepted < (sampling.target_accepted or 0)


def _short(
    cell: Cell, own: Standing, sampling: AttributeSamplingParameters, lost: set[str], replies: Replies
) -> ShortCell:
    infeasible = own.barren_rounds >= _GIVEN_UP_AFTER
    return ShortCell(
        cell=named(cell, sampling.per),
        accepted=own.accepted,
        missing=(sampling.target_accepted or 0) - own.accepted,
        planned=own.planned,
        pending=sum(row not in lost for row in own.waiting),
        causes=own.causes,
        barren=own.barren_rounds > 0,
        infeasible=infeasible,
        replies=replies(own.last) if infeasible else (),
    )
