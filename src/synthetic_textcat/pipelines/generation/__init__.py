"""Generation: sends the planned requests to the model, then parses the journal into candidates and failed rows."""

from synthetic_textcat.pipelines.generation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
