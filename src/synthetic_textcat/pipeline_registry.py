"""The pipelines by name. Explicit, since Kedro's own search fails on the composite names.

Each stage is a namespace of its nodes, by which Kedro-Viz groups them; datasets and parameters keep their names.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from kedro.pipeline import Pipeline

from synthetic_textcat.pipelines.attribute_sampling import pipeline as attribute_sampling
from synthetic_textcat.pipelines.batches import pipeline as batches
from synthetic_textcat.pipelines.compare import pipeline as compare
from synthetic_textcat.pipelines.evaluate import pipeline as evaluate
from synthetic_textcat.pipelines.export import pipeline as export
from synthetic_textcat.pipelines.generation import pipeline as generation
from synthetic_textcat.pipelines.label_check import pipeline as label_check
from synthetic_textcat.pipelines.publish import pipeline as publish
from synthetic_textcat.pipelines.quality_report import pipeline as quality_report
from synthetic_textcat.pipelines.quote import pipeline as quote
from synthetic_textcat.pipelines.task_ingest import pipeline as task_ingest

IN_MEMORY = frozenset(
    {
        *("confusable_labels", "file_tasks", "checked_tasks", "brainstorm_plan", "row_prompts", "open_rows"),
        *("earlier_replies", "verdict_prompts", "planned_verdicts", "open_verdicts", "corpus", "exported_examples"),
        *("examples_by_task", "label_facts", "dataset_card", "real_rows", "exported_rows", "classifier_scores"),
        *("triplet_scores", "pairing", "changes", "row_differences"),
    }
)
"""Datasets that no file holds. A test compares them with the catalog."""

_STAGES = (task_ingest, attribute_sampling, generation, label_check, quality_report, export)


def register_pipelines() -> dict[str, Pipeline]:
    """Each stage by its own name, all six as `generate`; two pipelines before it, and six after it.

    The checks of single rows are a group of their own, since the judge stands between them and the rest of the report.
    `quality_report` settles the verdicts anew, from the judge's journal: those on rows that have changed don't count.
    `label_check` goes on to the report and the exports, since verdicts may reject rows.
    """
    return dict(_registered())


@cache
def _registered() -> dict[str, Pipeline]:
    """All pipelines, made once: a command that names nodes looks for them before Kedro asks for the pipelines."""
    plain = {stage.__name__.split(".")[-2]: stage.create_pipeline() for stage in _STAGES}
    plain["row_checks"] = quality_report.create_row_checks()
    stages = {name: _grouped(stage, name) for name, stage in plain.items()}
    generate = sum(stages.values(), Pipeline([]))
    checks = stages.pop("row_checks")
    report = checks + stages["label_check"].only_nodes_with_tags("verdicts") + stages["quality_report"]
    judge = _grouped(label_check.create_on_request(), "label_check")
    labelled = _grouped(label_check.create_accuracy_if_sampled(), "label_accuracy")
    return {
        **stages,
        "quality_report": report,
        "label_check": checks + judge + report + stages["export"] + labelled,
        "generate": generate,
        "quote": _quote({**stages, "row_checks": checks}),
        "preview": _preview(stages),
        "batches": batches.create_pipeline(),
        "label_sample": label_check.create_sample(),
        "label_accuracy": label_check.create_accuracy(),
        "evaluate": evaluate.create_pipeline(),
        "compare": compare.create_pipeline(),
        "publish": publish.create_pipeline(),
        "__default__": generate,
    }


def _quote(stages: dict[str, Pipeline]) -> Pipeline:
    """The stages on a pilot: nodes tagged `quote` plan all rows, nodes tagged `pilot` run on a sample of them.

    With `generate` they share inputs, parameters and journals only. The plan is made anew, row by row the same; so
    `generate` does not ask again what the pilot has asked.
    """
    live = _grouped(generation.create_pipeline(is_pilot=True), "generation")
    judge = _grouped(label_check.create_for_pilot(), "label_check")
    generate = sum({**stages, "generation": live, "label_check": judge}.values(), Pipeline([]))
    plan = stages["task_ingest"] + generate.only_nodes_with_tags("quote")
    trial = Pipeline(generate.only_nodes_with_tags("pilot"), inputs={"requests": "pilot"})
    shared = {"brainstorm_completions", "completions", "verdict_completions", "quote"}
    return _namespaced(plan + trial + quote.create_pipeline(), "quote", shared)


def _preview(stages: dict[str, Pipeline]) -> Pipeline:
    """The plan as it would be made now, and a few of its prompts; no model call, not even for tasks."""
    plan = (stages["attribute_sampling"] + stages["generation"]).only_nodes_with_tags("preview")
    tasks = _grouped(task_ingest.create_preview(), "task_ingest")
    return _namespaced(tasks + plan, "preview", {"prompt_preview"})


def with_namespaces(node_names: Iterable[str], pipelines: Iterable[str]) -> list[str]:
    """Node names with the namespaces that users may leave out: `settle_rows` is `generation.settle_rows`.

    Args:
        node_names: As given. Names that no node has, or several, stay as they are.
        pipelines: Names of the pipelines to look in.
    """
    registered = _registered()
    known = {node.name for name in pipelines if name in registered for node in registered[name].nodes}
    return [_completed(given, known) for given in node_names]


def begun_later(options: Mapping[str, Any], pipelines: Iterable[str]) -> list[str]:
    """Names of the nodes of a run that begins in the middle, with those that make what it reads and no file holds.

    Args:
        options: Of `kedro run`, by name; the nodes that they name have their namespaces.
        pipelines: Names of the pipelines to run.
    """
    registered = _registered()
    whole = sum((registered[name] for name in pipelines if name in registered), Pipeline([]))
    names = ("tags", "from_nodes", "to_nodes", "node_names", "from_inputs", "to_outputs", "namespaces")
    given = {name.replace("namespaces", "node_namespaces"): options[name] or None for name in names}
    part = whole.filter(**given)
    while missing := part.inputs() & IN_MEMORY & whole.all_outputs():
        part += Pipeline([node for node in whole.nodes if missing.intersection(node.outputs)])
    return [node.name for node in part.nodes]


def _completed(given: str, known: Collection[str]) -> str:
    namespace, _, own = given.rpartition(".")
    matches = [name for name in known if name.endswith(f".{own}") and name.startswith(namespace)]
    return matches[0] if given not in known and len(matches) == 1 else given


def _grouped(stage: Pipeline, name: str) -> Pipeline:
    return Pipeline(stage, namespace=name, prefix_datasets_with_namespace=False)


def _namespaced(pipeline: Pipeline, namespace: str, outputs: set[str]) -> Pipeline:
    """The pipeline under a namespace, which shares inputs, parameters and these outputs with the others."""
    shared = pipeline.inputs()
    parameters = {name for name in shared if name.startswith("params:")}
    return Pipeline(pipeline, namespace=namespace, inputs=shared - parameters, outputs=outputs, parameters=parameters)
