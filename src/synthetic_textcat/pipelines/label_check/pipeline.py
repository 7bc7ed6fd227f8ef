"""Wiring of `label_sample` and `label_check`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.label_check.nodes import (
    draw_label_sample,
    measure_label_accuracy,
    remember_hand_labels,
    write_label_sample,
)


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


def create_pipeline() -> Pipeline:
    """The file that a person filled in, and verdicts if there are any; label accuracy out."""
    return Pipeline(
        [
            node(
                remember_hand_labels,
                inputs=["filled_label_sample", "previous_label_sample_design", "previous_hand_labels"],
                outputs="hand_labels",
                name="remember_hand_labels",
            ),
            node(
                measure_label_accuracy,
                inputs=["examples", "previous_label_sample_design", "hand_labels", "label_verdicts"],
                outputs="label_accuracy",
                name="measure_label_accuracy",
            ),
        ],
        tags="label_check",
    )
