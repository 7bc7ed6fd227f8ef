"""What classifiers score on real rows, beside what is to be had without synthetic ones.

Macro-F1 and its interval.
"""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from synthetic_textcat.pipelines.evaluate.scoring import (
    Reader,
    are_few,
    guesses,
    is_enough,
    majority_f1,
    mean_of,
    reader_of_embeddings,
    reader_of_grams,
    score,
    try_task,
)
from synthetic_textcat.pipelines.evaluate.train_test_sets import Rows, Trial
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.linear_models import macro_f1
from tests.pipelines.evaluate.builders import TASK, WORDS, labelled
from tests.support.each_case import each_of

_GRAMS = reader_of_grams()
_NONE = Rows([], np.empty(0, np.int64))


def _rows(given: list[tuple[str, str]]) -> Rows:
    return Rows([text for text, _ in given], np.array([TASK.label_names.index(label) for _, label in given]))


def _trial(train: Rows, real: Rows = _NONE, held_out: Rows = _NONE) -> Trial:
    return Trial(TASK, train, held_out, real, Counter())


def _turned(rows: Rows) -> Rows:
    """The same texts, with labels that are wrong."""
    return Rows(rows.texts, (rows.labels + 1) % len(WORDS))


def test_labels_that_follow_from_the_words_are_learnt_the_more_rows_the_better() -> None:
    found = try_task(_trial(_rows(labelled(60, "made")), _rows(labelled(54, "real"))), _GRAMS, 42)
    assert found.real is not None
    assert found.real.macro_f1 > 0.95
    assert found.majority == pytest.approx(1 / 6, abs=1e-4)
    assert found.on_real is not None
    assert found.on_real.macro_f1 > 0.9
    assert [rows for rows, _ in found.curve] == [25, 50, 60]
    assert found.curve[-1][1] == found.real
    assert found.held_out is None


def test_synthetic_rows_with_wrong_labels_are_told_apart_from_real_ones() -> None:
    real, made = _rows(labelled(51, "real")), _turned(_rows(labelled(60, "made")))
    held_out = _turned(_rows(labelled(12, "held out")))
    found = try_task(_trial(made, real, held_out), _GRAMS, 42)
    assert found.held_out is not None
    assert found.held_out.macro_f1 > 0.95
    assert found.real is not None
    assert found.real.macro_f1 < 0.05
    assert found.on_real is not None
    assert found.on_real.macro_f1 > 0.9


def test_without_real_rows_only_held_out_ones_are_scored() -> None:
    found = try_task(_trial(_rows(labelled(60, "made")), held_out=_rows(labelled(12, "held out"))), _GRAMS, 42)
    assert found.held_out is not None
    assert (found.real, found.majority, found.on_real, found.curve) == (None, None, None, ())


def test_one_label_is_nothing_to_learn() -> None:
    one = Rows(["a", "b"], np.array([1, 1]))
    assert try_task(_trial(one, _rows(labelled(60, "real"))), _GRAMS, 42).real is None


def test_a_beginning_with_one_label_names_that_one() -> None:
    labels = np.array([0] * 25 + [1, 2] * 25)
    texts = [text for text, _ in labelled(75, "made")]
    found = try_task(_trial(Rows(texts, labels), _rows(labelled(9, "real"))), _GRAMS, 42)
    assert dict(found.curve)[25].macro_f1 == pytest.approx(1 / 6, abs=1e-4)


@each_of(
    ("counts", "enough"),
    [([25, 25], True), ([25, 24], False), ([46, 4], False), ([45, 5, 2], True), ([60], False), ([], False)],
)
def test_training_on_real_rows_needs_fifty_and_two_labels_that_all_folds_have(counts: list[int], enough: bool) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    assert is_enough(Rows([""] * len(labels), labels)) is enough


@each_of(("rows", "labels", "few"), [(0, 3, False), (49, 3, True), (50, 3, False), (100, 60, True), (300, 60, False)])
def test_a_score_is_of_few_rows_below_fifty_or_five_for_each_label(rows: int, labels: int, few: bool) -> None:
    task = Task(task="Sort a note.", labels=tuple(f"label {number}" for number in range(labels)))
    assert are_few(Rows([""] * rows, np.zeros(rows, dtype=np.int64)), task) is few


def test_always_naming_the_most_frequent_label_is_scored_by_all_labels() -> None:
    assert majority_f1(Rows([""] * 10, np.array([0] * 8 + [1] * 2))) == pytest.approx((16 / 18) / 2, abs=1e-4)


def test_embeddings_are_learnt_instead_where_a_model_makes_them() -> None:
    asked: list[str] = []

    def _embed(texts: object) -> object:
        assert isinstance(texts, list)
        asked.extend(texts)
        return np.array([[sum(word in text for word in words) for words in WORDS.values()] for text in texts], float)

    made, real = _rows(labelled(60, "made")), _rows(labelled(12, "real"))
    found = try_task(_trial(made, real), reader_of_embeddings(_embed), 42)
    assert found.real is not None
    assert found.real.macro_f1 > 0.95
    assert asked == [*made.texts, *real.texts]


def test_the_interval_is_of_the_rows_luck_and_the_same_each_time() -> None:
    labels = np.arange(400) % 4
    guessed = np.where(np.arange(400) % 5 == 0, 0, labels)
    few, many = score(labels[:40], guessed[:40], 42), score(labels, guessed, 42)
    for found in (few, many):
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.macro_f1 <= found.high
    assert (many.high or 0) - (many.low or 0) < (few.high or 0) - (few.low or 0)
    again = score(labels, guessed, 42)
    assert (again.low, again.high) == (many.low, many.high)
    assert score(labels, labels, 42)[1:2] == (1.0,)


def test_of_a_single_row_no_interval_is_known() -> None:
    found = score(np.array([1]), np.array([1]), 42)
    assert (found.macro_f1, found.low, found.high) == (1.0, None, None)


def test_the_mean_weighs_tasks_by_their_rows() -> None:
    right, wrong = np.arange(30) % 2, np.zeros(10, np.int64)
    found = mean_of([score(right, right, 1), score(wrong, wrong + 1, 1)])
    assert found is not None
    assert (found.rows, found.macro_f1, found.low) == (40, 0.75, 0.75)
    assert mean_of([]) is None


def test_labels_that_no_row_has_are_not_in_the_mean() -> None:
    assert macro_f1(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])) == pytest.approx((1 + 2 / 3) / 2, abs=1e-4)


class _ThreadCounter:
    """A model that notes how many threads the numerical libraries may use while it is fitted."""

    def fit(self, _: Any, labels: Any) -> "_ThreadCounter":
        self._first = labels[0]
        self.threads = {pool["num_threads"] for pool in threadpool_info()}
        return self

    def predict(self, texts: Any) -> Any:
        return np.full(len(texts), self._first)


def test_a_classifier_is_fitted_in_one_thread() -> None:
    model = _ThreadCounter()
    with threadpool_limits(2):
        guesses(Reader(np.array, lambda _: model), np.zeros((4, 1)), np.array([0, 1, 0, 1]), np.zeros((2, 1)))
    assert model.threads == {1}
