"""The pipelines by name. Explicit, since Kedro's own search fails on the composite name `generate`."""

from kedro.pipeline import Pipeline

from synthetic_textcat.pipelines import attribute_sampling, export, generation, quality_report, task_ingest

_STAGES = (task_ingest, attribute_sampling, generation, quality_report, export)


def register_pipelines() -> dict[str, Pipeline]:
    """Each stage by its own name, and all five as `generate`."""
    stages = {stage.__name__.rpartition(".")[2]: stage.create_pipeline() for stage in _STAGES}
    generate = sum(stages.values(), Pipeline([]))
    return {**stages, "generate": generate, "__default__": generate}
