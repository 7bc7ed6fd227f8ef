"""Wiring of `quality_report`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.quality_report.checks.nodes import check_candidates, check_rows
from synthetic_textcat.pipelines.quality_report.nodes import (
    assess_run,
    build_ledger,
    list_outcomes,
    measure,
    measure_quota,
    name_answering_model,
    name_stop,
    plot_signals,
    plot_yield,
    write_report,
)
from synthetic_textcat.pipelines.quality_report.page.plots import SIGNAL_FIGURES
from synthetic_textcat.pipelines.quality_report.signals.nodes import (
    count_reference_texts,
    gather_corpus,
    measure_agreement,
    measure_diversity,
    measure_fidelity,
    measure_labels,
)
from synthetic_textcat.schemas.run_records import ASKING_PROMPTS, SEVERAL_LABELS_PROMPT

_CANDIDATES = ["examples", "surplus", "rejected"]
_SIGNALS = ["quota", "fidelity", "label_signals", "agreement", "diversity"]
_PLOTS = [f"{name}_plot" for name in SIGNAL_FIGURES]


def create_row_checks() -> Pipeline:
    """`candidates` in; `checked_rows` out, for the judge and the report."""
    return Pipeline(
        [
            node(
                check_rows,
                inputs=[
                    "candidates",
                    "requests",
                    "tasks",
                    "params:quality_report",
                    "work_pool",
                    *ASKING_PROMPTS,
                    SEVERAL_LABELS_PROMPT,
                ],
                outputs="checked_rows",
                name="check_rows",
                tags="pilot",
            ),
        ],
        tags="quality_report",
    )


def create_pipeline() -> Pipeline:
    """`checked_rows`, `label_verdicts` and `failed` in; `examples`, `ledger`, `metrics`, plots and report out."""
    return Pipeline(
        [
            node(
                check_candidates,
                inputs=[
                    "checked_rows",
                    "requests",
                    "tasks",
                    "label_verdicts",
                    "params:quality_report",
                    "params:label_check",
                    "quota_slots",
                    "params:attribute_sampling",
                    "work_pool",
                ],
                outputs=["examples", "surplus", "rejected", "findings"],
                name="check_candidates",
                tags="pilot",
            ),
            node(
                build_ledger,
                inputs=["outcomes", "calls", "batch_record"],
                outputs="ledger",
                name="build_ledger",
            ),
            node(
                list_outcomes,
                inputs=[
                    "requests",
                    "calls",
                    "paid_calls",
                    "completions",
                    *_CANDIDATES,
                    "findings",
                    "failed",
                    "prices",
                ],
                outputs="outcomes",
                name="list_outcomes",
                tags="pilot",
            ),
            node(
                measure_quota,
                inputs=[
                    "requests",
                    "outcomes",
                    "calls",
                    "paid_calls",
                    "completions",
                    "rounds",
                    "quota_slots",
                    "tasks",
                    "previous_shortfall",
                    "params:attribute_sampling",
                    "stops",
                ],
                outputs=["quota", "shortfall"],
                name="measure_quota",
            ),
            node(
                gather_corpus,
                inputs=[
                    "examples",
                    "rejected",
                    "requests",
                    "findings",
                    "outcomes",
                    "tasks",
                    "ledger",
                    "params:quality_report",
                    "params:seed",
                    "params:attribute_sampling",
                    "quota_slots",
                ],
                outputs="corpus",
                name="gather_corpus",
            ),
            node(measure_fidelity, inputs="corpus", outputs="fidelity", name="measure_fidelity"),
            node(measure_labels, inputs="corpus", outputs="label_signals", name="measure_labels"),
            node(
                measure_agreement,
                inputs=[*_CANDIDATES, "label_verdicts", "unjudged", "tasks"],
                outputs="agreement",
                name="measure_agreement",
            ),
            node(
                count_reference_texts,
                inputs="reference_texts",
                outputs="reference_count",
                name="count_reference_texts",
            ),
            node(
                measure_diversity,
                inputs=["corpus", "reference_texts", "previous_diversity"],
                outputs="diversity",
                name="measure_diversity",
            ),
            node(
                measure,
                inputs=[
                    "ledger",
                    "outcomes",
                    "requests",
                    "calls",
                    "paid_calls",
                    "completions",
                    "brainstorm_completions",
                    "verdict_completions",
                    "verdict_calls",
                    "unjudged",
                    "prices",
                    "params:llm",
                    "params:label_check",
                    "run_id",
                    *_SIGNALS,
                ],
                outputs="metrics",
                name="measure",
            ),
            node(
                assess_run,
                inputs=["ledger", "metrics", "outcomes", "failed", "params:quality_report", "stops", *_SIGNALS],
                outputs="concerns",
                name="assess_run",
            ),
            node(name_stop, inputs=["metrics", "params:generation", "stops"], outputs="stopped_by", name="name_stop"),
            node(
                name_answering_model,
                inputs=["metrics", "stops"],
                outputs="answering_model",
                name="name_answering_model",
            ),
            node(plot_yield, inputs="ledger", outputs="yield_plot", name="plot_yield"),
            node(plot_signals, inputs=_SIGNALS, outputs=_PLOTS, name="plot_signals"),
            node(
                write_report,
                inputs=[
                    "ledger",
                    "metrics",
                    "concerns",
                    *_CANDIDATES,
                    "failed",
                    "tasks",
                    "stopped_by",
                    "stops",
                    "params:llm",
                    *_SIGNALS,
                ],
                outputs="quality_report",
                name="write_report",
            ),
        ],
        tags="quality_report",
    )
