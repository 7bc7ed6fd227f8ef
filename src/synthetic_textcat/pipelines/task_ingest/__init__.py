"""From the user's tasks file, and what the model thinks of beside it, to the table `tasks`."""

from synthetic_textcat.pipelines.task_ingest.pipeline import create_pipeline, create_preview

__all__ = ["create_pipeline", "create_preview"]
