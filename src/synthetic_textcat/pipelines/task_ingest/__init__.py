"""Task ingestion: merges the user's tasks file and brainstormed tasks into the table `tasks`."""

from synthetic_textcat.pipelines.task_ingest.pipeline import create_pipeline, create_preview

__all__ = ["create_pipeline", "create_preview"]
