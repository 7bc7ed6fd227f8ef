"""Wiring of `export`."""

from inspect import signature

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.export.card import gather_label_facts, write_card
from synthetic_textcat.pipelines.export.formats import FORMATS, Format
from synthetic_textcat.pipelines.export.nodes import (
    export_by_task,
    export_huggingface,
    export_mteb,
    export_text_label,
    export_triplets,
    group_by_task,
    set_overlaps_aside,
    split_rows,
)
from synthetic_textcat.pipelines.export.task_formats import TASK_FORMATS
from synthetic_textcat.schemas.run_records import ROW_PROMPT_NAMES, SEVERAL_LABELS_PROMPT

_DATASETS = {"examples": "exported_examples", "tasks": "tasks"}


def _inputs_of(function: Format) -> dict[str, str]:
    """The datasets that a format reads, by the names of its parameters."""
    return {name: _DATASETS[name] for name in signature(function).parameters}


def create_pipeline() -> Pipeline:
    """`examples` in; what trainers, benchmarks, annotators and dataset hubs read out."""
    return Pipeline(
        [
            node(
                set_overlaps_aside,
                inputs=["examples", "evaluation_set", "label_verdicts", "params:export", "work_pool"],
                outputs=["exported_examples", "overlaps"],
                name="set_overlaps_aside",
            ),
            node(
                group_by_task,
                inputs=["exported_examples", "work_pool"],
                outputs="examples_by_task",
                name="group_by_task",
            ),
            node(
                split_rows,
                inputs=[
                    "exported_examples",
                    "overlaps",
                    "requests",
                    "tasks",
                    "params:attribute_sampling",
                    "params:export",
                    "params:seed",
                    "work_pool",
                ],
                outputs=["splits", "split_report"],
                name="split_rows",
            ),
            node(
                export_triplets,
                inputs=["exported_examples", "tasks", "params:export"],
                outputs=["triplets", "triplets_instructions"],
                name="export_triplets",
            ),
            *(
                node(function, inputs=_inputs_of(function), outputs=name, name=f"export_{name}")
                for name, function in FORMATS.items()
            ),
            node(
                export_mteb,
                inputs=["examples_by_task", "splits", "tasks", "work_pool"],
                outputs="mteb",
                name="export_mteb",
            ),
            *(
                node(
                    export_by_task(function),
                    inputs=["examples_by_task", "tasks", "work_pool"],
                    outputs=name,
                    name=f"export_{name}",
                )
                for name, function in TASK_FORMATS.items()
            ),
            node(
                export_text_label,
                inputs=["examples_by_task", "tasks", "params:export", "work_pool"],
                outputs="text_label",
                name="export_text_label",
            ),
            node(
                gather_label_facts,
                inputs=[
                    "exported_examples",
                    "ledger",
                    "label_verdicts",
                    "label_accuracy",
                    "previous_label_sample_design",
                ],
                outputs="label_facts",
                name="gather_label_facts",
            ),
            node(
                write_card,
                inputs=[
                    "exported_examples",
                    "examples_by_task",
                    "requests",
                    "quota_slots",
                    "tasks",
                    "ledger",
                    "metrics",
                    "splits",
                    "split_report",
                    "params:llm",
                    "params:seed",
                    "params:attribute_sampling",
                    "params:export",
                    "prompt_versions",
                    "label_facts",
                    *ROW_PROMPT_NAMES,
                    SEVERAL_LABELS_PROMPT,
                ],
                outputs="dataset_card",
                name="write_card",
            ),
            node(
                export_huggingface,
                inputs=[
                    "exported_examples",
                    "examples_by_task",
                    "splits",
                    "tasks",
                    "dataset_card",
                    "params:export",
                    "work_pool",
                ],
                outputs="huggingface",
                name="export_huggingface",
            ),
        ],
        tags="export",
    )
