"""Wiring of `export`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.export.nodes import export_rows, export_triplets, write_card


def create_pipeline() -> Pipeline:
    """`examples` in; triplets, and a Hugging Face dataset folder with its card, out."""
    return Pipeline(
        [
            node(export_triplets, inputs="examples", outputs="triplets", name="export_triplets"),
            node(export_rows, inputs="examples", outputs="huggingface_rows", name="export_rows"),
            node(
                write_card,
                inputs=["examples", "ledger", "metrics", "params:llm", "params:seed", "params:attribute_sampling"],
                outputs="dataset_card",
                name="write_card",
            ),
        ],
        tags="export",
    )
