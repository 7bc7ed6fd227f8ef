"""Comparison page in HTML and Markdown, with the evaluations of both runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from synthetic_textcat.pages import rendering
from synthetic_textcat.pipelines.compare.agreement_differences import PREFIX
from synthetic_textcat.pipelines.compare.changes import Changes
from synthetic_textcat.pipelines.compare.differences import Difference
from synthetic_textcat.pipelines.compare.evaluation_differences import MEASURE, MICRO
from synthetic_textcat.pipelines.compare.pairing import Pairing
from synthetic_textcat.schemas.prices import usd
from synthetic_textcat.schemas.run_records import Evaluation, RunRecord
from synthetic_textcat.text.diversity import MEASURES
from synthetic_textcat.text.intervals import CONFIDENCE

_SHARED_METRICS = (
    "language/",
    "diversity/",
    "learnability/macro_f1",
    "learnability/micro_f1",
    "shortcut/",
    "length/in_bucket",
    "label/agreement",
)
_EXCLUDED_METRICS = (  # of one task, or vs. other runs
    *("/task/", "/vs_", "_low", "_high"),
    *("learnability/macro_f1/", "learnability/micro_f1/"),
)
_EVALUATION_METRICS = ("real/", "train/")
_ENDS = ("_low", "_high")
_BY_TASK = (f"{MEASURE}/", f"{MICRO}/")
_COUNTS = ("rows", "tasks", "_exact", "_near", "left_out")


@dataclass(frozen=True)
class Comparison:
    """Content of the comparison page.

    Attributes:
        baseline, candidate: The runs.
        pairing: Their rows.
        changes: Changed inputs.
        differences: Differences in the results, with intervals; corpus-level measures have a basis.
        apart: Paired rows with different results, as in `pairing.row_diffs`.
    """

    baseline: RunRecord
    candidate: RunRecord
    pairing: Pairing
    changes: Changes
    differences: Sequence[Difference]
    apart: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def on_real_rows(self) -> list[Difference]:
        """Differences in the scores on the user's real rows."""
        return [row for row in self.differences if row.measure.startswith((MEASURE, MICRO))]

    @property
    def in_labels(self) -> list[Difference]:
        """Differences in a judge's opinion of the labels."""
        return [row for row in self.differences if row.measure.startswith(PREFIX)]

    @property
    def of_corpus(self) -> list[Difference]:
        """Differences in measures of the corpus as a whole."""
        return [row for row in self.differences if row.basis and not row.measure.startswith((MEASURE, MICRO, PREFIX))]

    @property
    def metrics(self) -> list[tuple[str, float | None, float | None]]:
        """Other corpus-level metrics of both runs, without intervals: name, baseline, candidate."""
        runs = (self.baseline.metrics, self.candidate.metrics)
        names = sorted({*runs[0], *runs[1]} - {row.measure for row in self.differences})
        shared = (name for name in names if name.startswith(_SHARED_METRICS))
        shown_names = (name for name in shared if not any(part in name for part in _EXCLUDED_METRICS))
        return [(name, runs[0].get(name), runs[1].get(name)) for name in shown_names]


def render_html(comparison: Comparison) -> str:
    """`comparison.html`."""
    return rendering.render_page(__package__, "comparison.html.jinja", **_values(comparison))


def render_markdown(comparison: Comparison) -> str:
    """`comparison.md`: changes and differences, without generated texts."""
    return rendering.render_markdown(__package__, "comparison.md.jinja", **_values(comparison))


def _values(comparison: Comparison) -> dict[str, Any]:
    return {
        "comparison": comparison,
        "baseline": comparison.baseline,
        "candidate": comparison.candidate,
        "changes": comparison.changes,
        "made_up": [run.name for run in (comparison.baseline, comparison.candidate) if run.has_made_up_cost],
        "confidence": CONFIDENCE,
        "evaluation_metrics": evaluation_metrics(comparison.baseline, comparison.candidate),
        "caveats": list(caveats(comparison.baseline, comparison.candidate)),
        "value": value,
        "verdict": _verdict,
        "better": {end: _better(comparison.differences, end) for end in ("higher", "lower")},
    }


def value(number: float | None, unit: str, signed: bool = False) -> str:
    """Number formatted with its unit; signed if it is a difference."""
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
    """Verdict on a difference: whether its interval excludes zero."""
    if difference.low is None or difference.high is None:
        return ""
    if difference.low > 0:
        return "higher"
    return "lower" if difference.high < 0 else "no clear difference"


def _better(found: Sequence[Difference], end: str) -> str:
    """Names of the found diversity measures for which the higher, or lower, value means more diversity."""
    measures = {row.measure for row in found}
    names = (name for name, measure in MEASURES.items() if measure.better == end and f"diversity/{name}" in measures)
    return ", ".join(name.replace("_", " ") for name in names)


class EvaluationMetric(NamedTuple):
    """Metric of both runs' evaluations, with its interval if it has one; None if a run lacks it."""

    metric: str
    baseline: str | None
    candidate: str | None


def evaluation_metrics(baseline: RunRecord, candidate: RunRecord) -> list[EvaluationMetric]:
    """Metrics of the evaluations, scores on real rows first; empty if neither run was evaluated."""
    evaluations = (baseline.evaluation, candidate.evaluation)
    names = {name for found in evaluations if found for name in found.metrics if name.startswith(_EVALUATION_METRICS)}
    shown_names = sorted(name for name in names if not name.endswith(_ENDS) and not name.startswith(_BY_TASK))
    return [EvaluationMetric(name, *(_shown(found, name) for found in evaluations)) for name in shown_names]


def caveats(baseline: RunRecord, candidate: RunRecord) -> Iterator[str]:
    """Caveats about comparing the evaluations; empty if they are comparable, or if there are none."""
    one, other = baseline.evaluation, candidate.evaluation
    if one and other:
        if one.real_rows != other.real_rows:
            yield "The runs were evaluated on different evaluation sets: their scores on real rows don't compare."
        if one.model != other.model:
            yield f"The runs were evaluated with different models ({one.model}, {other.model}): scores don't compare."
    elif one or other:
        lacking = "baseline" if other else "candidate"
        yield f"The rows of the {lacking} were not evaluated: run evaluate after each generate, before the next one."


def _shown(found: Evaluation | None, name: str) -> str | None:
    if found is None or name not in found.metrics:
        return None
    low, high = (found.metrics.get(f"{name}{end}") for end in _ENDS)
    interval = f" ({low:.3f} to {high:.3f})" if low is not None and high is not None else ""
    return _number(name, found.metrics[name]) + interval


def _number(name: str, value: float) -> str:
    return f"{value:,.0f}" if name.endswith(_COUNTS) else f"{value:.3f}"
