"""Saved classifiers: a skops file per task, with its labels and a model card; no pickle."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from synthetic_textcat.pages import render_markdown
from synthetic_textcat.pipelines.evaluate.findings import score_fields
from synthetic_textcat.pipelines.evaluate.scoring import FEW_ROWS, Reader, Score, Tried, are_few
from synthetic_textcat.schemas.writers import writer_note
from synthetic_textcat.text.linear_models import fitted

TRUSTED = ("synthetic_textcat.text.words.word_features",)
"""Functions of this package in a saved model; by itself skops loads types of numpy, scipy and scikit-learn only."""

_PACKAGES = ("scikit-learn", "skops", "synthetic-textcat")

Content = bytes | str | dict[str, Any]


def saved_classifiers(
    tried: Sequence[Tried], reader: Reader, folder: str | None, writers: Sequence[str]
) -> dict[str, Content]:
    """Files of one classifier per task that has two labels to learn from.

    A classifier is trained on the rows that its scores are of, and predicts names of labels; of label sets 0 or 1 for
    each label.

    Args:
        tried: Scored tasks.
        reader: Kind of classifier.
        folder: The user's embedding model, whose embeddings are then the classifier's input; None = texts are.
        writers: Names of the models that wrote the rows.

    Returns:
        `<task_id>.skops`, `<task_id>.json` (task, labels, scores, versions) and `<task_id>.md` (model card).
    """
    return dict(_files(tried, reader, folder, writers))


def _files(
    tried: Sequence[Tried], reader: Reader, folder: str | None, writers: Sequence[str]
) -> Iterator[tuple[str, Content]]:
    for task in tried:
        if task.trial.is_learnable:
            name = task.trial.task.task_id
            facts = classifier_facts(task, folder, writers)
            yield f"{name}.skops", _dumped(task, reader)
            yield f"{name}.json", facts
            yield f"{name}.md", classifier_card(facts)


def _dumped(task: Tried, reader: Reader) -> bytes:
    import numpy as np
    import skops.io

    train, names = task.trial.train, task.trial.task.label_names
    model = reader.model(len(train))
    of_sets = train.labels.ndim > 1
    targets = train.labels if of_sets else np.array([names[label] for label in train.labels], dtype=str)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a label that all or no texts have
        fitted(model, reader.prepare(train.texts), targets)
    dumped: bytes = skops.io.dumps(model)
    return dumped


def classifier_facts(task: Tried, folder: str | None, writers: Sequence[str]) -> dict[str, Any]:
    """Content of `<task_id>.json`; arguments as of `saved_classifiers`."""
    trial = task.trial
    several = {"task_type": trial.task.task_type} if trial.task.task_type == "multi_label" else {}
    return {
        "task_id": trial.task.task_id,
        "task": trial.task.task,
        **several,
        "labels": list(trial.task.label_names),
        "embedding_model": folder,
        "trained_on": {
            "synthetic_rows": len(trial.train),
            "written_by": list(writers),
            "banner": writer_note(writers),
        },
        "macro_f1": {
            "real_rows": _scored(task.real, few=are_few(trial.real, trial.task)),
            "held_out_synthetic_rows": _scored(task.held_out, few=are_few(trial.held_out, trial.task)),
        },
        "versions": {name: version(name) for name in _PACKAGES},
        "trusted": [] if folder else list(TRUSTED),
    }


def _scored(found: Score | None, *, few: bool) -> dict[str, float | None] | None:
    if found is None:
        return None
    return {"rows": found.rows, "few_rows": few, **score_fields(found)}


def classifier_card(facts: Mapping[str, Any]) -> str:
    """Model card in Markdown, of `classifier_facts`."""
    shown = {"file": f"{facts['task_id']}.skops", "few_rows": FEW_ROWS, "task_type": None, **facts}
    return render_markdown(__package__, "classifier_card.md.jinja", **shown)
