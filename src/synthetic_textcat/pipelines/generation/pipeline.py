"""Wiring of `generation`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.generation.nodes import (
    always_live,
    find_earlier_replies,
    find_open_rows,
    generate,
    list_calls,
    prepare_prompts,
    preview_prompts,
    settle_rows,
)
from synthetic_textcat.schemas.run_records import SEVERAL_LABELS_PROMPT


def create_pipeline(*, is_pilot: bool = False) -> Pipeline:
    """`requests` in; a preview, `calls`, the journal, `candidates`, `failed` and `paid_calls` out.

    Args:
        is_pilot: Whether a few rows are asked for at once, whatever `generation.mode` says.
    """
    return Pipeline(
        [
            node(
                prepare_prompts,
                inputs=[
                    "requests",
                    "tasks",
                    "closed_prompt",
                    "open_prompt",
                    "seed_examples_prompt",
                    "params:attribute_sampling",
                    SEVERAL_LABELS_PROMPT,
                ],
                outputs="row_prompts",
                name="prepare_prompts",
                tags=["quote", "preview"],
            ),
            node(
                preview_prompts,
                inputs=[
                    "requests",
                    "row_prompts",
                    "tasks",
                    "params:attribute_sampling",
                    "params:label_check",
                    "label_check_prompt",
                    "label_check_of_two_prompt",
                    "label_check_several_prompt",
                    "params:seed",
                ],
                outputs="prompt_preview",
                name="preview_prompts",
                tags="preview",
            ),
            node(
                list_calls,
                inputs=["requests", "row_prompts", "llm", "params:llm"],
                outputs="calls",
                name="list_calls",
                tags="pilot",
            ),
            node(
                always_live(find_open_rows) if is_pilot else find_open_rows,
                inputs=["requests", "calls", "journal", "params:generation", "run_id", "batch_record"],
                outputs="open_rows",
                name="find_open_rows",
                tags="pilot",
            ),
            node(
                find_earlier_replies,
                inputs=["requests", "calls", "journal", "tasks", "row_check"],
                outputs="earlier_replies",
                name="find_earlier_replies",
                tags="pilot",
            ),
            node(
                always_live(generate) if is_pilot else generate,
                inputs=[
                    "requests",
                    "tasks",
                    "row_prompts",
                    "open_rows",
                    "earlier_replies",
                    "retry_prompt",
                    "llm",
                    "params:llm",
                    "params:generation",
                    "prices",
                    "brainstorm_completions",
                    "run_id",
                    "row_check",
                    "stops",
                    "batch_record",
                    "cluster",
                ],
                outputs="completions",
                name="generate",
                tags=["model_calls", "pilot"],
            ),
            node(
                settle_rows,
                inputs=["requests", "calls", "completions", "tasks"],
                outputs=["candidates", "failed", "paid_calls"],
                name="settle_rows",
                tags="pilot",
            ),
        ],
        tags="generation",
    )
