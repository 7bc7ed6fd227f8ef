"""How many rows a round plans in a cell: the rule of those who plan, and of those who foresee what it will take."""

from math import ceil, log

from synthetic_textcat.schemas.quota import ShortCell

_USUAL_ROWS = 5
_MOST_FOR_ONE = 10  # rows for one that is missing: a lower yield had better be looked at before it is paid for
_MISFORTUNE = 0.01  # the chance at which a second round without a row is no longer put down to bad luck
_MOST_FOR_CERTAINTY = 20


def rows_for(cell: ShortCell, usual: float) -> int:
    """By the cell's yield: of few rows it says little, so it is taken together with some rows of the usual yield."""
    needed, answered = cell.missing - cell.pending, cell.planned - cell.pending
    accepted_share = (cell.accepted + _USUAL_ROWS * usual) / (answered + _USUAL_ROWS)
    if not cell.barren:
        return min(ceil(needed / accepted_share), _MOST_FOR_ONE * needed) if accepted_share else needed
    by_yield = ceil(needed / accepted_share) if cell.accepted else min(needed, _MOST_FOR_CERTAINTY)
    rows = max(by_yield, _for_certainty(accepted_share))
    return min(rows, max(_MOST_FOR_ONE * needed, _MOST_FOR_CERTAINTY))


def _for_certainty(accepted_share: float) -> int:
    """Rows of which one at least is accepted, but for bad luck."""
    if accepted_share >= 1:
        return 1
    return min(_MOST_FOR_CERTAINTY, ceil(log(_MISFORTUNE) / log(1 - accepted_share))) if accepted_share else 1
