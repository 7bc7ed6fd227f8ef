"""Which rows are learnt, and which are asked."""

from collections import Counter

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.evaluate.inputs import real_rows
from synthetic_textcat.pipelines.evaluate.train_test_sets import MOST_ROWS, Trial, trials_of
from synthetic_textcat.tables import as_table
from tests.pipelines.evaluate.builders import OTHER, TASK, TASKS, WORDS, evaluation_set, exported, labelled, text_of

_SIMILARITY = 0.6


def _trials(rows: pd.DataFrame, given: pd.DataFrame | None = None) -> list[Trial]:
    return trials_of(as_table(rows), real_rows(given, TASKS).rows, TASKS, _SIMILARITY, 42)


def test_what_the_user_tests_on_is_not_learnt() -> None:
    real = labelled(6, "real")
    near = f"{real[0][0]} indeed"
    rows = exported([*labelled(60, "made"), (real[1][0].upper(), "Sport"), (near, "Cooking")])
    (trial,) = _trials(rows, evaluation_set(real))
    assert len(trial.train) == 60
    assert trial.overlaps == Counter(exact=1, near=1)
    assert near not in trial.train.texts


def test_each_beginning_of_the_training_rows_has_all_labels_in_their_shares() -> None:
    often = [(text_of("Sport", "often", row), "Sport") for row in range(80)]
    rare = [(text_of(label, "rare", row), label) for row in range(20) for label in ("Cooking", "Travel")]
    (trial,) = _trials(exported([*often, *rare]))
    for size in (12, 30, 60, 120):
        counts = np.bincount(trial.train.labels[:size], minlength=len(WORDS))
        assert (abs(counts - np.array([80, 20, 20]) * size / 120) <= 1).all()


def test_neither_the_order_of_the_folder_nor_that_of_the_file_matters() -> None:
    rows, given = exported(labelled(90, "made")), evaluation_set(labelled(30, "real"))
    (one,) = _trials(rows, given)
    (other,) = _trials(rows.iloc[::-1].reset_index(drop=True), given.iloc[::-1].reset_index(drop=True))
    assert one.train.texts == other.train.texts
    assert one.real.texts == other.real.texts


def test_held_out_rows_are_those_of_the_test_split() -> None:
    rows = pd.concat(
        [exported(labelled(50, name), name) for name in ("train", "validation", "test")], ignore_index=True
    )
    (trial,) = _trials(rows)
    assert set(trial.held_out.texts) == {text for text, _ in labelled(50, "test")}
    assert set(trial.train.texts) == {text for text, _ in labelled(50, "train")}


def test_a_task_with_real_rows_is_tried_however_few_its_synthetic_rows_and_no_other() -> None:
    given = evaluation_set([("a", "Glad")], task_id=OTHER.task_id)
    trials = _trials(exported([("Oh well.", "Sad")], task=OTHER), given)
    assert [trial.task.task for trial in trials] == [OTHER.task]
    assert not trials[0].is_learnable
    assert _trials(exported([("Oh well.", "Sad")], task=OTHER)) == []


def test_a_label_outside_the_set_is_not_learnt() -> None:
    (trial,) = _trials(exported([*labelled(60, "made"), ("Whatever.", "Chess")]))
    assert len(trial.train) == 60


def test_no_more_rows_are_learnt_than_take_seconds() -> None:
    (trial,) = _trials(exported(labelled(MOST_ROWS + 100, "made")))
    assert len(trial.train) == MOST_ROWS
    assert trial.task == TASK
