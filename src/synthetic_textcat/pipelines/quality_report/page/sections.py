"""Sections of the report as `sections.yml` lists them, and the meanings of outcomes in `meanings.yml`."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter

from synthetic_textcat.pipelines.quality_report.page.heat_maps import Sides
from synthetic_textcat.schemas.block import Block

Kind = Literal["text", "long", "name", "count", "share", "number", "bar", "box"]


class Column(NamedTuple):
    """Column of a table.

    Attributes:
        name: Name of the value in the signal's table.
        title: Column heading.
        kind: Display of the value: `bar` draws it, `box` draws a range with its median, `long` is text that needs room.
        low, high: Names of the ends of a box; `high` of a bar: of the value that fills it, else the column's largest.
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

    def columns_in(self, rows: Sequence[Mapping[str, Any]]) -> list[Column]:
        """The columns of which a row has a value: some are of tasks with several labels a text alone."""
        return [column for column in self.columns if any(column.name in row for row in rows)]


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
        together: Table of the pairs of labels that texts have, as heat maps; empty for none.
        confusions, pairs: Tables of a judge's confusion matrices, and of labels that it mixes up; empty for none.
        only_with: Metric without which the section has nothing to say: at null or 0 it is left out.
    """

    title: str
    text: str
    numbers: tuple[Number, ...] = ()
    tables: tuple[Table, ...] = ()
    matrices: tuple[Matrix, ...] = ()
    together: str = ""
    confusions: str = ""
    pairs: str = ""
    only_with: str = ""


@cache
def sections() -> tuple[Section, ...]:
    """All sections, in the order of the page."""
    return TypeAdapter(tuple[Section, ...]).validate_python(_read("sections.yml"))


@cache
def meanings() -> dict[str, str]:
    """Meaning of each outcome, reject reason and failure cause, in plain words."""
    return TypeAdapter(dict[str, str]).validate_python(_read("meanings.yml"))


def _read(name: str) -> object:
    import yaml

    return yaml.safe_load(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))
