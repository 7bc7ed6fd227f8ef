"""Wiring of `attribute_sampling`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.attribute_sampling.nodes import (
    hash_plan,
    plan_requests,
    plan_rounds,
    plan_slots,
    report_plan,
    warn_of_few_rows,
)
from synthetic_textcat.schemas.run_records import ROW_PROMPT_NAMES, SEVERAL_LABELS_PROMPT


def create_pipeline() -> Pipeline:
    """`tasks` in, `requests`, the plan's hash and its report out."""
    return Pipeline(
        [
            node(
                plan_rounds,
                inputs=[
                    "tasks",
                    "params:attribute_sampling",
                    "params:seed",
                    "previous_rounds",
                    "previous_shortfall",
                    "llm",
                    "params:llm",
                    *ROW_PROMPT_NAMES,
                    SEVERAL_LABELS_PROMPT,
                ],
                outputs="rounds",
                name="plan_rounds",
                tags=["quote", "preview"],
            ),
            node(
                plan_slots,
                inputs=["tasks", "params:attribute_sampling", "params:seed"],
                outputs="quota_slots",
                name="plan_slots",
                tags="quote",
            ),
            node(
                plan_requests,
                inputs=["tasks", "params:attribute_sampling", "params:seed", "rounds"],
                outputs="requests",
                name="plan_requests",
                tags=["quote", "preview"],
            ),
            node(hash_plan, inputs="requests", outputs="plan_sha256", name="hash_plan"),
            node(
                report_plan,
                inputs=["requests", "tasks", "params:attribute_sampling"],
                outputs="plan_report",
                name="report_plan",
                tags="preview",
            ),
            node(
                warn_of_few_rows,
                inputs=["requests", "tasks", "params:attribute_sampling", "params:llm", "params:export"],
                outputs=None,
                name="warn_of_few_rows",
                tags="preview",
            ),
        ],
        tags="attribute_sampling",
    )
