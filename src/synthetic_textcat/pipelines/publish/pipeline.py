"""Wiring of `publish`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.publish.nodes import plan_publication, publish


def create_pipeline() -> Pipeline:
    """The exported dataset folder in; the record of its push out."""
    return Pipeline(
        [
            node(
                plan_publication,
                inputs=["huggingface", "examples", "split_report", "ledger", "concerns", "params:publish"],
                outputs="publication_plan",
                name="plan_publication",
            ),
            node(publish, inputs=["publication_plan", "huggingface"], outputs="publication", name="publish"),
        ],
        tags="publish",
    )
