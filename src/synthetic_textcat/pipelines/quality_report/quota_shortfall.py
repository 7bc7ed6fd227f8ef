"""Quota shortfall: missing rows of each cell, the next step to fill them, and the quota's metrics and tables."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from synthetic_textcat.pipelines.quality_report.quota_standing import Standing
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import ANY, Cell, Rounds, ShortCell, Shortfall, named, shown, unnamed

_GIVEN_UP_AFTER = 2
"""Rounds without a good row after which a cell is infeasible."""

_FEW = 5
"""Rows without a reply that are replaced even if no other row got one: few rows cost little after an outage."""

Replies = Callable[[Sequence[int]], tuple[str, ...]]
"""Raw replies of planned rows, by their positions in the plan."""

MOST_LISTED = 200
MOST_SHOWN = 2_000
_MOST_CAUSES = 3
_SIDES = 2  # columns that make a matrix


def shortfall_of(
    cells: Mapping[Cell, Standing],
    rounds: Rounds,
    previous: Shortfall | None,
    sampling: AttributeSamplingParameters,
    replies: Replies,
) -> Shortfall:
    """Shortfall of the quota: short cells, and the next step to fill them.

    Args:
        cells: Progress of each cell.
        rounds: Rounds of the plan.
        previous: Shortfall of the previous pass.
        sampling: The target, the columns of a cell and the limit of rounds.
        replies: Last replies for rows of a cell that is given up.
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
    """Rows without a reply in two passes although the server answered others; they are given up."""
    if previous is None or (answered <= previous.answered and len(waiting) > _FEW):
        return set()
    return set(waiting) & set(previous.waiting)


def _next(short: Sequence[ShortCell], not_run: int, *, may_plan: bool) -> Literal["round", "replies"] | None:
    """Next step: a new round only once every planned row was requested and open rows can't fill the quota."""
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
    infeasible = own.unproductive_rounds >= _GIVEN_UP_AFTER
    return ShortCell(
        cell=named(cell, sampling.per),
        accepted=own.accepted,
        missing=(sampling.target_accepted or 0) - own.accepted,
        planned=own.planned,
        pending=sum(row not in lost for row in own.waiting),
        causes=own.causes,
        unproductive=own.unproductive_rounds > 0,
        infeasible=infeasible,
        replies=replies(own.last) if infeasible else (),
    )


def quota_metrics(shortfall: Shortfall) -> dict[str, float | None]:
    """Metrics of the quota's progress.

    Returns:
        `quota/cells`, `quota/cells_done`, `quota/cells_infeasible`: all cells, complete cells, cells given up.
        `quota/missing`, `quota/surplus`: missing rows, and good rows beyond the target.
        `quota/rounds`: rounds planned.
    """
    return {
        "quota/cells": shortfall.asked,
        "quota/cells_done": shortfall.done,
        "quota/cells_infeasible": len(shortfall.infeasible),
        "quota/missing": shortfall.missing,
        "quota/surplus": shortfall.surplus,
        "quota/rounds": shortfall.rounds,
    }


def quota_tables(
    cells: Mapping[Cell, Standing], shortfall: Shortfall, per: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Tables of the quota.

    Returns:
        `quota`: cell, state (short, given up or done), accepted, target, missing, surplus, planned (rows), yield
        (good / planned), causes; at most `MOST_LISTED`, the most missing rows first. `quota_matrix`, if two columns
        define a cell: one entry per cell with `down`, `across`, accepted, target; empty for more than `MOST_SHOWN`
        cells. `quota_replies`: cell, reply; raw replies of cells that were given up.
    """
    given_up = {unnamed(cell.cell) for cell in shortfall.infeasible}
    target = shortfall.target_accepted
    lines = [_line(shown(named(cell, per)), own, target, cell in given_up) for cell, own in cells.items()]
    lines.sort(key=lambda line: (-line["missing"], line["state"] != "given up"))
    has_sides = len(per) == _SIDES and len(cells) <= MOST_SHOWN
    return {
        "quota": lines[:MOST_LISTED],
        "quota_matrix": _matrix(cells, target) if has_sides else [],
        "quota_replies": [
            {"cell": shown(cell.cell), "reply": reply}
            for cell in shortfall.infeasible[:MOST_LISTED]
            for reply in cell.replies
        ],
    }


def _line(cell: str, own: Standing, target: int, is_given_up: bool) -> dict[str, Any]:
    missing = target - own.accepted
    good = own.accepted + own.ends["surplus"]
    return {
        "cell": cell,
        "state": "done" if not missing else "given up" if is_given_up else "short",
        "accepted": own.accepted,
        "target": target,
        "missing": missing,
        "surplus": own.ends["surplus"],
        "planned": own.planned,
        "yield": good / own.planned,
        "causes": ", ".join(
            f"{name.replace('_', ' ')} ({rows})" for name, rows in list(own.causes.items())[:_MOST_CAUSES]
        ),
    }


def _matrix(cells: Mapping[Cell, Standing], target: int) -> list[dict[str, Any]]:
    """Entries of the quota matrix; the column with more values becomes the rows."""
    down, across = (1, 0) if len({cell[1] for cell in cells}) > len({cell[0] for cell in cells}) else (0, 1)
    return [
        {
            "down": cell[down] or ANY,
            "across": cell[across] or ANY,
            "accepted": own.accepted,
            "target": target,
        }
        for cell, own in cells.items()
    ]
