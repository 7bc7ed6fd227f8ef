"""Evaluation with several labels a text: real rows with lists, one-vs-rest classifiers, macro- and micro-F1."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthetic_textcat.errors import EvaluationError, StaleTableError
from synthetic_textcat.pipelines.evaluate.inputs import real_rows
from synthetic_textcat.pipelines.evaluate.nodes import (
    ClassifierScores,
    gather_exported_rows,
    list_real_predictions,
    match_real_rows,
    train_classifiers,
)
from synthetic_textcat.pipelines.evaluate.train_test_sets import trials_of
from synthetic_textcat.schemas.label_sets import label_set_of
from synthetic_textcat.schemas.parameters import EvaluateParameters, ExportParameters
from synthetic_textcat.tables import as_table
from tests.pipelines.evaluate.builders import folder
from tests.pipelines.export.builders import tasks_table
from tests.support.each_case import each_of
from tests.support.label_set_rows import MOOD, ROUTING, TASKS, example_rows

_TRIED = (ROUTING, MOOD)
_TASKS = tasks_table(*_TRIED)


def _exported(rows: int) -> pd.DataFrame:
    splits = ["train"] * 8 + ["validation", "test"]
    return example_rows(rows, tasks=_TRIED).assign(split=[splits[number // 2 % 10] for number in range(rows)])


def _real(rows: int, seed: int = 1) -> pd.DataFrame:
    """Rows of other seeds, as a user's Parquet file has them."""
    made = example_rows(rows, seed, _TRIED)
    return pd.DataFrame(
        {"text": made["input_text"], "labels": made["labels"].map(np.array), "task_id": made["task_id"]}
    )


@pytest.fixture(scope="module")
def classified() -> ClassifierScores:
    """Scores of a task with several labels a text, and one with one label."""
    real = match_real_rows(_real(100), _TASKS)
    return train_classifiers(as_table(_exported(220)), real, _TASKS, EvaluateParameters(), ExportParameters(), 42)


def _places(given: pd.DataFrame, task: Any = ROUTING) -> list[tuple[int, ...]]:
    return [*real_rows(given, [task]).rows["labels"]]


@pytest.mark.parametrize(
    ("cell", "places"),
    [
        (["Shipping", "billing"], (0, 1)),
        (np.array(["Praise"], dtype=object), (5,)),
        ((), ()),
        ([], ()),
        ("[]", ()),
        ('["Billing", "Repairs"]', (0, 4)),
        ("Billing; shipping ", (0, 1)),
        ("Billing | Accounts", (0, 3)),
        ("Billing,Accounts,", (0, 3)),
        ("Returns", (2,)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("column", ["labels", "label"])
def test_a_cell_has_a_list_or_labels_with_marks_between(cell: Any, places: tuple[int, ...], column: str) -> None:
    given = pd.DataFrame({"text": ["a"], column: pd.Series([cell], dtype="object")})
    assert _places(given) == [places]


def test_a_label_with_such_a_mark_is_one_label() -> None:
    task = ROUTING.model_validate({"task": "Sort.", "labels": ["a, b", "a", "b"], "labels_per_text": [0, 2]})
    given = pd.DataFrame({"text": ["x", "y", "z"], "labels": ["a, b", "b, a", '["a, b", "a"]']})
    assert _places(given, task) == [(0,), (1, 2), (0, 1)]


def test_no_label_is_said_and_an_empty_cell_says_nothing() -> None:
    cells = [[], None, float("nan"), "", "[]", ["Billing"]]
    given = pd.DataFrame({"text": list("abcdef"), "labels": pd.Series(cells, dtype="object")})
    found = real_rows(given, [ROUTING])
    assert found.rows["labels"].tolist() == [(), (), (0,)]
    assert (found.incomplete, found.repeated) == (3, 0)


def test_a_row_for_each_label_of_a_text_is_reported_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    given = pd.DataFrame(
        {"text": ["a", "A ", "b", "b", "c"], "label": ["Billing", "Shipping", "Praise", "Praise", "Praise"]}
    )
    found = match_real_rows(given.assign(task_id=ROUTING.task_id), _TASKS)
    assert (len(found.rows), found.repeated, found.contradictory) == (4, 1, 1)
    assert (
        "several labels a text: 1. Each row counts. Next: give all labels of a text in one row" in caplog.messages[-1]
    )
    one_label = pd.DataFrame({"text": ["a", "a"], "label": ["Glad", "Sad"], "task_id": MOOD.task_id})
    assert match_real_rows(one_label, _TASKS).contradictory == 0


def test_rows_of_all_kinds_of_tasks_are_in_one_set() -> None:
    given = pd.DataFrame(
        {
            "text": ["a", "b", "c"],
            "label": ["Glad", None, "Sad"],
            "labels": [None, ["Billing", "Shipping"], None],
            "task_id": [MOOD.task_id, ROUTING.task_id, MOOD.task_id],
        }
    )
    assert real_rows(given, TASKS).rows["labels"].tolist() == [(0,), (0, 1), (1,)]


@each_of(
    ("cell", "task", "expected"),
    [
        ("Billing; Shiping", ROUTING, r"does not have: 'Shiping' in 1 row \(did you mean Shipping\?\)\. Next: "),
        (["Biling"], ROUTING, r"'Biling' in 1 row \(did you mean Billing\?\)"),
        ("none", ROUTING, r"Next: name labels as the tasks file does, with \[\] where none fits, or remove"),
        (
            ["Glad", "Sad"],
            MOOD,
            r"1 row of the task 'Tell the mood of a diary entry\.' without exactly one label.* Next: ",
        ),
        ([], MOOD, r"without exactly one label, but the task has one label a text"),
        ("Glad; Sad", MOOD, r"does not have: 'Glad; Sad'"),
    ],
)
def test_what_fits_nothing_is_one_line(cell: Any, task: Any, expected: str) -> None:
    with pytest.raises(EvaluationError, match=expected) as caught:
        _places(pd.DataFrame({"text": ["a"], "labels": pd.Series([cell], dtype="object")}), task)
    assert "\n" not in str(caught.value)


def test_training_rows_begin_with_every_label_set() -> None:
    (trial,) = trials_of(as_table(_exported(600)), real_rows(None, TASKS).rows, [ROUTING], 0.9, 42)
    matrix = trial.train.labels
    assert matrix.shape == (240, 6)
    shares = matrix.mean(axis=0)
    for size in (60, 120):
        assert abs(matrix[:size].mean(axis=0) - shares).max() < 0.05


def test_label_sets_that_follow_from_words_are_learnt(classified: ClassifierScores) -> None:
    metrics = classified.metrics
    line, single = classified.tasks
    assert (line["task_id"], single["task_id"]) == (ROUTING.task_id, MOOD.task_id)
    assert line["micro_f1"] == metrics["real/micro_f1"] == metrics[f"real/micro_f1/{ROUTING.task_id}"]
    assert min(line["micro_f1"], line["macro_f1"]) > 0.9
    assert line["majority_macro_f1"] < 0.4
    assert line["train_on_real_macro_f1"] > 0.6
    assert "micro_f1" not in single
    assert f"real/micro_f1/{MOOD.task_id}" not in metrics
    for name in ("real/micro_f1", "train/held_out_synthetic_micro_f1"):
        assert (metrics[f"{name}_low"] or 2) <= (metrics[name] or 0) <= (metrics[f"{name}_high"] or 0)


def test_predictions_are_label_sets(classified: ClassifierScores) -> None:
    rows = list_real_predictions(classified)
    assert rows.groupby("task_id")["task_type"].unique().map(list).to_dict() == {
        ROUTING.task_id: ["multi_label"],
        MOOD.task_id: ["single_label"],
    }
    own = rows[rows["task_id"] == ROUTING.task_id]
    assert (own["label"] == own["predicted"]).mean() > 0.6
    assert {label for code in own["label"] for label in label_set_of(code)} == set(ROUTING.label_names)
    assert "[]" in set(own["label"])


def test_exported_label_sets_must_be_those_of_this_run() -> None:
    rows = _exported(40)
    files = folder(rows.assign(labels=rows["labels"].map(np.array)))  # as Parquet files are read
    assert len(gather_exported_rows(files, as_table(rows.drop(columns="split")))) == 40
    changed = rows["labels"].where(rows["label"].notna(), rows["labels"].map(lambda labels: labels[1:] or ("Praise",)))
    with pytest.raises(StaleTableError, match="20 rows of the dataset 'huggingface' are not in 'examples'"):
        gather_exported_rows(files, as_table(rows.drop(columns="split").assign(labels=changed)))
