"""Quote: cost, time and yield of the plan, estimated from a pilot of its own rows."""

from synthetic_textcat.pipelines.quote.pipeline import create_pipeline

__all__ = ["create_pipeline"]
