"""How many rows a quota takes at a yield: its rounds, played through."""

from itertools import islice

from synthetic_textcat.hashing import draws
from synthetic_textcat.schemas.quota import ShortCell
from synthetic_textcat.schemas.round_size import rows_for

_DRAWS = 200_000
"""Rows that are played at most, or a hundred cells: many cells are foreseen by some of them, and a few by turns."""

_FEWEST_CELLS = 100
_MOST_ROUNDS = 20


def rows_of_quota(cells: int, target: int, share: float) -> float:
    """Rows that are planned until each cell has its target, on average; every row is accepted with the same chance.

    Args:
        cells: How many there are.
        target: Accepted rows of each.
        share: The yield, above 0.
    """
    played = max(_FEWEST_CELLS, int(_DRAWS * share / target))
    played = min(played, max(cells, _FEWEST_CELLS))
    return cells * sum(_rows_of_cell(number, target, share) for number in range(played)) / played


def _rows_of_cell(number: int, target: int, share: float) -> int:
    chances = draws("quote", number, target)
    cell = ShortCell(cell={}, accepted=0, missing=target, planned=0, causes={})
    rows = target
    for _ in range(_MOST_ROUNDS):
        good = sum(chance < share for chance in islice(chances, rows))
        accepted, planned = cell.accepted + good, cell.planned + rows
        if accepted >= target:
            return planned
        cell = cell.model_copy(
            update={"accepted": accepted, "missing": target - accepted, "planned": planned, "barren": not good}
        )
        rows = rows_for(cell, share)
    return cell.planned
