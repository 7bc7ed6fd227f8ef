"""Export of the examples to the file formats of training libraries."""

from synthetic_textcat.pipelines.export.pipeline import create_pipeline

__all__ = ["create_pipeline"]
