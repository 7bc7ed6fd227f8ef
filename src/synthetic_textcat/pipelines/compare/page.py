"""The comparison as a page, and as Markdown for a pull request or a notebook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synthetic_textcat.pages import rendering
from synthetic_textcat.pipelines.compare.bootstrapping import CONFIDENCE
from synthetic_textcat.pipelines.compare.changes import Changes
from synthetic_textcat.pipelines.compare.differences import Difference
from synthetic_textcat.pipelines.compare.evaluations import caveats, trained
from synthetic_textcat.pipelines.compare.pairing import Pairing
from synthetic_textcat.schemas.prices import usd
from synthetic_textcat.schemas.run_records import RunRecord
from synthetic_textcat.text.diversity import MEASURES

_SHARED_METRICS = ("language/", "diversity/", "learnability/macro_f1", "shortcut/", "length/in_bucket")
_NOT_TOLD = ("/task/", "/vs_", "_low", "_high", "learnability/macro_f1/")  # of one task, or compared with other runs


@dataclass(frozen=True)
class Comparison:
    """All that is shown.

    Attributes:
        baseline, candidate: The runs.
        pairing: Their rows.
        changes: What was changed between them.
        differences: What came of it, with intervals; those with a basis are measures of the whole.
        apart: Rows side by side, as in `apart.rows_apart`.
    """

    baseline: RunRecord
    candidate: RunRecord
    pairing: Pairing
    changes: Changes
    differences: Sequence[Difference]
    apart: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def metrics(self) -> list[tuple[str, float | None, float | None]]:
        """What else the runs recorded of the whole, without an interval: name, baseline, candidate; none by task."""
        runs = (self.baseline.metrics, self.candidate.metrics)
        names = sorted({*runs[0], *runs[1]} - {row.measure for row in self.differences})
        told = (name for name in names if name.startswith(_SHARED_METRICS) and not any(x in name for x in _NOT_TOLD))
        return [(name, runs[0].get(name), runs[1].get(name)) for name in told]


def render_html(comparison: Comparison) -> str:
    """`comparison.html`."""
    return rendering.render_page(__package__, "comparison.html.jinja", **_values(comparison))


def render_markdown(comparison: Comparison) -> str:
    """`comparison.md`: what changed and what came of it, without texts of the model."""
    return rendering.render_markdown(__package__, "comparison.md.jinja", {}, **_values(comparison))


def _values(comparison: Comparison) -> dict[str, Any]:
    return {
        "comparison": comparison,
        "baseline": comparison.baseline,
        "candidate": comparison.candidate,
        "changes": comparison.changes,
        "confidence": CONFIDENCE,
        "trained": trained(comparison.baseline, comparison.candidate),
        "caveats": list(caveats(comparison.baseline, comparison.candidate)),
        "value": value,
        "verdict": _verdict,
        "better": {end: _better(comparison.differences, end) for end in ("higher", "lower")},
    }


def value(number: float | None, unit: str, signed: bool = False) -> str:
    """A number with its unit; the sign where it is a difference."""
    if number is None:
        return "unknown"
    sign = "+" if signed and number > 0 else ""
    match unit:
        case "share":
            return f"{sign}{number:.1%}"
        case "USD":
            return f"{'-' if number < 0 else sign}{usd(abs(number))}"
        case "score":
            return f"{sign}{number:,.3f}"
        case _:
            return f"{sign}{number:,.2f}"


def _verdict(difference: Difference) -> str:
    """In a word, whether the interval leaves out zero."""
    if difference.low is None or difference.high is None:
        return ""
    if difference.low > 0:
        return "higher"
    return "lower" if difference.high < 0 else "no clear difference"


def _better(found: Sequence[Difference], end: str) -> str:
    """The measures of diversity that were found whose higher, or lower, end is the more diverse, in words."""
    told = {row.measure for row in found}
    names = (name for name, measure in MEASURES.items() if measure.better == end and f"diversity/{name}" in told)
    return ", ".join(name.replace("_", " ") for name in names)
