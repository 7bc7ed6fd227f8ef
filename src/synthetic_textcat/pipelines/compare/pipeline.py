"""Wiring of `compare`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.compare.nodes import (
    find_changes,
    find_row_differences,
    list_difference_metrics,
    measure_differences,
    name_runs,
    pair_rows,
    write_comparison,
)

_RUNS = ["baseline_run", "candidate_run"]


def create_pipeline() -> Pipeline:
    """Two runs, which a hook fetches from MLflow, in; the comparison as table, metrics, HTML and Markdown out."""
    return Pipeline(
        [
            node(pair_rows, inputs=_RUNS, outputs="pairing", name="pair_rows"),
            node(name_runs, inputs=_RUNS, outputs=["compared_baseline", "compared_candidate"], name="name_runs"),
            node(find_changes, inputs=_RUNS, outputs="changes", name="find_changes"),
            node(
                measure_differences,
                inputs=["pairing", *_RUNS, "params:seed"],
                outputs="differences",
                name="measure_differences",
            ),
            node(
                list_difference_metrics,
                inputs="differences",
                outputs="difference_metrics",
                name="list_difference_metrics",
            ),
            node(find_row_differences, inputs="pairing", outputs="row_differences", name="find_row_differences"),
            node(
                write_comparison,
                inputs=[*_RUNS, "pairing", "changes", "differences", "row_differences"],
                outputs=["comparison_html", "comparison_markdown"],
                name="write_comparison",
            ),
        ],
        tags="compare",
    )
