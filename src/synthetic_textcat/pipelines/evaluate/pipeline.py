"""Wiring of `evaluate`."""

from kedro.pipeline import Pipeline, node

from synthetic_textcat.pipelines.evaluate.nodes import (
    gather_evaluation,
    gather_exported_rows,
    list_real_predictions,
    match_real_rows,
    plot_learning_curve,
    save_classifiers,
    train_classifiers,
    train_on_triplets,
)


def create_pipeline() -> Pipeline:
    """The exported dataset folder and the user's evaluation set in; the scores of models trained on it out."""
    return Pipeline(
        [
            node(
                gather_exported_rows,
                inputs=["huggingface", "examples"],
                outputs="exported_rows",
                name="gather_exported_rows",
            ),
            node(match_real_rows, inputs=["evaluation_set", "tasks"], outputs="real_rows", name="match_real_rows"),
            node(
                train_classifiers,
                inputs=["exported_rows", "real_rows", "tasks", "params:evaluate", "params:export", "params:seed"],
                outputs="classifier_scores",
                name="train_classifiers",
            ),
            node(
                list_real_predictions,
                inputs="classifier_scores",
                outputs="real_predictions",
                name="list_real_predictions",
            ),
            node(
                save_classifiers,
                inputs=["classifier_scores", "exported_rows", "params:evaluate"],
                outputs="classifiers",
                name="save_classifiers",
            ),
            node(
                train_on_triplets,
                inputs=["huggingface", "params:evaluate"],
                outputs="triplet_scores",
                name="train_on_triplets",
            ),
            node(
                plot_learning_curve,
                inputs="classifier_scores",
                outputs="learning_curve_plot",
                name="plot_learning_curve",
            ),
            node(
                gather_evaluation,
                inputs=["triplet_scores", "classifier_scores"],
                outputs=["evaluation", "evaluation_by_task"],
                name="gather_evaluation",
            ),
        ],
        tags="evaluate",
    )
