"""Heat map of a table with one entry for each cell: its sides, the worst rows first, for the page and the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Entry = Mapping[str, Any]

_MOST_FILLED = 0.6
"""Share of filled cells up to which the sides count as nested: two tasks with labels of their own fill half."""


class Sides(NamedTuple):
    """Names of the values in an entry: those of its row and column, its number, and the number that counts as full."""

    down: str
    across: str
    value: str
    full: str


QUOTA_SIDES = Sides("down", "across", "accepted", "target")
"""Of the table `quota_matrix`."""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Heat map.

    Attributes:
        across: Column names, in the order of the table.
        rows: By row name, the entry of each column, None where the table has none. The least filled rows come first.
    """

    across: Sequence[str]
    rows: Mapping[str, Sequence[Entry | None]]

    @property
    def is_nested(self) -> bool:
        """Whether most cells are empty, as with labels that belong to one task each: then groups read better."""
        filled = sum(entry is not None for row in self.rows.values() for entry in row)
        return filled <= _MOST_FILLED * len(self.rows) * len(self.across)

    @property
    def groups(self) -> dict[str, dict[str, Entry]]:
        """Entries by column and row name, without the empty cells."""
        return {
            column: {name: entry for name, row in self.rows.items() if (entry := row[place]) is not None}
            for place, column in enumerate(self.across)
        }


def heat_map(table: Sequence[Entry], sides: Sides) -> HeatMap:
    """Heat map of a table.

    Args:
        table: One entry for each cell.
        sides: Names of the values in an entry.
    """
    across = [*dict.fromkeys(entry[sides.across] for entry in table)]
    found: dict[str, dict[str, Entry]] = {}
    for entry in table:
        found.setdefault(entry[sides.down], {})[entry[sides.across]] = entry
    worst_first = sorted(
        found,
        key=lambda down: filled_share(
            *(sum(entry[name] for entry in found[down].values()) for name in (sides.value, sides.full))
        ),
    )
    return HeatMap(across, {down: [found[down].get(column) for column in across] for down in worst_first})


def filled_share(value: float, full: float) -> float:
    """Filled share of a cell or a row; full if a quota's proportions ask for no row of it."""
    return value / full if full else 1.0
