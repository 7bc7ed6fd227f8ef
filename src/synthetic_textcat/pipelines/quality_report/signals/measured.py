"""What a signal gives back: numbers to compare runs by, tables to show, and the rows to look at first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

from synthetic_textcat.pipelines.quality_report.metrics import Metrics

WORST = 20
"""Rows shown of each signal."""


class WorstRow(TypedDict):
    """A row that a signal points at.

    Attributes:
        request_id: An accepted row's, or a rejected one's where the signal is about these.
        detail: What is wrong with it, in a few words.
    """

    request_id: str
    detail: str


class Measured(NamedTuple):
    """Of one signal, or of several.

    Attributes:
        metrics: By name, grouped by `/`; null where it can't be computed.
        tables: By name, rows of plain values: what the page and the plots show.
        worst: By signal, at most `WORST` rows, the worst first.
    """

    metrics: Metrics
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = {}
    worst: Mapping[str, Sequence[WorstRow]] = {}


def together(parts: Iterable[Measured]) -> Measured:
    """All parts in one."""
    metrics: Metrics = {}
    tables: dict[str, Sequence[Mapping[str, Any]]] = {}
    worst: dict[str, Sequence[WorstRow]] = {}
    for part in parts:
        metrics |= part.metrics
        tables |= part.tables
        worst |= part.worst
    return Measured(metrics, tables, worst)


def slug(value: str) -> str:
    """A value of an attribute as part of a metric's name: `less_than_10`."""
    return value.casefold().replace(" ", "_")
