"""Quality report: checks candidates, measures signals, and accounts for every planned row."""

from synthetic_textcat.pipelines.quality_report.pipeline import create_pipeline

__all__ = ["create_pipeline"]
