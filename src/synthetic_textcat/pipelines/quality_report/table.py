"""The quota as the page, the plots and MLflow have it."""

from collections.abc import Mapping, Sequence
from typing import Any

from synthetic_textcat.pipelines.quality_report.quota_standing import Standing
from synthetic_textcat.schemas.quota import ANY, Cell, Shortfall, named, shown, unnamed

MOST_LISTED = 200
MOST_SHOWN = 2_000
_MOST_CAUSES = 3
_SIDES = 2  # columns that make a matrix


def quota_metrics(shortfall: Shortfall) -> dict[str, float | None]:
    """How far the quota is.

    Returns:
        `quota/cells`, `quota/cells_done`, `quota/cells_infeasible`: cells asked for, with all their rows, and given up.
        `quota/missing`, `quota/surplus`: rows that cells lack, and good ones beyond the target.
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
        (good / planned), causes; at most `MOST_LISTED`, the emptiest first. `quota_matrix`, where two columns make a
        cell: one entry a cell with `down`, `across`, accepted, target; none if there are more than `MOST_SHOWN` cells.
        `quota_replies`: cell, reply; of cells that were given up, as the model wrote it.
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
    """The side with more values goes down."""
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
