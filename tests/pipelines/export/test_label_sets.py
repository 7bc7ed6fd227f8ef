"""Exports of a project in which some tasks have several labels a text: each task in its own form."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from synthetic_textcat.datasets import FolderDataset
from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.export.formats import e5
from synthetic_textcat.pipelines.export.label_set_views import multi_hot_columns
from synthetic_textcat.pipelines.export.nodes import (
    export_huggingface,
    export_mteb,
    export_text_label,
    export_triplets,
)
from synthetic_textcat.pipelines.export.splits import TEST, planned_splits
from synthetic_textcat.pipelines.export.task_formats import argilla
from synthetic_textcat.schemas.parameters import ExportParameters, SplitShares
from synthetic_textcat.schemas.publications import path_of, task_config
from synthetic_textcat.schemas.rows import REQUESTS, records_of
from synthetic_textcat.schemas.seed_examples import ShownTexts
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable
from synthetic_textcat.work_pool import THIS_MACHINE
from tests.pipelines.export.builders import by_task, tasks_table
from tests.pipelines.export.written import written
from tests.support.label_set_rows import MOOD, ROUTING, TASKS, TOPICS, example_rows

ROWS = example_rows(240)
SPLITS = pd.DataFrame({"split": pd.Series((["train"] * 8 + ["validation", "test"]) * 24, dtype="str")})
_EXPORT = ExportParameters()

Pairs = list[tuple[str, tuple[str, ...]]]


def _pairs(task: Task | None = None, split: str | None = None) -> Pairs:
    """Text and label set of the rows of a task and split."""
    kept = pd.Series(True, index=ROWS.index)
    kept &= ROWS["task_id"] == task.task_id if task else True
    kept &= SPLITS["split"] == split if split else True
    return list(zip(ROWS[kept]["input_text"], ROWS[kept]["labels"], strict=True))


def _flat(pairs: Pairs) -> list[tuple[str, str]]:
    return [(text, label) for text, labels in pairs for label in labels]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exports, written as the catalog writes them."""
    path = tmp_path_factory.mktemp("export")
    written(path, ROWS, SPLITS["split"], TASKS)
    return path


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_text_has_a_triplet_for_each_label_and_none_without(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        found = export_triplets(FrameTable(ROWS), tasks_table(*TASKS), ExportParameters(instruction="left_out"))
    frame = found.triplets.to_pandas()
    assert list(zip(frame["anchor"], frame["positive"], strict=True)) == _flat(_pairs())
    assert len(found.triplets) == len(frame) == len(found.instructions.to_pandas())
    misleading = dict(zip(ROWS["input_text"], ROWS["misleading_label"], strict=True))
    assert frame["negative"].tolist() == [misleading[text] for text in frame["anchor"]]
    assert (frame["positive"] != frame["negative"]).all()
    without = sum(not labels for _, labels in _pairs())
    assert f"Rows that none of the labels fits have no triplet: {without}" in caplog.text
    assert without > 5


def test_batches_of_distinct_labels_hold_every_triplet() -> None:
    settings = ExportParameters(instruction="left_out", distinct_label_batches=8)
    frame = export_triplets(FrameTable(ROWS), tasks_table(*TASKS), settings).triplets.to_pandas()
    assert sorted(zip(frame["anchor"], frame["positive"], strict=True)) == sorted(_flat(_pairs()))
    assert frame["positive"].iloc[:8].nunique() == 8


def test_batches_keep_the_triplets_of_one_text_apart() -> None:
    own = ROWS[ROWS["task_id"] == ROUTING.task_id]
    settings = ExportParameters(instruction="left_out", distinct_label_batches=4)
    anchors = export_triplets(FrameTable(own), tasks_table(ROUTING), settings).triplets.to_pandas()["anchor"]
    batches = anchors.groupby(np.arange(len(anchors)) // 4)
    assert (batches.nunique() == batches.size()).all()
    assert anchors.nunique() < len(anchors)


def test_rows_with_several_labels_of_tasks_that_no_longer_have_them_are_named() -> None:
    files = (
        e5(FrameTable(ROWS), tasks_table(MOOD)),
        export_triplets(FrameTable(ROWS), tasks_table(MOOD), _EXPORT).triplets,
    )
    for table in files:
        with pytest.raises(
            StaleTableError, match=r"rows with several labels.*Next: run `kedro run --pipelines generate`"
        ):
            table.to_pandas()


def test_e5_has_a_row_a_label_and_flag_embedding_lists_them(folder: Path) -> None:
    assert [(row["query"], row["positive"]) for row in _lines(folder / "e5.jsonl")] == _flat(_pairs())
    listed = _lines(folder / "flag_embedding.jsonl")
    assert [(row["query"], tuple(row["pos"])) for row in listed] == [pair for pair in _pairs() if pair[1]]
    assert all(len(row["neg"]) == 1 and row["neg"][0] not in row["pos"] for row in listed)


@pytest.mark.parametrize("task", [ROUTING, TOPICS], ids=["routing", "topics"])
def test_tables_of_a_task_have_a_list_and_multi_hot_columns(folder: Path, task: Task) -> None:
    path = folder / "text_label" / f"{task.task_id}.parquet"
    about = json.loads(path.with_suffix(".labels.json").read_text(encoding="utf-8"))
    assert about["task_type"] == "multi_label"
    assert list(about["columns"].values()) == about["label_names"] == list(task.label_names)
    rows = pq.read_table(path)
    assert rows.schema.names == ["text", "labels", *about["columns"]]
    assert str(rows.schema.field("labels").type) == "list<element: string>"
    assert list(zip(*(rows[name].to_pylist() for name in ("text", "labels")), strict=True)) == [
        (text, list(labels)) for text, labels in _pairs(task)
    ]
    hot = rows.select(list(about["columns"])).to_pandas()
    assert [tuple(about["columns"][name] for name in hot if row[name]) for row in records_of(hot)] == [
        labels for _, labels in _pairs(task)
    ]
    cells = pd.read_csv(path.with_suffix(".csv"), dtype="str", keep_default_na=False)
    assert list(cells) == rows.schema.names
    assert [(row["text"], tuple(json.loads(row["labels"]))) for row in records_of(cells)] == _pairs(task)
    assert cells[list(about["columns"])].astype(int).to_numpy().tolist() == hot.to_numpy().tolist()


def test_a_single_label_task_next_to_them_has_its_own_form(folder: Path) -> None:
    alone = ROWS[ROWS["task_id"] == MOOD.task_id]
    files = export_text_label(by_task(alone), tasks_table(MOOD), _EXPORT, THIS_MACHINE)
    dataset = FolderDataset(path=str(folder / "alone"))
    dataset.save(files)
    for name in (f"{MOOD.task_id}.parquet", f"{MOOD.task_id}.csv", f"{MOOD.task_id}.labels.json"):
        assert (folder / "alone" / name).read_bytes() == (folder / "text_label" / name).read_bytes()
    assert "multi_label" not in (folder / "alone" / "README.md").read_text(encoding="utf-8")
    index = json.loads((folder / "text_label" / "index.json").read_text(encoding="utf-8"))
    assert [entry["task_id"] for entry in index if "task_type" not in entry] == [MOOD.task_id]


def test_column_names_are_safe_distinct_and_lead_back_to_the_labels() -> None:
    names = ["Café au lait", "cafe au lait!", "退款", "退貨", "", "a" * 99, "label_1", 'A/B; "c"', "1", "1.0", "=cmd()"]
    columns = multi_hot_columns(names)
    assert list(columns.values()) == names
    assert list(columns)[:3] == ["label_00_cafe_au_lait", "label_01_cafe_au_lait", "label_02"]
    assert all(column.isascii() and column.isidentifier() and len(column) < 60 for column in columns)


def test_argilla_asks_for_several_labels_and_offers_none_of_them(folder: Path) -> None:
    records = json.loads((folder / "argilla" / f"{ROUTING.task_id}.records.json").read_text(encoding="utf-8"))
    settings = json.loads((folder / "argilla" / f"{ROUTING.task_id}.settings.json").read_text(encoding="utf-8"))
    none = settings["no_label"]
    assert settings["questions"] == [{"name": "labels", "type": "multi_label", "labels": [*ROUTING.label_names, none]}]
    values = [(row["fields"]["text"], row["suggestions"]["labels"]["value"]) for row in records]
    assert values == [(text, [*labels] or [none]) for text, labels in _pairs(ROUTING)]
    single = json.loads((folder / "argilla" / f"{MOOD.task_id}.settings.json").read_text(encoding="utf-8"))
    assert single["questions"] == [{"name": "label", "type": "label", "labels": list(MOOD.label_names)}]
    assert "no_label" not in single


def test_an_option_for_no_label_is_none_of_the_labels() -> None:
    task = Task.model_validate({"task": "Sort.", "labels": ["None of these.", "b", "c"], "labels_per_text": [0, 2]})
    question = argilla(FrameTable(ROWS.head(1)), task)["settings.json"]()
    assert question["no_label"] == "(none of these)"


def test_argilla_offers_no_label_only_where_a_text_may_have_none(folder: Path) -> None:
    settings = json.loads((folder / "argilla" / f"{TOPICS.task_id}.settings.json").read_text(encoding="utf-8"))
    assert settings["questions"] == [{"name": "labels", "type": "multi_label", "labels": list(TOPICS.label_names)}]
    assert "no_label" not in settings
    records = json.loads((folder / "argilla" / f"{TOPICS.task_id}.records.json").read_text(encoding="utf-8"))
    assert [tuple(row["suggestions"]["labels"]["value"]) for row in records] == [own for _, own in _pairs(TOPICS)]
    unknown = ROWS[ROWS["task_id"] == ROUTING.task_id]
    assert argilla(FrameTable(unknown), None)["settings.json"]()["no_label"] == "none of these"
    labelled = unknown[unknown["labels"].map(len) > 0]
    assert "no_label" not in argilla(FrameTable(labelled), None)["settings.json"]()


def test_mteb_has_lists_of_numbers_and_the_type_of_several_labels(folder: Path) -> None:
    path = folder / "mteb" / ROUTING.task_id
    names = json.loads((path / "labels.json").read_text(encoding="utf-8"))["label_names"]
    for split in ("train", "test"):
        rows = _lines(path / f"{split}.jsonl")
        assert [(row["text"], tuple(names[label] for label in row["label"])) for row in rows] == _pairs(ROUTING, split)
        assert [tuple(row["label_text"]) for row in rows] == [labels for _, labels in _pairs(ROUTING, split)]
    metadata = json.loads((path / "metadata.json").read_text(encoding="utf-8"))
    assert metadata["type"] == "MultilabelClassification"
    readme = (folder / "mteb" / "README.md").read_text(encoding="utf-8")
    assert "class Task(AbsTaskMultilabelClassification)" in readme
    single = json.loads((folder / "mteb" / MOOD.task_id / "metadata.json").read_text(encoding="utf-8"))
    assert (single["type"], single["main_score"]) == ("Classification", "accuracy")


def test_mteb_gets_no_task_on_which_it_fails() -> None:
    rows = ROWS[(ROWS["task_id"] == ROUTING.task_id) & (ROWS["labels"].map(len) == 1)]
    one = rows[rows["labels"] == rows["labels"].iloc[0]].head(3)
    trained = rows.head(20)
    splits = pd.DataFrame({"split": pd.Series(["train"] * 20 + ["test"] * 3, dtype="str")})
    files = export_mteb(by_task(pd.concat([trained, one])), FrameTable(splits), tasks_table(ROUTING), THIS_MACHINE)
    assert set(files) == {"README.md"}  # one label in the test rows


@pytest.mark.parametrize("task", [ROUTING, TOPICS], ids=["routing", "topics"])
def test_the_config_of_a_task_has_class_labels_in_lists_and_a_multi_hot_list(folder: Path, task: Task) -> None:
    table = pq.read_table(folder / "huggingface" / path_of(task_config(task.task_id), "train"))
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    names = features["labels"]["feature"]["names"]
    assert names == list(task.label_names)
    assert features["multi_hot"]["length"] == len(names)
    rows = table.to_pylist()
    assert [(row["text"], tuple(names[place] for place in row["labels"])) for row in rows] == _pairs(task, "train")
    assert [tuple(name for name, is_on in zip(names, row["multi_hot"], strict=True) if is_on) for row in rows] == [
        labels for _, labels in _pairs(task, "train")
    ]


def test_views_of_all_tasks_have_the_same_columns_in_each_split(folder: Path) -> None:
    for split in ("train", "validation", "test"):
        rows = pq.read_table(folder / "huggingface" / path_of("text-label", split)).to_pylist()
        assert list(rows[0]) == ["text", "label", "task", "task_id", "labels"]
        assert [(row["text"], tuple(row["labels"])) for row in rows] == _pairs(split=split)
        assert all((row["label"] is None) == (row["task_id"] != MOOD.task_id) for row in rows)
        triplets = pq.read_table(folder / "huggingface" / path_of("triplet", split)).to_pandas()
        assert triplets["positive"].tolist() == [label for _, label in _flat(_pairs(split=split))]


def test_a_label_that_the_task_no_longer_has_is_named() -> None:
    fewer = Task.model_validate({**ROUTING.model_dump(), "labels": ROUTING.label_names[1:], "together": []})
    own = ROWS[ROWS["task_id"] == ROUTING.task_id]
    splits = FrameTable(SPLITS.head(len(own)))
    with pytest.raises(StaleTableError, match=r"The label 'Billing' .* is not in its task's label set"):
        export_huggingface(FrameTable(own), by_task(own), splits, tasks_table(fewer), "# Card\n", _EXPORT, THIS_MACHINE)
    with pytest.raises(StaleTableError, match="The label 'Billing'"):
        export_mteb(by_task(own), splits, tasks_table(fewer), THIS_MACHINE)


def _plan(rows: int) -> pd.DataFrame:
    made = example_rows(rows)
    made["replicate"] = made.groupby("task_id").cumcount()
    return made.assign(seed=1)[list(REQUESTS)].astype(REQUESTS)


def test_rows_with_several_labels_have_their_splits_by_label_set_and_move_no_other_row() -> None:
    plan, shares = _plan(600), SplitShares()
    codes = planned_splits(FrameTable(plan), TASKS, 3, shares, 42)
    single = plan["task_id"] == MOOD.task_id
    alone = planned_splits(FrameTable(plan[single].reset_index(drop=True)), [MOOD], 3, shares, 42)
    assert codes[single.to_numpy()].tolist() == alone.tolist()
    assert planned_splits(FrameTable(plan.head(251)), TASKS, 3, shares, 42).tolist() == codes[:251].tolist()
    for task in (ROUTING, TOPICS):
        own = (plan["task_id"] == task.task_id).to_numpy()
        for label in task.label_names:
            rows = own & plan["labels"].map(lambda labels, label=label: label in labels).to_numpy()
            assert abs((codes[rows] == TEST).sum() - 0.1 * rows.sum()) <= 4


def test_rows_led_by_one_seed_example_share_a_split() -> None:
    seeded = Task.model_validate({**ROUTING.model_dump(), "seed_examples": [f"text {number}" for number in range(12)]})
    plan = _plan(600)
    own = plan[plan["task_id"] == ROUTING.task_id].reset_index(drop=True)
    codes = planned_splits(FrameTable(own), [seeded], 3, SplitShares(), 42)
    shown = ShownTexts(own, [seeded], 3)
    leads = [shown.texts(row)[0] for row in records_of(own)]
    assert set(pd.Series(codes).groupby(leads).nunique()) == {1}
