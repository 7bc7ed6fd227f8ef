"""Wiring of `quote`'s own nodes; the registry puts the stages that they stand between under its namespace."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.quote.nodes import choose_pilot, estimate


def create_pipeline() -> Pipeline:
    """The plan in, `pilot` out; the pilot's ends in, `quote` out."""
    return Pipeline(
        [
            node(
                choose_pilot, inputs=["requests", "params:quote", "params:seed"], outputs="pilot", name="choose_pilot"
            ),
            node(
                estimate,
                inputs=[
                    "requests",
                    "pilot",
                    "calls",
                    "paid_calls",
                    "outcomes",
                    "quota_slots",
                    "params:generation",
                    "verdict_calls",
                    "verdict_completions",
                    "params:label_check",
                    "prices",
                ],
                outputs="quote",
                name="estimate",
            ),
        ],
        tags="quote",
    )
