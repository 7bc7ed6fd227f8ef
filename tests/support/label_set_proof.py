"""Proof that exports hold all label sets: rows read back are equal, and teach a linear one-vs-rest model the same."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.linear_models import fitted, linear_model, micro_f1
from synthetic_textcat.text.multi_hot import multi_hot
from tests.support.label_set_readers import IN_SPLITS, TRAIN_AND_TEST, WHOLE, WITH_A_LABEL, Rows


def score(train: Rows, tested: Rows, task: Task) -> float:
    """Micro-F1, on some texts, of TF-IDF of words and one-vs-rest logistic regression trained on others."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    texts = sorted(train)  # a fit depends on the order of its rows in the last digits
    targets, wanted = (
        multi_hot([rows[text] for text in order], task.label_names)
        for rows, order in ((train, texts), (tested, list(tested)))
    )
    model = fitted(make_pipeline(TfidfVectorizer(sublinear_tf=True), linear_model()), texts, targets)
    return micro_f1(wanted, np.asarray(model.predict(list(tested))))


def check(
    folder: Path, rows: pd.DataFrame, splits: "pd.Series[str]", tested: Rows, task: Task, trained: int | None = None
) -> float:
    """Compares each export with the rows it was made of, and the scores of both; returns that of all rows.

    Args:
        folder: The exports.
        rows: The exported rows.
        splits: Split of each.
        tested: Rows of another seed.
        task: The task whose rows are compared.
        trained: Exports of each group from which a model is trained; None = all.
    """
    own = rows["task_id"] == task.task_id
    sets = rows["labels"]
    kept: Mapping[str, pd.Series] = {
        "whole": own,
        "in splits": own & splits.notna(),
        "train and test": own & splits.isin(["train", "test"]),
        "with a label": own & (sets.map(len) > 0),
    }
    wanted = {name: dict(zip(rows[some]["input_text"], sets[some], strict=True)) for name, some in kept.items()}
    scores = {name: score(some, tested, task) for name, some in wanted.items()}
    readers = {"whole": WHOLE, "in splits": IN_SPLITS, "train and test": TRAIN_AND_TEST, "with a label": WITH_A_LABEL}
    for name, group in readers.items():
        found = {export: read(folder, task) for export, read in group.items()}
        assert {export for export, read in found.items() if read != wanted[name]} == set()
        assert {score(read, tested, task) for read in list(found.values())[:trained]} == {scores[name]}
    return scores["whole"]
