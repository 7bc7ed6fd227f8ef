"""The report: one HTML file that opens from disk. Model text is data; the template engine escapes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synthetic_textcat.hashing import draw
from synthetic_textcat.pipelines.quality_report.ledger import Ledger
from synthetic_textcat.pipelines.quality_report.metrics import Metrics
from synthetic_textcat.pipelines.quality_report.page.plots import COLOURS, ends_of
from synthetic_textcat.schemas.prices import usd

SAMPLE_SIZE = 20
_LONGEST_TEXT = 600

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of single rows and tasks.

    Attributes:
        accepted, rejected, failed: A sample of each.
        own: Names of the rows' own attributes.
        tables: Of the signals, by name.
    """

    accepted: Rows = ()
    rejected: Rows = ()
    failed: Rows = ()
    own: Sequence[str] = ()
    tables: Mapping[str, Rows] = field(default_factory=dict)


def sample(rows: Rows, seed: int) -> Rows:
    """At most `SAMPLE_SIZE` rows, drawn by hash: the same rows on each run, whatever else there is."""
    return sorted(rows, key=lambda row: draw(seed, "sample", row["request_id"]))[:SAMPLE_SIZE]


def render(ledger: Ledger, metrics: Metrics, shown: Shown, model: str, banner: str | None, stopped_by: str = "") -> str:
    """The page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["shortened"] = _shortened
    pages.filters["usd"] = usd
    return pages.get_template("quality_report.html.jinja").render(
        ledger=ledger,
        metrics=metrics,
        ends=ends_of(ledger),
        colours=COLOURS,
        shown=shown,
        model=model,
        banner=banner,
        stopped_by=stopped_by,
    )


def _shortened(text: object) -> str:
    words = "" if text is None else str(text)
    return words if len(words) <= _LONGEST_TEXT else words[:_LONGEST_TEXT].rstrip() + " …"
