"""Layout of a report section: text, numbers and tables of a signal."""

from dataclasses import dataclass
from typing import Literal

from synthetic_textcat.pipelines.quality_report.ledger import Ledger

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


TASK, NOTE = (Column(name, name, is_long=True) for name in ("task", "note"))
ROWS, LABELS = (Column(name, name, "count") for name in ("rows", "labels"))
LANGUAGE = Column("language", "language")


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


def ends_of(ledger: Ledger) -> list[tuple[str, str, int]]:
    """Each end of a row that occurs: outcome, its name to show, rows; accepted first, then by number of rows."""
    rejected = [("rejected", reason, rows) for reason, rows in ledger["rejected"].items()]
    failed = [("failed", cause, rows) for cause, rows in ledger["failed"].items()]
    others = [("not_run", "not run", ledger["not_run"]), ("surplus", "surplus", ledger["surplus"])]
    rest = [end for end in others if end[2]]
    return [("accepted", "accepted", ledger["accepted"]), *sorted([*rejected, *failed, *rest], key=lambda end: -end[2])]
