"""A user draws rows, labels them in a spreadsheet, and learns how many labels are right."""

import json
import subprocess
from typing import NamedTuple

import pandas as pd
import pytest

from synthetic_textcat.schemas.label_verdicts import LABEL_SAMPLE, LABEL_VERDICTS
from synthetic_textcat.schemas.rows import EXAMPLES, to_frame
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from tests.support.project import Project
from tests.support.task_tables import task_table

pytestmark = pytest.mark.whole_run

_LABELS = ("Refund", "Delivery", "Café")
_TASKS = [Task.model_validate({"task": sentence, "labels": _LABELS}) for sentence in ("Sort a mail.", "Sort a call.")]
_ROWS = 400
_WRONG = 10  # of each so many rows one is wrong, and the judge says so


class Labelled(NamedTuple):
    """The project after both runs: the file as drawn and as filled in, and what the runs printed."""

    project: Project
    drawn: pd.DataFrame
    filled: bytes
    first: "subprocess.CompletedProcess[str]"
    second: "subprocess.CompletedProcess[str]"


def _examples() -> pd.DataFrame:
    rows = []
    for number in range(_ROWS):
        task, label = _TASKS[number % 2], _LABELS[number % 3]
        text = f"Ein Text, Nummer {number}; größer" if number else '=HYPERLINK("http://127.0.0.1")'
        values = {"task_id": task.task_id, "task": task.task, "input_text": text, "label": label}
        rows.append({"request_id": f"{number:020x}", **values, "misleading_label": _LABELS[number % 3 - 1]})
    return to_frame([{name: row.get(name, "x") for name in EXAMPLES} for row in rows], EXAMPLES)


def _truth(examples: pd.DataFrame) -> dict[str, str]:
    """Labels that a person gives: the planned ones, but for some rows the misleading ones."""
    return {
        row["request_id"]: row["label"] if number % _WRONG else row["misleading_label"]
        for number, row in enumerate(examples.to_dict("records"))
    }


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Labelled:
    project = Project(tmp_path_factory.mktemp("labelled"))
    examples = _examples()
    for name in ("02_intermediate", "04_feature", "05_model_input"):
        project.path(f"data/{name}").mkdir()
    examples.to_parquet(project.path("data/05_model_input/examples.parquet"))
    task_table(_TASKS).to_parquet(project.path("data/02_intermediate/tasks.parquet"), schema=TASKS_ARROW_SCHEMA)
    truth = _truth(examples)
    agrees = [truth[row] == label for row, label in zip(examples["request_id"], examples["label"], strict=True)]
    verdicts = [(row, truth[row], 3, agreed, False, "m") for row, agreed in zip(truth, agrees, strict=True)]
    to_frame(verdicts, LABEL_VERDICTS).to_parquet(project.path("data/04_feature/label_verdicts.parquet"))

    first = project.run("--pipelines", "label_sample", COLUMNS="300")
    assert first.returncode == 0, first.stdout + first.stderr
    sheet = project.path("data/01_raw/label_sample.csv")
    drawn = pd.read_csv(sheet, dtype="str", keep_default_na=False)
    answers = [truth[row].upper() for row in drawn["request_id"]]
    answers[:3] = ["", "Unclear", "NONE OF THESE"]
    drawn.assign(label=answers).to_csv(sheet, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    filled = sheet.read_bytes()
    second = project.run("--pipelines", "label_sample,label_accuracy", COLUMNS="300")
    assert second.returncode == 0, second.stdout + second.stderr
    return Labelled(project, drawn, filled, first, second)


def test_the_file_to_fill_in_has_the_drawn_rows_and_no_planned_label(labelled: Labelled) -> None:
    drawn = labelled.drawn

    assert list(drawn.columns) == list(LABEL_SAMPLE)
    assert len(drawn) == 100
    assert set(drawn["label"]) == {""}
    assert set(drawn["labels"]) == {" | ".join(_LABELS)}
    assert not drawn["input_text"].str.startswith("=").any()
    assert "label_sample.csv has 100 rows" in labelled.first.stdout


def test_disputed_rows_have_twice_the_probability(labelled: Labelled) -> None:
    rates = labelled.project.table("label_sample_design").groupby("stratum")["probability"].unique()

    assert rates["disputed"] == pytest.approx(2 * rates["agreed"])
    assert rates["agreed"] * _ROWS * (1 + 1 / _WRONG) == pytest.approx(100)


def test_a_filled_file_is_kept_byte_by_byte_with_one_line(labelled: Labelled) -> None:
    assert labelled.project.path("data/01_raw/label_sample.csv").read_bytes() == labelled.filled
    lines = [line for line in labelled.second.stdout.splitlines() if "is kept" in line]
    assert len(lines) == 1
    assert "99 of its 100 rows are filled in" in lines[0]


def test_the_accuracy_is_that_of_all_rows_with_an_interval(labelled: Labelled) -> None:
    text = labelled.project.path("data/08_reporting/label_accuracy.json").read_text(encoding="utf-8")
    found = json.loads(text)

    assert found["label/accuracy_low"] < 1 - 1 / _WRONG < found["label/accuracy_high"]
    assert found["label/accuracy_high"] - found["label/accuracy_low"] < 0.1
    assert (found["label/hand_labelled"], found["label/hand_unclear"], found["label/hand_unlabelled"]) == (98, 1, 1)
    assert found["label/verdicts"] == _ROWS
    assert found["judge/accuracy"] > 0.97
    assert found["judge/rows_saved"] > 0
    assert {f"label/accuracy/{task.task_id}" for task in _TASKS} <= found.keys()
    lines = [line for line in labelled.second.stdout.splitlines() if "Label accuracy 0." in line]
    assert len(lines) == 1
    assert "95 % interval" in lines[0]


def test_labels_are_remembered_by_a_hash_of_their_text(labelled: Labelled) -> None:
    known = labelled.project.table("hand_labels")

    assert len(known) == 99
    assert set(known["label"]) == {*_LABELS, "unclear", "none of these"}
    assert not known.map(lambda cell: "Nummer" in cell).any(axis=None)
