"""From tasks and attributes to `requests`: the plan, before any money is spent."""

from synthetic_textcat.pipelines.attribute_sampling.pipeline import create_pipeline

__all__ = ["create_pipeline"]
