"""Wiring of `batches`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.batches.nodes import list_batches


def create_pipeline() -> Pipeline:
    """The record of batches in, the table of batches out."""
    return Pipeline(
        [
            node(
                list_batches,
                inputs=["batch_record", "llm", "params:llm", "params:batches"],
                outputs="batch_table",
                name="list_batches",
            )
        ],
        tags="batches",
    )
