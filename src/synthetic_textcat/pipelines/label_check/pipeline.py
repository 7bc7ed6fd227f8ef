"""Wiring of `label_check`: the judge, the sample to label by hand, and label accuracy."""

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.label_check.judge.nodes import (
    ask_judge,
    find_open_verdicts,
    list_verdict_calls,
    on_pilot,
    on_request,
    plan_verdicts,
    prepare_verdict_prompts,
    settle_verdicts,
)
from synthetic_textcat.pipelines.label_check.nodes import (
    draw_label_sample,
    measure_label_accuracy,
    measure_label_accuracy_if_sampled,
    remember_hand_labels,
    remember_hand_labels_if_any,
    write_label_sample,
)

Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


def create_sample() -> Pipeline:
    """Accepted rows in; a file to label by hand out, and apart from it with what probability each row was drawn."""
    return Pipeline(
        [
            node(
                draw_label_sample,
                inputs=[
                    "examples",
                    "tasks",
                    "label_verdicts",
                    "filled_label_sample",
                    "previous_label_sample_design",
                    "params:label_check",
                    "params:seed",
                ],
                outputs="label_sample_design",
                name="draw_label_sample",
            ),
            node(
                write_label_sample,
                inputs=[
                    "label_sample_design",
                    "examples",
                    "tasks",
                    "filled_label_sample",
                    "previous_hand_labels",
                    "params:seed",
                ],
                outputs="label_sample",
                name="write_label_sample",
            ),
        ],
        tags="label_sample",
    )


def create_accuracy() -> Pipeline:
    """The file that a person filled in, and verdicts if there are any; label accuracy out."""
    return _accuracy(remember_hand_labels, measure_label_accuracy, "label_accuracy")


def create_accuracy_if_sampled() -> Pipeline:
    """As `create_accuracy`, but without an error where nobody has labelled rows."""
    return _accuracy(remember_hand_labels_if_any, measure_label_accuracy_if_sampled, "label_check")


def _accuracy(remember: Callable[..., Any], measure: Callable[..., Any], tag: str) -> Pipeline:
    return Pipeline(
        [
            node(
                remember,
                inputs=["filled_label_sample", "previous_label_sample_design", "previous_hand_labels"],
                outputs="hand_labels",
                name=remember.__name__,
            ),
            node(
                measure,
                inputs=["examples", "previous_label_sample_design", "hand_labels", "label_verdicts"],
                outputs="label_accuracy",
                name=measure.__name__,
            ),
        ],
        tags=tag,
    )


def create_pipeline() -> Pipeline:
    """The judge as a stage of `generate`: rows that passed their own checks in, `label_verdicts` out."""
    return _judge(lambda node: node)


def create_on_request() -> Pipeline:
    """The judge as a command of its own, which asks for it: a share of 0 counts as all rows."""
    return _judge(on_request)


def create_for_pilot() -> Pipeline:
    """The judge on the rows of a pilot: all, or none if no row of the run is to be judged."""
    return _judge(on_pilot)


def _judge(with_share: Wrapper) -> Pipeline:
    """The rows to judge, their calls, the judge's journal and its verdicts.

    Args:
        with_share: Sets the share of the rows for the nodes that depend on it.
    """
    return Pipeline(
        [
            node(
                with_share(prepare_verdict_prompts),
                inputs=[
                    "tasks",
                    "label_check_prompt",
                    "label_check_of_two_prompt",
                    "label_check_several_prompt",
                    "params:label_check",
                    "params:seed",
                ],
                outputs="verdict_prompts",
                name="prepare_verdict_prompts",
                tags="pilot",
            ),
            node(
                with_share(plan_verdicts),
                inputs=["checked_rows", "requests", "tasks", "params:label_check", "params:seed"],
                outputs="planned_verdicts",
                name="plan_verdicts",
                tags="pilot",
            ),
            node(
                list_verdict_calls,
                inputs=["planned_verdicts", "verdict_prompts", "llm", "judge", "params:llm", "params:label_check"],
                outputs="verdict_calls",
                name="list_verdict_calls",
                tags="pilot",
            ),
            node(
                find_open_verdicts,
                inputs=[
                    "planned_verdicts",
                    "tasks",
                    "verdict_calls",
                    "verdict_journal",
                    "params:generation",
                    "run_id",
                ],
                outputs="open_verdicts",
                name="find_open_verdicts",
                tags="pilot",
            ),
            node(
                ask_judge,
                inputs=[
                    "planned_verdicts",
                    "tasks",
                    "verdict_prompts",
                    "open_verdicts",
                    "retry_prompt",
                    "llm",
                    "judge",
                    "params:llm",
                    "params:label_check",
                    "params:generation",
                    "prices",
                    "completions",
                    "brainstorm_completions",
                    "run_id",
                    "stops",
                ],
                outputs="verdict_completions",
                name="ask_judge",
                tags=["model_calls", "pilot"],
            ),
            node(
                settle_verdicts,
                inputs=["checked_rows", "tasks", "verdict_calls", "verdict_completions"],
                outputs=["label_verdicts", "unjudged"],
                name="settle_verdicts",
                tags=["pilot", "verdicts"],
            ),
        ],
        tags="label_check",
    )
