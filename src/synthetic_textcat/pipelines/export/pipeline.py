"""Wiring of `export`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.export.nodes import (
    PROMPTS,
    export_huggingface,
    export_text_label,
    export_triplets,
    split_rows,
    write_card,
)


def create_pipeline() -> Pipeline:
    """`examples` in; what trainers and the hub read out: splits, triplets, text and label, a dataset folder."""
    return Pipeline(
        [
            node(
                split_rows,
                inputs=[
                    "examples",
                    "requests",
                    "tasks",
                    "params:attribute_sampling",
                    "params:export",
                    "params:seed",
                ],
                outputs=["splits", "split_report"],
                name="split_rows",
            ),
            node(
                export_triplets,
                inputs=["examples", "params:export"],
                outputs=["triplets", "triplets_instructions"],
                name="export_triplets",
            ),
            node(
                export_text_label,
                inputs=["examples", "tasks", "params:export"],
                outputs="text_label",
                name="export_text_label",
            ),
            node(
                write_card,
                inputs=[
                    "examples",
                    "tasks",
                    "ledger",
                    "metrics",
                    "split_report",
                    "params:llm",
                    "params:seed",
                    "params:attribute_sampling",
                    "params:export",
                    *PROMPTS,
                ],
                outputs="dataset_card",
                name="write_card",
            ),
            node(
                export_huggingface,
                inputs=["examples", "splits", "dataset_card", "params:export"],
                outputs="huggingface",
                name="export_huggingface",
            ),
        ],
        tags="export",
    )
