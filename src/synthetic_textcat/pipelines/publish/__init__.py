"""Publication of the exported dataset folder to a dataset hub."""

from synthetic_textcat.pipelines.publish.pipeline import create_pipeline

__all__ = ["create_pipeline"]
