"""Wiring of `quality_report`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.quality_report.nodes import (
    build_ledger,
    check_candidates,
    gather_corpus,
    list_outcomes,
    measure,
    measure_diversity,
    measure_fidelity,
    measure_labels,
    name_cap,
    plot_yield,
    write_report,
)

_SIGNALS = ["fidelity", "label_signals", "diversity"]


def create_pipeline() -> Pipeline:
    """`candidates` and `failed` in; `examples`, `rejected`, `ledger`, `metrics`, plot and report out."""
    return Pipeline(
        [
            node(
                check_candidates,
                inputs=["candidates", "requests", "tasks", "params:quality_report"],
                outputs=["examples", "rejected", "findings"],
                name="check_candidates",
            ),
            node(
                build_ledger,
                inputs=["requests", "examples", "rejected", "failed"],
                outputs="ledger",
                name="build_ledger",
            ),
            node(
                list_outcomes,
                inputs=["requests", "calls", "completions", "examples", "rejected", "failed", "prices"],
                outputs="outcomes",
                name="list_outcomes",
            ),
            node(
                gather_corpus,
                inputs=["examples", "requests", "findings", "tasks", "params:quality_report", "params:seed"],
                outputs="corpus",
                name="gather_corpus",
            ),
            node(measure_fidelity, inputs="corpus", outputs="fidelity", name="measure_fidelity"),
            node(measure_labels, inputs="corpus", outputs="label_signals", name="measure_labels"),
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
                    "requests",
                    "examples",
                    "completions",
                    "brainstorm_completions",
                    "prices",
                    "params:llm",
                    "run_id",
                    *_SIGNALS,
                ],
                outputs="metrics",
                name="measure",
            ),
            node(name_cap, inputs=["metrics", "params:generation"], outputs="stopped_by", name="name_cap"),
            node(plot_yield, inputs="ledger", outputs="yield_plot", name="plot_yield"),
            node(
                write_report,
                inputs=[
                    "ledger",
                    "metrics",
                    "examples",
                    "rejected",
                    "failed",
                    "stopped_by",
                    "params:llm",
                    "params:seed",
                    *_SIGNALS,
                ],
                outputs="quality_report",
                name="write_report",
            ),
        ],
        tags="quality_report",
    )
