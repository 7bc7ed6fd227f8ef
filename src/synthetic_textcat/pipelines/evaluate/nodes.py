"""Nodes of `evaluate`: triplet training, classifiers, saved models, learning curve."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.console import NO_MARKUP
from synthetic_textcat.errors import EvaluationError, MissingExtraError
from synthetic_textcat.pipelines.evaluate.embedding import embedder, learn, own_model
from synthetic_textcat.pipelines.evaluate.exported_rows import EmptySplitError, File, exported_rows, triplets_of
from synthetic_textcat.pipelines.evaluate.findings import (
    curve_lines,
    held_out_metrics,
    learning_curve,
    real_metrics,
    real_predictions,
    task_lines,
)
from synthetic_textcat.pipelines.evaluate.inputs import RealRows, real_rows
from synthetic_textcat.pipelines.evaluate.real_labels import has_labels
from synthetic_textcat.pipelines.evaluate.saved_classifiers import Content, saved_classifiers
from synthetic_textcat.pipelines.evaluate.scoring import (
    Reader,
    Tried,
    reader_of_embeddings,
    reader_of_grams,
    try_task,
)
from synthetic_textcat.pipelines.evaluate.train_test_sets import TEST, TRAIN, trials_of
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.parameters import EvaluateParameters, ExportParameters
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import RowTable, value_counts
from synthetic_textcat.text.intervals import wilson_interval

_log = logging.getLogger(__name__)

_NO_CLASSIFIER = (
    "No task has enough rows for a classifier: its train split needs two labels, and its test split or the evaluation "
    "set rows of them. Next: plan more rows for each label (attribute_sampling.num_examples), or fewer labels"
)


class TripletScores(NamedTuple):
    """Metrics of a model trained on triplets, or the reason why there are none."""

    metrics: Metrics
    lacking: str | None = None


class ClassifierScores(NamedTuple):
    """Scores of the classifiers.

    Attributes:
        metrics: See `findings.held_out_metrics` and `findings.real_metrics`.
        tasks: A record per task.
        curve: A record per point of the learning curve.
        tried: The tasks, with their training and test sets.
    """

    metrics: Metrics
    tasks: list[dict[str, Any]]
    curve: list[dict[str, Any]]
    tried: Sequence[Tried] = ()


def gather_exported_rows(huggingface: dict[str, File], examples: RowTable) -> RowTable:
    """Rows of the exported dataset folder, with their splits.

    Raises:
        StaleTableError: If they are not rows of `examples`, whose hash identifies this run.
    """
    return exported_rows(huggingface, examples)


def match_real_rows(evaluation_set: pd.DataFrame | None, tasks: pd.DataFrame) -> RealRows:
    """The user's labelled rows, matched to tasks.

    Raises:
        EvaluationError: If a task or a label is unknown to the project.
    """
    if evaluation_set is not None and not has_labels(evaluation_set):
        _log.warning(
            "No test on real text: the evaluation set has no column `label` or `labels`, but %s. Next: rename its "
            "column of labels, or make one of lists from columns for each label",
            ", ".join(map(str, evaluation_set.columns)),
            extra=NO_MARKUP,
        )
    found = real_rows(evaluation_set, tasks_of(tasks))
    if found.left_out:
        _log.warning(
            "%d of the evaluation set's %d labelled rows are left out: %d repeated, %d without a text or a label",
            found.left_out,
            found.left_out + len(found.rows),
            found.repeated,
            found.incomplete,
        )
    if found.contradictory:
        _log.warning(
            "Texts of the evaluation set that stand in several rows, with other labels in each, although their task "
            "has several labels a text: %d. Each row counts. Next: give all labels of a text in one row, as a list",
            found.contradictory,
        )
    return found


def train_on_triplets(huggingface: dict[str, File], evaluate: EvaluateParameters) -> TripletScores:
    """Triplet accuracy of an embedding model trained on the train split, measured on the test split.

    Metrics, all on held-out rows by the same generator, never on real text:

    - `train/triplet_accuracy_before`, `train/triplet_accuracy_after`: share of the test triplets whose anchor is nearer
      to its positive than to its negative, by the cosine of their embeddings (`TripletEvaluator` of
      sentence-transformers), before and after training; 0 to 1, 0.5 is chance.
    - `train/triplet_accuracy_after_low`, `…_high`: its 95 % confidence interval (Wilson 1927).
    - `train/rows`, `train/held_out_rows`: training and test triplets.

    If the extra is missing or a split has no rows, the result holds the reason and no metrics.

    Raises:
        EvaluationError: If the user's model can't be loaded.
    """
    try:
        train, held_out = (triplets_of(huggingface, split) for split in (TRAIN, TEST))
        learnt = learn(train, held_out, evaluate.embedding_model)
    except (MissingExtraError, EmptySplitError) as error:
        return TripletScores({}, str(error))
    right = round(learnt.after * len(held_out))  # the share may have single precision
    low, high = wilson_interval(right / len(held_out), len(held_out))
    _log.info(
        "Triplet accuracy on %d held-out synthetic triplets: %.3f before, %.3f after training on %d",
        len(held_out),
        learnt.before,
        learnt.after,
        len(train),
    )
    return TripletScores(
        {
            "train/triplet_accuracy_before": learnt.before,
            "train/triplet_accuracy_after": learnt.after,
            "train/triplet_accuracy_after_low": low,
            "train/triplet_accuracy_after_high": high,
            "train/rows": len(train),
            "train/held_out_rows": len(held_out),
        }
    )


def train_classifiers(
    exported: RowTable,
    real: RealRows,
    tasks: pd.DataFrame,
    evaluate: EvaluateParameters,
    export: ExportParameters,
    seed: int,
) -> ClassifierScores:
    """Scores of classifiers trained on each task's train split: on its test split, and on the user's real rows.

    Metrics: see `findings.held_out_metrics` and `findings.real_metrics`.

    Raises:
        EvaluationError: If there are real rows, but no synthetic rows to learn their tasks from.
        MissingExtraError: If the user names a model, and the libraries to load it are not installed.
    """
    reader = _reader(evaluate)
    trials = trials_of(exported, real.rows, tasks_of(tasks), export.split_similarity, seed)
    tried = [try_task(trial, reader, seed) for trial in trials]
    metrics = {**held_out_metrics(tried), **real_metrics(tried, real)}
    if len(real.rows) and "real/macro_f1" not in metrics:
        raise EvaluationError(
            "No task of the evaluation set has synthetic rows of two labels to learn from. Next: generate rows for it "
            "(in the tasks file), and give the train split a share (export.splits)"
        )
    return ClassifierScores(metrics, task_lines(tried), curve_lines(tried), tried)


def list_real_predictions(classifiers: ClassifierScores) -> pd.DataFrame:
    """Label and predicted label of each real row: columns `REAL_PREDICTIONS`, empty without real rows."""
    return real_predictions(classifiers.tried)


def save_classifiers(
    classifiers: ClassifierScores, exported: RowTable, evaluate: EvaluateParameters
) -> Iterator[dict[str, Content]]:
    """Yields the files of the classifiers if `evaluate.save_classifiers`; otherwise nothing, so earlier files stay."""
    if evaluate.save_classifiers:
        writers = sorted(map(str, value_counts(exported, "model_name").index))
        yield saved_classifiers(classifiers.tried, _reader(evaluate), evaluate.embedding_model, writers)


def plot_learning_curve(classifiers: ClassifierScores) -> Any:
    """Learning curve: macro-F1 on the real rows by the number of synthetic training rows."""
    return learning_curve(classifiers.curve)


def gather_evaluation(triplets: TripletScores, classifiers: ClassifierScores) -> tuple[Metrics, list[dict[str, Any]]]:
    """All metrics, and the record of each task.

    Raises:
        EvaluationError: If nothing could be trained; with the reason.
    """
    if triplets.lacking and not classifiers.metrics:
        raise EvaluationError(f"{_NO_CLASSIFIER}. No embedding model was trained either. {triplets.lacking}")
    if triplets.lacking:
        _log.warning("No embedding model was trained on triplets. %s", triplets.lacking, extra=NO_MARKUP)
    return {**triplets.metrics, **classifiers.metrics}, classifiers.tasks


def _reader(evaluate: EvaluateParameters) -> Reader:
    folder = evaluate.embedding_model
    return reader_of_embeddings(embedder(own_model(folder))) if folder else reader_of_grams()
