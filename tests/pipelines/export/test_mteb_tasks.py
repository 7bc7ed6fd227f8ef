"""MTEB tasks: labels as numbers that its scores accept, and metadata without fields that it refuses."""

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.export.nodes import export_mteb
from synthetic_textcat.schemas.languages import languages
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable
from synthetic_textcat.work_pool import THIS_MACHINE
from tests.pipelines.export.builders import TASK, TASKS, by_task, read, tasks_table
from tests.pipelines.quality_report.builders import example_frame
from tests.support.each_case import each_of

_FIELDS = {
    *("name", "description", "prompt", "type", "category", "modalities", "eval_splits", "eval_langs", "main_score"),
    *("annotations_creators", "sample_creation"),
}
"""Fields of `TaskMetadata` in mteb 2.26, which forbids all others; `dataset` is the reader's."""

_FOUR = Task.model_validate({"task": "Sort a note by season.", "labels": ["spring", "summer", "autumn", "winter"]})


def _exported(
    rows: Sequence[tuple[str, str]], task: Task = TASK, tasks: pd.DataFrame = TASKS, **changes: Any
) -> dict[str, Any]:
    """Files of rows, each with its label and split."""
    examples = example_frame(
        {"request_id": f"r{place}", "task_id": task.task_id, "label": label, **changes}
        for place, (label, _) in enumerate(rows)
    )
    splits = pd.DataFrame({"split": pd.Series([split for _, split in rows], dtype="str")})
    files = export_mteb(by_task(examples), FrameTable(splits), tasks, THIS_MACHINE)
    return {name: read(file) for name, file in files.items()}


_TRAIN = [("good", "train"), ("bad", "train"), ("mixed", "train")]


def test_a_closed_task_has_two_splits_its_metadata_and_its_label_names() -> None:
    files = _exported([*_TRAIN, ("bad", "test"), ("bad", "validation")], language="German")
    names = ("train.jsonl", "test.jsonl", "metadata.json", "labels.json")
    assert set(files) == {"README.md", *(f"{TASK.task_id}/{name}" for name in names)}
    test = files[f"{TASK.task_id}/test.jsonl"]
    assert test.to_dict("records") == [{"text": "They forgot the sauce.", "label": 0, "label_text": "bad"}]
    metadata = files[f"{TASK.task_id}/metadata.json"]
    assert metadata.keys() == _FIELDS
    assert metadata["eval_langs"] == ["deu-Latn"]


@pytest.mark.parametrize(
    ("tested", "names"),
    [
        (["summer", "winter"], ["summer", "winter", "spring", "autumn"]),
        (["winter"], ["winter", "spring", "summer", "autumn"]),
        (["winter", "spring", "summer", "autumn"], ["spring", "summer", "autumn", "winter"]),
    ],
)
def test_labels_of_the_test_rows_have_the_first_numbers(tested: list[str], names: list[str]) -> None:
    rows = [*((name, "train") for name in _FOUR.label_names), *((name, "test") for name in tested)]
    files = _exported(rows, _FOUR, tasks_table(_FOUR))
    assert files[f"{_FOUR.task_id}/labels.json"] == {"task_id": _FOUR.task_id, "label_names": names}
    for split in ("train", "test"):
        frame = files[f"{_FOUR.task_id}/{split}.jsonl"]
        assert [names[number] for number in frame["label"]] == frame["label_text"].tolist()
        assert frame["label"].dtype == "int64"
    assert set(files[f"{_FOUR.task_id}/test.jsonl"]["label"]) == set(range(len(tested)))


def test_languages_are_those_of_the_test_rows() -> None:
    def _codes(*tested: str) -> Any:
        rows = [*_TRAIN, *(("bad", "test") for _ in tested)]
        examples = example_frame({"task_id": TASK.task_id, "label": label} for label, _ in rows)
        examples.loc[len(_TRAIN) :, "language"] = tested
        splits = FrameTable(pd.DataFrame({"split": [split for _, split in rows]}))
        return read(export_mteb(by_task(examples), splits, TASKS, THIS_MACHINE)[f"{TASK.task_id}/metadata.json"])[
            "eval_langs"
        ]

    assert _codes("Chinese (Traditional)", "Hindi Romanized") == ["hin-Latn", "zho-Hant"]
    assert _codes("Burmese", "Burmese (Zawgyi)") == ["mya-Mymr"]


def test_every_language_has_codes_as_mteb_writes_them() -> None:
    codes = {language.name: f"{language.iso639_3}-{language.script}" for language in languages()}
    assert not [code for code in codes.values() if not re.fullmatch(r"[a-z]{3}-[A-Z][a-z]{3}", code)]
    assert len(set(codes.values())) == len(codes) - 1  # Burmese in Zawgyi is Burmese in the same script
    assert codes["English"] == "eng-Latn"
    assert codes["Filipino"] == "fil-Latn"
    assert codes["Japanese"] == "jpn-Jpan"


@each_of("rows", [[], _TRAIN, [("bad", "train"), ("bad", "train"), ("good", "test")], [("bad", "test")]])
def test_a_task_that_can_not_be_scored_has_no_files(rows: list[tuple[str, str]]) -> None:
    assert set(_exported(rows)) == {"README.md"}


def test_a_task_without_a_label_set_has_no_files() -> None:
    open_task = Task.model_validate({"task": "Name the tone."})
    rows = [*_TRAIN, ("bad", "test")]
    assert set(_exported(rows, open_task, tasks_table(open_task))) == {"README.md"}
    assert set(_exported(rows, open_task)) == {"README.md"}


def test_a_label_that_the_task_no_longer_has_is_named() -> None:
    with pytest.raises(StaleTableError, match="The label 'Bad' in the dataset 'examples'"):
        _exported([*_TRAIN, ("Bad", "test")])
