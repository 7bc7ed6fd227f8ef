"""The pipelines by name. Explicit, since Kedro's own search fails on the composite names."""

from kedro.pipeline import Pipeline

from synthetic_textcat.pipelines import (
    attribute_sampling,
    compare,
    evaluate,
    export,
    generation,
    publish,
    quality_report,
    quote,
    task_ingest,
)

_STAGES = (task_ingest, attribute_sampling, generation, quality_report, export)


def register_pipelines() -> dict[str, Pipeline]:
    """Each stage by its own name, all five as `generate`; two pipelines before it, and three after it."""
    stages = {stage.__name__.rpartition(".")[2]: stage.create_pipeline() for stage in _STAGES}
    generate = sum(stages.values(), Pipeline([]))
    return {
        **stages,
        "generate": generate,
        "quote": _quote(stages),
        "preview": _preview(stages),
        "evaluate": evaluate.create_pipeline(),
        "compare": compare.create_pipeline(),
        "publish": publish.create_pipeline(),
        "__default__": generate,
    }


def _quote(stages: dict[str, Pipeline]) -> Pipeline:
    """The stages on a pilot, under a namespace: with `generate` they share inputs, parameters and journals, no more.

    The plan is made anew, to the row as `generate` makes it; so what the pilot has asked for is not asked again.
    """
    plan = stages["task_ingest"] + stages["attribute_sampling"].only_nodes("plan_rounds", "plan_requests")
    prompts = stages["generation"].only_nodes("prepare_prompts")
    calls = stages["generation"].only_nodes(
        "list_calls", "find_open_rows", "find_earlier_replies", "generate", "settle_rows"
    )
    checks = stages["quality_report"].only_nodes("check_candidates", "list_outcomes")
    trial = Pipeline(calls + checks, inputs={"requests": "pilot"})
    return _apart(
        plan + prompts + trial + quote.create_pipeline(), "quote", {"brainstorm_completions", "completions", "quote"}
    )


def _preview(stages: dict[str, Pipeline]) -> Pipeline:
    """The plan as it would be made now, and a few of its prompts; the model is not asked for tasks either."""
    plan = stages["attribute_sampling"].only_nodes("plan_rounds", "plan_requests", "report_plan")
    prompts = stages["generation"].only_nodes("prepare_prompts", "preview_prompts")
    return _apart(task_ingest.create_preview() + plan + prompts, "preview", {"prompt_preview"})


def _apart(pipeline: Pipeline, namespace: str, outputs: set[str]) -> Pipeline:
    """The pipeline under a namespace, which shares inputs, parameters and these outputs with the others, no more."""
    shared = pipeline.inputs()
    parameters = {name for name in shared if name.startswith("params:")}
    return Pipeline(pipeline, namespace=namespace, inputs=shared - parameters, outputs=outputs, parameters=parameters)
