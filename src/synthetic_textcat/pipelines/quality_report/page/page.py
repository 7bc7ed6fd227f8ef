"""The report: one HTML file that opens from disk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synthetic_textcat.pages import render_page
from synthetic_textcat.pipelines.quality_report.concern import Concern
from synthetic_textcat.pipelines.quality_report.ledger import Ledger
from synthetic_textcat.pipelines.quality_report.metrics import Metrics
from synthetic_textcat.pipelines.quality_report.page.ends import ends_of
from synthetic_textcat.pipelines.quality_report.page.layout import Section
from synthetic_textcat.pipelines.quality_report.page.sections import SECTIONS
from synthetic_textcat.pipelines.quality_report.page.shown_rows import ShownRow

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page shows.

    Attributes:
        ledger, metrics, concerns: Of the run.
        model: As asked for.
        banner: Said first where templates wrote the text.
        stopped_by: What ended the run before its end, in a sentence that begins after these words; empty if nothing.
        tables: Of the signals, by name.
        accepted, rejected, failed: Rows at random.
        worst: By signal, the rows it points at.
    """

    ledger: Ledger
    metrics: Metrics
    concerns: Sequence[Concern] = ()
    model: str = ""
    banner: str | None = None
    stopped_by: str = ""
    tables: Mapping[str, Rows] = field(default_factory=dict)
    accepted: Sequence[ShownRow] = ()
    rejected: Sequence[ShownRow] = ()
    failed: Sequence[ShownRow] = ()
    worst: Mapping[str, Sequence[ShownRow]] = field(default_factory=dict)


def render(report: Report) -> str:
    """The page."""
    return render_page(
        __package__,
        "quality_report.html.jinja",
        report=report,
        ledger=report.ledger,
        metrics=report.metrics,
        ends=ends_of(report.ledger),
        sections=list(_with_content(report)),
        random=[("accepted", report.accepted), ("rejected", report.rejected), ("failed", report.failed)],
    )


def _with_content(report: Report) -> Iterator[Section]:
    """The sections that have anything to show."""
    for section in SECTIONS:
        if any(report.tables.get(table.name) for table in section.tables) or any(
            report.metrics.get(number.metric) is not None for number in section.numbers
        ):
            yield section
