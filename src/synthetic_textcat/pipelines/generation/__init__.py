"""From the plan to the journal, and from the journal to candidates and failed rows."""

from synthetic_textcat.pipelines.generation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
