"""Wiring of `attribute_sampling`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.attribute_sampling.nodes import hash_plan, plan_requests, plan_rounds, report_plan

_CHOICES = ("tasks", "params:attribute_sampling", "params:seed")
_PREVIOUS = ("previous_rounds", "previous_shortfall")
_PROMPTS = ("closed_prompt", "open_prompt", "seed_examples_prompt", "retry_prompt")


def create_pipeline() -> Pipeline:
    """`tasks` in, `requests`, the plan's hash and its report out."""
    asked_with = ("llm", "params:llm", *_PROMPTS)
    reported = ("requests", "tasks", "params:attribute_sampling")
    return Pipeline(
        [
            node(plan_rounds, [*_CHOICES, *_PREVIOUS, *asked_with], "rounds", name="plan_rounds"),
            node(plan_requests, [*_CHOICES, "rounds"], "requests", name="plan_requests"),
            node(hash_plan, "requests", "plan_sha256", name="hash_plan"),
            node(report_plan, [*reported], "plan_report", name="report_plan"),
        ],
        tags="attribute_sampling",
    )
