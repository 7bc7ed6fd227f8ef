"""Which task, language or value a concern is about: the worst line of a signal's table."""

from collections.abc import Mapping, Sequence
from typing import Any

from synthetic_textcat.pipelines.quality_report.signals.labels import ENOUGH
from synthetic_textcat.pipelines.quality_report.signals.language_agreement import MIN_ROWS

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def nobody(_: Tables) -> str:
    """No one in particular."""
    return ""


def worst_language(tables: Tables) -> str:
    """The language with the lowest agreement, of those with rows enough."""
    rows = [
        row
        for row in tables.get("language_agreement", ())
        if row["agreement"] is not None and row["agrees"] + row["wrong"] >= MIN_ROWS
    ]
    return min(rows, key=lambda row: row["agreement"])["language"] if rows else ""


def least_even_task(tables: Tables) -> str:
    """The task with the lowest entropy of its labels, of those with rows enough."""
    rows = [
        row
        for row in tables.get("label_balance", ())
        if row["entropy"] is not None and row["rows"] >= ENOUGH * row["labels"]
    ]
    return min(rows, key=lambda row: row["entropy"])["task"] if rows else ""


def worst_value(tables: Tables) -> str:
    """The value whose share differs most from the planned one; the table begins with it."""
    first = next(iter(tables.get("coverage", ())), None)
    return f"{first['attribute']} {first['value']}" if first else ""
