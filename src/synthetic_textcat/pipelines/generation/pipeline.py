"""Wiring of `generation`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.generation.nodes import find_open_rows, generate, list_calls, settle_rows


def create_pipeline() -> Pipeline:
    """`requests` in; `calls`, the journal, `candidates` and `failed` out."""
    return Pipeline(
        [
            node(
                list_calls,
                inputs=["requests", "tasks", "closed_prompt", "open_prompt", "llm", "params:llm"],
                outputs="calls",
                name="list_calls",
            ),
            node(
                find_open_rows,
                inputs=["requests", "calls", "journal", "params:generation"],
                outputs="open_rows",
                name="find_open_rows",
            ),
            node(
                generate,
                inputs=[
                    "requests",
                    "open_rows",
                    "tasks",
                    "closed_prompt",
                    "open_prompt",
                    "retry_prompt",
                    "llm",
                    "params:llm",
                    "params:generation",
                    "prices",
                    "brainstorm_completions",
                    "run_id",
                ],
                outputs="completions",
                name="generate",
                tags="model_calls",
            ),
            node(
                settle_rows,
                inputs=["requests", "calls", "completions"],
                outputs=["candidates", "failed"],
                name="settle_rows",
            ),
        ],
        tags="generation",
    )
