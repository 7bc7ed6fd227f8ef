"""Two runs side by side: what was changed, and what came of it."""

from synthetic_textcat.pipelines.compare.pipeline import create_pipeline

__all__ = ["create_pipeline"]
