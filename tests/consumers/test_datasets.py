"""Hugging Face datasets: the dataset folder as it is; `features` and `keep_default_na=False` for CSV."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.schemas.tasks import Task
from tests.consumers.conftest import Exported, restored
from tests.consumers.environments import run_in
from tests.consumers.hard_label_sets import SEVERAL
from tests.consumers.hard_rows import DATES, OPEN, TASKS

_FOLDER = """
import json, sys
from datasets import ClassLabel, get_dataset_config_names, load_dataset

folder = f"{sys.argv[1]}/huggingface"
found = {"configs": get_dataset_config_names(folder), "default config": load_dataset(folder)["train"].to_dict()}
for config in found["configs"]:
    for split, rows in load_dataset(folder, config).items():
        label = rows.features.get("label")
        names = label.names if isinstance(label, ClassLabel) else None
        columns = rows.to_dict()
        if names:
            columns["label"] = label.int2str(columns["label"])
        found[f"{config} {split}"] = {"columns": columns, "names": names, "kind": type(label).__name__}
print(json.dumps(found))
"""

_FILES = """
import json, sys
from pathlib import Path
from datasets import Dataset, Features, List, Value, load_dataset

folder = Path(sys.argv[1])
text = Value("string")


def rows(kind, path, features, **options):
    read = load_dataset(kind, data_files=str(path), split="train", features=Features(features), **options)
    return [list(row.values()) for row in read.select_columns(list(features)).to_list()]


of_task = {"text": text, "label": text}
found = {"csv": {}}
columns = dict.fromkeys(["instruction", "query", "positive", "negative"], text)
found["e5"] = rows("json", folder / "e5.jsonl", columns)
for path in sorted((folder / "text_label").glob("*.csv")):
    found["csv"][path.stem] = rows("csv", path, of_task, keep_default_na=False)
listed = {"query": text, "pos": List(text), "neg": List(text), "prompt": text}
found["flag_embedding"] = rows("json", folder / "flag_embedding.jsonl", listed)

dates = Path(sys.argv[2])
lines = [json.loads(line) for line in (folder / "flag_embedding.jsonl").open(encoding="utf-8")]
dates.write_text("".join(json.dumps(line) + "\\n" for line in lines if line["prompt"] == sys.argv[3]), encoding="utf-8")
found["kind of dates"] = str(load_dataset("json", data_files=str(dates), split="train").features["pos"])
found["dates with features"] = [label for _, [label], *_ in rows("json", dates, listed)]
read = Dataset.from_list([json.loads(line) for line in dates.open(encoding="utf-8", newline="\\n")])
found["dates from a list"] = [label for label, in read["pos"]]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def folder_read(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `load_dataset` makes of each config and split of the folder."""
    found: dict[str, Any] = run_in("datasets", _FOLDER, tmp_path_factory.mktemp("home"), exported.folder)
    return found


def test_the_table_of_all_tasks_is_the_default(folder_read: dict[str, Any], exported: Exported) -> None:
    assert folder_read["configs"][:3] == ["default", "triplet", "text-label"]
    assert folder_read["default config"] == exported.of(split="train").to_dict("list")
    for split in ("train", "validation", "test"):
        assert folder_read[f"default {split}"]["columns"] == exported.of(split=split).to_dict("list")
        columns = folder_read[f"text-label {split}"]["columns"]
        assert list(map(list, zip(columns["text"], columns["label"], strict=True))) == exported.pairs(split=split)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.task)
def test_each_task_has_a_config_with_its_labels(folder_read: dict[str, Any], exported: Exported, task: Task) -> None:
    for split in ("train", "validation", "test"):
        found = folder_read[f"task-{task.task_id} {split}"]
        columns = found["columns"]
        assert list(map(list, zip(columns["text"], columns["label"], strict=True))) == exported.pairs(
            task.task_id, split
        )
        assert found["kind"] == ("Value" if task is OPEN else "ClassLabel")
        assert found["names"] == (list(task.label_names) or None)


def test_files_are_read_with_the_features_that_are_declared(
    consume: Callable[..., Any], exported: Exported, tmp_path: Path
) -> None:
    found = consume("datasets", _FILES, tmp_path / "dates.jsonl", DATES.task)
    for task_id in exported.task_ids():
        assert restored(found["csv"][task_id]) == exported.pairs(task_id)
    rows = exported.examples[["task", "input_text", "label", "misleading_label"]].to_numpy().tolist()
    assert found["e5"] == rows
    assert found["flag_embedding"] == [[text, [label], [other], task] for task, text, label, other in rows]


def test_labels_that_are_all_dates_are_no_texts_in_json(
    consume: Callable[..., Any], exported: Exported, tmp_path: Path
) -> None:
    found = consume("datasets", _FILES, tmp_path / "dates.jsonl", DATES.task)
    labels = [label for _, label in exported.pairs(DATES.task_id)]
    assert found["dates from a list"] == labels
    assert "timestamp" in found["kind of dates"]
    assert found["dates with features"] == [f"{label} 00:00:00" for label in labels]


_SETS = """
import json, sys
from datasets import load_dataset

folder, found = f"{sys.argv[1]}/huggingface", {}
for split, rows in load_dataset(folder).items():
    found[f"default {split}"] = rows.to_dict()["labels"]
for split, rows in load_dataset(folder, "text-label").items():
    found[f"text-label {split}"] = rows.to_dict()
for split, rows in load_dataset(folder, "triplet").items():
    found[f"triplet {split}"] = rows.to_dict()["positive"]
for task_id in sys.argv[2:]:
    for split, rows in load_dataset(folder, f"task-{task_id}").items():
        names = rows.features["labels"].feature
        columns = rows.to_dict()
        found[f"{task_id} {split}"] = {
            "rows": [[text, names.int2str(labels)] for text, labels in zip(columns["text"], columns["labels"])],
            "multi-hot": [[name for name, on in zip(names.names, hot) if on] for hot in columns["multi_hot"]],
            "names": names.names,
        }
print(json.dumps(found))
"""


def test_several_labels_are_lists_of_class_labels(consume_sets: Callable[..., Any], exported_sets: Exported) -> None:
    found = consume_sets("datasets", _SETS, *(task.task_id for task in SEVERAL))
    for split in ("train", "validation", "test"):
        sets = [labels for _, labels in exported_sets.sets(split=split)]
        assert found[f"default {split}"] == sets == found[f"text-label {split}"]["labels"]
        assert found[f"text-label {split}"]["label"] == plain(exported_sets.of(split=split)["label"])
        assert found[f"triplet {split}"] == [label for labels in sets for label in labels]
        for task in SEVERAL:
            own = found[f"{task.task_id} {split}"]
            assert own["rows"] == exported_sets.sets(task.task_id, split)
            assert own["multi-hot"] == [labels for _, labels in own["rows"]]
            assert own["names"] == list(task.label_names)
