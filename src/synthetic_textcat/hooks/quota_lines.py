"""How a quota ended, in lines to be read."""

import textwrap
from collections.abc import Iterator

from synthetic_textcat.schemas.quota import ShortCell, Shortfall, counted, shown

_MOST_SHOWN = 3
_MOST_CAUSES = 2


def quota_lines(shortfall: Shortfall) -> Iterator[str]:
    """Cells that are full, given up and short, within 80 columns."""
    filled = f"{shortfall.done:,} of {counted(shortfall.asked, 'cell')} full, {shortfall.target_accepted:,} rows each"
    yield f"quota     {filled}, in {counted(shortfall.rounds, 'round')}"
    given_up = shortfall.infeasible
    for cell in given_up[:_MOST_SHOWN]:
        yield from textwrap.wrap(_why(cell), 80, initial_indent="given up  ", subsequent_indent=" " * 10)
    if len(given_up) > _MOST_SHOWN:
        yield f"          and {counted(len(given_up) - _MOST_SHOWN, 'more cell')}: see the report"
    short = [cell.missing for cell in shortfall.cells if not cell.infeasible]
    if short:
        yield f"short     {counted(sum(short), 'row')} in {counted(len(short), 'cell')}"


def _why(cell: ShortCell) -> str:
    causes = list(cell.causes.items())[:_MOST_CAUSES]
    return f"{shown(cell.cell)}: {', '.join(f'{name} {rows:,}' for name, rows in causes)}"
