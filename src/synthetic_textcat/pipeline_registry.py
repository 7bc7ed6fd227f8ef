"""The pipelines by name. Explicit, since Kedro's own search fails on the composite names."""

from kedro.pipeline import Pipeline

from synthetic_textcat.pipelines import (
    attribute_sampling,
    export,
    generation,
    quality_report,
    quote,
    task_ingest,
)

_STAGES = (task_ingest, attribute_sampling, generation, quality_report, export)


def register_pipelines() -> dict[str, Pipeline]:
    """Each stage by its own name, all five as `generate`, and `quote`."""
    stages = {stage.__name__.rpartition(".")[2]: stage.create_pipeline() for stage in _STAGES}
    generate = sum(stages.values(), Pipeline([]))
    return {**stages, "generate": generate, "quote": _quote(stages), "__default__": generate}


def _quote(stages: dict[str, Pipeline]) -> Pipeline:
    """The stages on a pilot, under a namespace: with `generate` they share inputs, parameters and journals, no more.

    The plan is made anew, to the row as `generate` makes it; so what the pilot has asked for is not asked again.
    """
    plan = stages["task_ingest"] + stages["attribute_sampling"].only_nodes("plan_requests")
    checks = stages["quality_report"].only_nodes("check_candidates", "list_outcomes")
    trial = Pipeline(stages["generation"] + checks, inputs={"requests": "pilot"})
    whole = plan + trial + quote.create_pipeline()
    shared = whole.inputs()
    parameters = {name for name in shared if name.startswith("params:")}
    return Pipeline(
        whole,
        namespace="quote",
        inputs=shared - parameters,
        outputs={"brainstorm_completions", "completions", "quote"},
        parameters=parameters,
    )
