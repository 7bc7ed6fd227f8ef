"""The publication plan shown before a push, and folders that are never pushed."""

from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.errors import PublishError, StaleTableError
from synthetic_textcat.pipelines.publish.nodes import publish
from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.publications import PublicationOrder, path_of, task_config
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.export.builders import TASK, tasks_table
from tests.pipelines.publish.builders import CARD_TEXT, REPOSITORY, Export, export
from tests.support.each_case import each_of

_TRAIN = "data/default-train.parquet"
_OF_TASK = path_of(task_config(TASK.task_id), "train")


def test_the_plan_names_each_file_with_its_size_and_rows() -> None:
    plan = export().plan()
    assert (plan["repository"], plan["private"], plan["dry_run"]) == (REPOSITORY, True, False)
    assert plan["message"] == "17 rows written by synthetic-textcat"
    rows = {file["name"]: file["rows"] for file in plan["files"]}
    assert next(iter(rows)) == "README.md"
    assert rows["README.md"] is None
    for config in ("default", "triplet", "text-label", task_config(TASK.task_id)):
        assert [rows[f"data/{config}-{split}.parquet"] for split in ("train", "validation", "test")] == [14, 2, 1]
    assert len(rows) == 13
    assert {file["bytes"] for file in plan["files"]} == {1000}
    assert plan["rows"] == 17
    assert plan["notes"] == plan["left_behind"] == []


def test_what_the_user_sets_is_planned() -> None:
    plan = export().plan(repository="reviews", private=False, commit_message="Third try", dry_run=True)
    assert (plan["repository"], plan["private"], plan["message"]) == ("reviews", False, "Third try")
    assert plan["dry_run"] is True


def test_an_order_is_given_unless_it_is_a_dry_run() -> None:
    plan = export().plan()
    assert list(publish(plan, {})) == [PublicationOrder(plan, {})]
    assert list(publish({**plan, "dry_run": True}, {})) == []


def test_without_a_repository_nothing_is_published() -> None:
    with pytest.raises(PublishError, match=r"No repository is named.*publish\.repository=owner/name"):
        export().plan(repository=None)


@pytest.mark.parametrize("made", [export(model_name=OFFLINE_MODEL), export(card=f"{CARD_TEXT}\n> **{BANNER}**\n")])
def test_rows_of_templates_are_published_only_where_that_is_allowed(made: Export) -> None:
    with pytest.raises(PublishError, match=r"rows written by templates.*publish\.allow_template_data=true"):
        made.plan()
    plan = made.plan(allow_template_data=True)
    assert plan["template_data"] is True
    assert plan["notes"] == [BANNER]


def test_rows_of_a_small_model_are_published_with_a_note() -> None:
    plan = export(model_name="SmolLM2-135M-Instruct").plan()
    assert plan["template_data"] is False
    assert plan["notes"] == [
        "Written by a language model of 135M parameters: for meeting a real model, not for training."
    ]


def test_one_row_of_templates_among_others_is_enough() -> None:
    made = export()
    for frame in (made.examples, rows := made.content[_TRAIN]()):
        frame.loc[3, "model_name"] = OFFLINE_MODEL
    made.content[_TRAIN] = lambda: rows
    with pytest.raises(PublishError, match="rows written by templates"):
        made.plan()


@each_of("name", ["README.md", _TRAIN, "data/text-label-test.parquet", _OF_TASK])
def test_a_file_that_is_missing_is_named(name: str) -> None:
    made = export()
    del made.content[name]
    with pytest.raises(PublishError, match=f"incomplete: {name} is missing. Next: run `kedro run --pipelines export`"):
        made.plan()


@pytest.mark.parametrize("name", [_TRAIN, "data/triplet-test.parquet", _OF_TASK])
def test_a_file_that_has_lost_rows_is_named(name: str) -> None:
    made = export()
    rows = made.content[name]()[1:]
    made.content[name] = lambda: rows
    with pytest.raises(PublishError, match=f"{name} has {len(rows)} rows, but the export wrote {len(rows) + 1}"):
        made.plan()


def _one_more(examples: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([examples, examples.head(1).assign(request_id="new")], ignore_index=True)


@each_of(
    "newer",
    [
        _one_more,
        lambda examples: examples.iloc[1:],
        lambda examples: examples.assign(input_text=examples["input_text"].replace("Text 3.", "Text three.")),
        lambda examples: examples.assign(request_id=examples["request_id"].replace("r3", "r333")),
        lambda examples: examples.assign(tone="formal"),
        lambda examples: examples.assign(language=None),
    ],
)
def test_a_folder_of_other_rows_than_those_that_are_there_is_not_published(newer: Any) -> None:
    made = export()
    made.examples = newer(made.examples)
    with pytest.raises(StaleTableError, match=r"has other rows than the dataset 'examples'"):
        made.plan()


def test_the_order_of_the_examples_does_not_matter() -> None:
    made = export()
    made.examples = made.examples.iloc[::-1].reset_index(drop=True)
    assert made.plan()["rows"] == 17


def test_an_export_without_rows_is_not_published() -> None:
    with pytest.raises(PublishError, match="has no rows, so there is nothing to publish"):
        export(0).plan()


def test_files_that_are_not_of_the_export_are_reported_and_not_planned() -> None:
    made = export()
    made.content |= {"notes.md": lambda: "mine", "data/other.parquet": lambda: None}
    plan = made.plan()
    assert plan["left_behind"] == ["data/other.parquet", "notes.md"]
    assert len(plan["files"]) == 13


def test_what_is_wrong_with_the_rows_is_noted() -> None:
    made = export()
    made.ledger["not_run"] = 3
    made.concerns = [{"level": "fail", "says": "Only 4 of 20 rows were accepted"}, {"level": "warn", "says": "Few"}]
    assert made.plan()["notes"] == [
        "3 of 20 planned rows were not run yet.",
        "The report's verdict: Only 4 of 20 rows were accepted.",
    ]


def test_a_folder_with_several_labels_a_text_is_complete_by_its_triplets() -> None:
    several = Task.model_validate({"task": TASK.task, "labels": TASK.label_names, "labels_per_text": 2})
    made = export(tasks=tasks_table(several), label=None, labels=("good", "bad"), misleading_label="mixed")
    rows = {file["name"]: file["rows"] for file in made.plan()["files"]}
    assert [rows[path_of(config, "train")] for config in ("default", "triplet")] == [14, 28]
    name = path_of("triplet", "train")
    whole = made.content[name]
    made.content[name] = lambda: whole().head(-1)
    with pytest.raises(PublishError, match=r"triplet-train\.parquet has 27 rows, but the export wrote 28"):
        made.plan()
