# ruff: noqa: RUF001  letters of one script that look like those of another are the point here
"""The user's labelled rows: which task and label each is of, and what is said of one that fits none."""

import re
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.errors import EvaluationError
from synthetic_textcat.pipelines.evaluate.inputs import real_rows
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.evaluate.builders import OPEN, OTHER, TASK, TASKS, evaluation_set
from tests.support.each_case import each_of

_ROWS = [("A goal.", "sport "), ("Dough.", "COOKING"), ("A ferry", "\uff34ravel.")]


@pytest.mark.parametrize(
    "columns",
    [
        {"task_id": TASK.task_id},
        {"task": "  sort a NOTE by its topic"},
        {"task_id": TASK.task_id, "task": "whatever it was called once"},
    ],
)
def test_task_and_label_are_matched_whatever_their_case_and_spaces(columns: dict[str, Any]) -> None:
    found = real_rows(evaluation_set(_ROWS, **columns), TASKS)
    assert found.rows["task_id"].tolist() == [TASK.task_id] * 3
    assert [TASK.label_names[place] for (place,) in found.rows["labels"]] == ["Sport", "Cooking", "Travel"]
    assert (found.incomplete, found.repeated) == (0, 0)


def test_labels_are_matched_by_turkish_case_and_script_form() -> None:
    task = Task.model_validate({"task": "Sort.", "labels": ["İade", "IRMAK", "ё"]})
    found = real_rows(
        pd.DataFrame({"text": ["bir", "iki", "üç"], "label": ["iade", "ırmak", "Е"]}),
        [task],
    )
    assert found.rows["labels"].tolist() == [(0,), (1,), (2,)]


def test_the_only_task_need_not_be_named() -> None:
    rows = pd.DataFrame({"text": ["A goal."], "label": ["Sport"]})
    assert real_rows(rows, [TASK]).rows["task_id"].tolist() == [TASK.task_id]
    with pytest.raises(EvaluationError, match=r"no column `task_id` or `task`, and there are 3 tasks\. Next: "):
        real_rows(rows, TASKS)


def test_rows_without_text_or_label_and_repeated_ones_are_left_out_and_counted() -> None:
    given = [
        ("A goal.", "Sport"),
        ("", "Sport"),
        (" ", "Sport"),
        ("Dough.", None),
        ("a  GOAL", "sport"),
        ("x", "Travel"),
    ]
    found = real_rows(evaluation_set([(text, label or "") for text, label in given]), TASKS)
    assert found.rows["text"].tolist() == ["A goal.", "x"]
    assert (found.incomplete, found.repeated, found.left_out) == (3, 1, 4)


@pytest.mark.parametrize("given", [None, pd.DataFrame({"text": ["A goal."]}), evaluation_set([])])
def test_no_set_no_labels_and_no_rows_are_no_real_rows(given: pd.DataFrame | None) -> None:
    found = real_rows(given, TASKS)
    assert found.rows.empty
    assert list(found.rows.columns) == ["task_id", "text", "labels"]


@each_of(
    ("given", "expected"),
    [
        (
            evaluation_set([("a", "Sprot"), ("b", "sprot"), ("c", "Sprot"), ("d", "Sport")]),
            r"task 'Sort a note by its topic\.' does not have: 'Sprot' in 2 rows \(did you mean Sport\?\)",
        ),
        (
            evaluation_set([("a", "zzz")]),
            r"'zzz' in 1 row \(allowed: Cooking, Sport, Travel\)\. Next: name labels as the tasks file does",
        ),
        (
            evaluation_set([("a", "Glad")], task="Tell the mood of notes."),
            r"has the task 'Tell the mood of notes\.' in 1 row, which the project does not have; .*mean Tell the mood",
        ),
        (
            evaluation_set([("a", "x")] * 2, task_id=OPEN.task_id),
            r"has 2 rows of the task 'Say what a note is about\.', which has open labels.* Next: give the task labels",
        ),
    ],
)
def test_what_fits_nothing_is_one_line_with_what_is_allowed(given: pd.DataFrame, expected: str) -> None:
    with pytest.raises(EvaluationError, match=expected) as caught:
        real_rows(given, TASKS)
    assert "\n" not in str(caught.value)
    assert re.search(r"\. Next: ", str(caught.value))


def test_rows_of_several_tasks_are_of_their_own_labels() -> None:
    given = evaluation_set([("a", "Sport"), ("b", "Sad")], task_id=[TASK.task_id, OTHER.task_id])
    assert real_rows(given, TASKS).rows["labels"].tolist() == [(0,), (1,)]
