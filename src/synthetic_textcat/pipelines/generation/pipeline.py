"""Wiring of `generation`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.generation.nodes import generate, list_calls, settle_rows


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
                generate,
                inputs=[
                    "requests",
                    "calls",
                    "tasks",
                    "closed_prompt",
                    "open_prompt",
                    "retry_prompt",
                    "journal",
                    "llm",
                    "params:llm",
                    "params:generation",
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
