"""Wiring of `evaluate`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.evaluate.nodes import train_on_triplets


def create_pipeline() -> Pipeline:
    """The exported dataset folder in; what a model learns from it out."""
    return Pipeline(
        [node(train_on_triplets, inputs="huggingface", outputs="evaluation", name="train_on_triplets")],
        tags="evaluate",
    )
