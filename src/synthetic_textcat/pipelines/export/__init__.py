"""From examples to the files that trainers read."""

from synthetic_textcat.pipelines.export.pipeline import create_pipeline

__all__ = ["create_pipeline"]
