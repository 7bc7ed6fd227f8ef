"""Comparison of two runs: changed inputs, and differences in the results."""

from synthetic_textcat.pipelines.compare.pipeline import create_pipeline

__all__ = ["create_pipeline"]
