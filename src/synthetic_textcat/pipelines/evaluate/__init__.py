"""Whether the exported rows train a model."""

from synthetic_textcat.pipelines.evaluate.pipeline import create_pipeline

__all__ = ["create_pipeline"]
