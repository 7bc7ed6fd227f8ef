"""Nodes of `compare`: pairing, changes, differences, and the comparison page."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from synthetic_textcat.pipelines.compare.agreement_differences import agreement_differences
from synthetic_textcat.pipelines.compare.changes import Changes, changes
from synthetic_textcat.pipelines.compare.differences import Difference, differences
from synthetic_textcat.pipelines.compare.evaluation_differences import evaluation_differences
from synthetic_textcat.pipelines.compare.page import Comparison, render_html, render_markdown
from synthetic_textcat.pipelines.compare.pairing import Pairing, pair, row_diffs
from synthetic_textcat.pipelines.compare.text_differences import diversity_differences, learnability_differences
from synthetic_textcat.schemas.run_records import RunRecord


class ComparedIds(NamedTuple):
    """Ids of both runs, for MLflow's tags of the comparison."""

    baseline: str
    candidate: str


def pair_rows(baseline_run: RunRecord, candidate_run: RunRecord) -> Pairing:
    """Rows of both runs, paired by request if possible."""
    return pair(baseline_run.outcomes, candidate_run.outcomes)


def name_runs(baseline_run: RunRecord, candidate_run: RunRecord) -> ComparedIds:
    """Ids of the compared runs."""
    return ComparedIds(baseline_run.run_id, candidate_run.run_id)


def find_changes(baseline_run: RunRecord, candidate_run: RunRecord) -> Changes:
    """Differences in parameters, prompts, tasks and code."""
    return changes(baseline_run, candidate_run)


def measure_differences(
    pairing: Pairing, baseline_run: RunRecord, candidate_run: RunRecord, seed: int
) -> list[dict[str, Any]]:
    """Differences in the results: one record per measure, fields as in `Difference`."""
    accepted = pairing.accepted
    found = (
        *evaluation_differences(baseline_run.evaluation, candidate_run.evaluation, seed),
        *differences(pairing, seed),
        *agreement_differences(pairing, baseline_run.verdicts, candidate_run.verdicts, seed),
        *diversity_differences(accepted),
        *learnability_differences(accepted, seed),
    )
    is_made_up = any(run.has_made_up_cost for run in (baseline_run, candidate_run))
    return [row._replace(made_up=is_made_up and row.unit == "USD")._asdict() for row in found]


def list_difference_metrics(found: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Differences and the bounds of their intervals as metrics for MLflow."""
    ends = {"": "difference", "/low": "low", "/high": "high"}
    return {f"compare/{row['measure']}{end}": row[name] for row in found for end, name in ends.items()}


def find_row_differences(pairing: Pairing) -> dict[str, list[dict[str, Any]]]:
    """Paired rows with different results."""
    return row_diffs(pairing)


def write_comparison(
    baseline_run: RunRecord,
    candidate_run: RunRecord,
    pairing: Pairing,
    changed: Changes,
    found: Sequence[Mapping[str, Any]],
    apart: Mapping[str, Sequence[Mapping[str, Any]]],
) -> tuple[str, str]:
    """Comparison page as HTML and as Markdown."""
    measured = [Difference(**row) for row in found]
    comparison = Comparison(baseline_run, candidate_run, pairing, changed, measured, apart)
    return render_html(comparison), render_markdown(comparison)
