"""What a section of the page is: words, numbers and tables of a signal."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "name", "count", "share", "number", "bar", "box"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: Of the value in the signal's table.
        title: Shown above.
        kind: How the value is read: `bar` draws it, `box` draws a range with its median.
        low, high: For a box, the names of the range's ends.
        is_long: Text that needs room.
    """

    name: str
    title: str
    kind: Kind = "text"
    low: str = ""
    high: str = ""
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a signal: its name, what stands above it, and its columns."""

    name: str
    title: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A table of a signal as a heat map.

    Attributes:
        name, title: As of a table.
        down, across: The names of the values that make its sides.
        value, full: What is shown, and what counts as full.
    """

    name: str
    title: str
    down: str
    across: str
    value: str
    full: str


@dataclass(frozen=True, slots=True)
class Number:
    """A metric that is shown large."""

    metric: str
    title: str
    kind: Kind = "share"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        title: Its heading.
        text: What is measured, and how to read it.
        numbers, tables, matrices: Shown if there are any.
    """

    title: str
    text: str
    numbers: tuple[Number, ...] = ()
    tables: tuple[Table, ...] = ()
    matrices: tuple[Matrix, ...] = ()
