"""Wiring of `task_ingest`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.task_ingest.brainstorm.nodes import (
    ask_for_tasks,
    collect_known_tasks,
    collect_tasks,
    plan_brainstorm,
)
from synthetic_textcat.pipelines.task_ingest.nodes import (
    check_row_prompts,
    read_confusable_file,
    read_tasks_file,
)
from synthetic_textcat.schemas.run_records import SEVERAL_LABELS_PROMPT


def create_pipeline() -> Pipeline:
    """Tasks file and brainstorming in; `tasks` and `tasks_by_call` out."""
    return Pipeline(
        [
            node(
                read_confusable_file,
                inputs=["confusable_file", "params:attribute_sampling"],
                outputs="confusable_labels",
                name="read_confusable_file",
                tags="preview",
            ),
            node(
                read_tasks_file,
                inputs=["tasks_file", "params:task_ingest", "confusable_labels"],
                outputs="file_tasks",
                name="read_tasks_file",
                tags="preview",
            ),
            node(
                check_row_prompts,
                inputs=[
                    "file_tasks",
                    "closed_prompt",
                    "open_prompt",
                    "seed_examples_prompt",
                    "params:attribute_sampling",
                    SEVERAL_LABELS_PROMPT,
                ],
                outputs="checked_tasks",
                name="check_row_prompts",
                tags="preview",
            ),
            node(
                plan_brainstorm,
                inputs=[
                    "checked_tasks",
                    "domains",
                    "brainstorm_prompt",
                    "label_set_prompt",
                    "llm",
                    "params:llm",
                    "params:task_ingest",
                    "params:generation",
                    "params:seed",
                ],
                outputs="brainstorm_plan",
                name="plan_brainstorm",
                tags="preview",
            ),
            node(
                ask_for_tasks,
                inputs=[
                    "brainstorm_plan",
                    "brainstorm_journal",
                    "retry_prompt",
                    "llm",
                    "params:llm",
                    "params:generation",
                    "prices",
                    "run_id",
                ],
                outputs="brainstorm_completions",
                name="ask_for_tasks",
                tags="model_calls",
            ),
            node(
                collect_tasks,
                inputs=["file_tasks", "brainstorm_plan", "brainstorm_completions", "stops", "confusable_labels"],
                outputs=["tasks", "tasks_by_call"],
                name="collect_tasks",
            ),
        ],
        tags="task_ingest",
    )


def create_preview() -> Pipeline:
    """Pipeline without calls: `tasks` as far as they are known."""
    known = node(
        collect_known_tasks,
        inputs=["file_tasks", "brainstorm_plan", "brainstorm_completions", "confusable_labels"],
        outputs="tasks",
        name="collect_known_tasks",
    )
    return create_pipeline().only_nodes_with_tags("preview") + Pipeline([known], tags=["task_ingest", "preview"])
