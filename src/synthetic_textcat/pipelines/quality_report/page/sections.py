"""Sections of the report as `sections.yml` lists them: text, numbers and tables of signals."""

from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

from pydantic import TypeAdapter

from synthetic_textcat.pipelines.quality_report.page.heat_map import Sides
from synthetic_textcat.schemas.block import Block

Kind = Literal["text", "long", "name", "count", "share", "number", "bar", "box"]


class Column(NamedTuple):
    """Column of a table.

    Attributes:
        name: Name of the value in the signal's table.
        title: Column heading.
        kind: Display of the value: `bar` draws it, `box` draws a range with its median, `long` is text that needs room.
        low, high: Names of the ends of a box.
    """

    name: str
    title: str
    kind: Kind = "text"
    low: str = ""
    high: str = ""


class Number(NamedTuple):
    """Metric that is shown large."""

    metric: str
    title: str
    kind: Kind = "share"


class Table(Block):
    """Table of a signal: its name, the title above it, and its columns."""

    name: str
    title: str
    columns: tuple[Column, ...]


class Matrix(Block):
    """Table of a signal as a heat map.

    Attributes:
        name, title: As of a table.
        down, across: Names of the values that make its sides.
        value, full: Names of the value that is shown, and of the one that counts as full.
    """

    name: str
    title: str
    down: str
    across: str
    value: str
    full: str

    @property
    def sides(self) -> Sides:
        """Names by which the heat map reads an entry."""
        return Sides(self.down, self.across, self.value, self.full)


class Section(Block):
    """Part of the page.

    Attributes:
        title: Heading.
        text: What is measured, and how to read it.
        numbers, tables, matrices: Shown if there are any.
    """

    title: str
    text: str
    numbers: tuple[Number, ...] = ()
    tables: tuple[Table, ...] = ()
    matrices: tuple[Matrix, ...] = ()


@cache
def sections() -> tuple[Section, ...]:
    """All sections, in the order of the page."""
    import yaml

    text = resources.files(__package__).joinpath("sections.yml").read_text(encoding="utf-8")
    return TypeAdapter(tuple[Section, ...]).validate_python(yaml.safe_load(text))
