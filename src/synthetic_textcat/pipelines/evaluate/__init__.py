"""Evaluation: models trained on the exported rows, tested on held-out and real rows."""

from synthetic_textcat.pipelines.evaluate.pipeline import create_pipeline

__all__ = ["create_pipeline"]
