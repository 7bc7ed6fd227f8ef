"""From candidates to examples and rejected rows, and the account of every planned row."""

from synthetic_textcat.pipelines.quality_report.pipeline import create_pipeline

__all__ = ["create_pipeline"]
