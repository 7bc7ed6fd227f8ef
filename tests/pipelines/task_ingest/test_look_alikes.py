"""Label sets that spreadsheets and JSON readers change are named before any row is planned."""

import io
import logging

import pandas as pd
import pytest

from synthetic_textcat.pipelines.task_ingest.look_alikes import warnings_about_labels
from synthetic_textcat.pipelines.task_ingest.nodes import read_tasks_file
from synthetic_textcat.schemas.parameters import TaskIngestParameters
from synthetic_textcat.schemas.task_input import TasksFile
from synthetic_textcat.schemas.tasks import Task
from tests.support.each_case import each_of


def _warnings(*labels: str) -> list[str]:
    return [*warnings_about_labels([Task.model_validate({"task": "Sort a note.", "labels": labels})])]


@each_of(
    ("labels", "named"),
    [
        (("1", "1.0", "1.00", "2"), "'1', '1.0', '1.00'"),
        (("7", "007", "x"), "'7', '007'"),
        (("1e2", "100", "+100"), "'1e2', '100', '+100'"),
        (("1,000", "1000"), "'1,000', '1000'"),
        ((".5", "0.50"), "'.5', '0.50'"),
        (("12345678901234567", "12345678901234568", "12345678901240000"), "'12345678901234567', '12345678901234568'"),
        (("10%", "0.1", "10"), "'10%', '0.1'"),
    ],
)
def test_labels_that_are_one_number_are_named(labels: tuple[str, ...], named: str) -> None:
    (line,) = _warnings(*labels)
    assert f"take the labels {named} for one number. Next: " in line


@pytest.mark.parametrize(
    "labels",
    [("2024-01-01", "2024-02-29"), ("2024-01-01 10:00", "2024-01-01T11:00:00Z"), ("1999-12-31", "2024-01-01T10")],
)
def test_labels_that_are_all_dates_are_named(labels: tuple[str, ...]) -> None:
    (line,) = _warnings(*labels)
    assert "all labels are dates, which load_dataset('json')" in line


@each_of("label", ["NA", "N/A", "null", "None", "nan", "NaN", "NULL", "<NA>"])
def test_labels_that_readers_take_for_a_missing_value_are_named(label: str) -> None:
    (line,) = _warnings("yes", label)
    assert f"take the label '{label}' for a missing value. Next: " in line
    frame = pd.read_csv(io.StringIO(f"label\nyes\n{label}\n"))
    assert frame["label"].isna().tolist() == [False, True]


@each_of(
    "labels",
    [
        ("1", "2", "3"),
        ("2024-01-01", "none"),
        ("2024-01-01", "2024-02-30"),  # which is no date
        ("1.0.0", "1.0"),
        ("12:30", "12:31"),
        ("\u0661", "1"),  # an Arabic digit is no number to them
        ("good", "bad"),
        (),
    ],
)
def test_other_labels_are_no_concern(labels: tuple[str, ...]) -> None:
    assert _warnings(*labels) == []


def test_they_are_logged_when_the_tasks_file_is_read(caplog: pytest.LogCaptureFixture) -> None:
    content = [{"task": "Sort a note [bold].", "labels": ["1", "1.0"]}, {"task": "Sort mail.", "labels": ["a", "b"]}]
    with caplog.at_level(logging.WARNING, "synthetic_textcat"):
        read_tasks_file(TasksFile("tasks.yml", content), TaskIngestParameters())
    (record,) = caplog.records
    assert record.getMessage().startswith("Task 'Sort a note [bold].': a spreadsheet")
    assert record.__dict__["markup"] is False
