"""Readers of exports with several labels a text, by pandas, Arrow and json: texts with label sets, as they come."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from synthetic_textcat.schemas.label_sets import LabelSet
from synthetic_textcat.schemas.publications import SPLITS, path_of, task_config
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.multi_hot import sets_of
from tests.support.project import ROOT

Rows = dict[str, LabelSet]
"""Label set of each text."""

Reader = Callable[[Path, Task], Rows]

_QUERY = "\nQuery: "


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _about(folder: Path, task: Task) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(
        (folder / "text_label" / f"{task.task_id}.labels.json").read_text(encoding="utf-8")
    )
    return found


def _lists(folder: Path, task: Task) -> Rows:
    rows = pq.read_table(folder / "text_label" / f"{task.task_id}.parquet").to_pydict()
    return dict(zip(rows["text"], map(tuple, rows["labels"]), strict=True))


def _multi_hot_columns(folder: Path, task: Task) -> Rows:
    rows, columns = pd.read_parquet(folder / "text_label" / f"{task.task_id}.parquet"), _about(folder, task)["columns"]
    sets = sets_of(rows[list(columns)].to_numpy(), list(columns.values()))
    return dict(zip(rows["text"], sets, strict=True))


def _csv(folder: Path, task: Task) -> Rows:
    rows = pd.read_csv(folder / "text_label" / f"{task.task_id}.csv", dtype="str", keep_default_na=False)
    return {text: tuple(json.loads(labels)) for text, labels in zip(rows["text"], rows["labels"], strict=True)}


def _cats(folder: Path, task: Task) -> Rows:
    """As spaCy's `doc.cats`."""
    rows, columns = pd.read_parquet(folder / "text_label" / f"{task.task_id}.parquet"), _about(folder, task)["columns"]
    hot = rows[list(columns)].itertuples(index=False)
    cats = {
        text: dict(zip(columns.values(), map(float, own), strict=True))
        for text, own in zip(rows["text"], hot, strict=True)
    }
    return {text: tuple(name for name, is_on in own.items() if is_on) for text, own in cats.items()}


def fasttext_code() -> str:
    """The code of docs/export.md that makes fastText's `line` of a `row` and the `names` of all labels."""
    page = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^numbers = .*?^line = .*?$", page, re.DOTALL | re.MULTILINE)
    return str(code)


def _fasttext(folder: Path, task: Task) -> Rows:
    """By fastText's lines: its labels are the words that begin with `__label__`, wherever they stand."""
    names, code, found = _about(folder, task)["label_names"], compile(fasttext_code(), "export.md", "exec"), {}
    for text, labels in _lists(folder, task).items():
        scope: dict[str, Any] = {"names": names, "row": {"text": text, "labels": labels}}
        exec(code, scope)
        numbers = [word.removeprefix("__label__") for word in scope["line"].split() if word.startswith("__label__")]
        found[text] = tuple(names[int(number)] for number in numbers if number != "none")
    return found


def _of_split(folder: Path, config: str) -> list[dict[str, Any]]:
    paths = [folder / "huggingface" / path_of(config, split) for split in SPLITS]
    return [row for path in paths if path.is_file() for row in pq.read_table(path).to_pylist()]


def _class_names(folder: Path, task: Task) -> list[str]:
    """Names of the labels in the Parquet schema, where `datasets` looks for them."""
    schema = pq.read_schema(folder / "huggingface" / path_of(task_config(task.task_id), SPLITS[0]))
    names: list[str] = json.loads(schema.metadata[b"huggingface"])["info"]["features"]["labels"]["feature"]["names"]
    return names


def _config(folder: Path, task: Task) -> Rows:
    rows, names = _of_split(folder, task_config(task.task_id)), _class_names(folder, task)
    return {row["text"]: tuple(names[place] for place in row["labels"]) for row in rows}


def _multi_hot_lists(folder: Path, task: Task) -> Rows:
    rows, names = _of_split(folder, task_config(task.task_id)), _class_names(folder, task)
    sets = sets_of(np.array([row["multi_hot"] for row in rows]), names)
    return {row["text"]: labels for row, labels in zip(rows, sets, strict=True)}


def _default(folder: Path, task: Task) -> Rows:
    rows = _of_split(folder, "default")
    return {row["input_text"]: tuple(row["labels"]) for row in rows if row["task_id"] == task.task_id}


def _text_label(folder: Path, task: Task) -> Rows:
    rows = _of_split(folder, "text-label")
    return {row["text"]: tuple(row["labels"]) for row in rows if row["task_id"] == task.task_id}


def _grouped(pairs: list[tuple[str, str]]) -> Rows:
    found: Rows = {}
    for text, label in pairs:
        found[text] = (*found.get(text, ()), label)
    return found


def _triplets(folder: Path, task: Task) -> Rows:
    rows = pd.read_parquet(folder / "triplets.parquet")
    own = rows[rows["anchor"].str.startswith(f"Instruct: {task.task}{_QUERY}")]
    texts = own["anchor"].str.partition(_QUERY)[2]
    return _grouped(list(zip(texts, own["positive"], strict=True)))


def _e5(folder: Path, task: Task) -> Rows:
    rows = _lines(folder / "e5.jsonl")
    return _grouped([(row["query"], row["positive"]) for row in rows if row["instruction"] == task.task])


def _flag_embedding(folder: Path, task: Task) -> Rows:
    rows = _lines(folder / "flag_embedding.jsonl")
    return {row["query"]: tuple(row["pos"]) for row in rows if row["prompt"] == task.task}


def _argilla(folder: Path, task: Task) -> Rows:
    records, settings = (
        json.loads((folder / "argilla" / f"{task.task_id}.{kind}.json").read_text(encoding="utf-8"))
        for kind in ("records", "settings")
    )
    suggested = ((row["fields"]["text"], row["suggestions"]["labels"]["value"]) for row in records)
    return {text: tuple(label for label in labels if label != settings["no_label"]) for text, labels in suggested}


def _mteb(folder: Path, task: Task) -> Rows:
    own = folder / "mteb" / task.task_id
    names = json.loads((own / "labels.json").read_text(encoding="utf-8"))["label_names"]
    rows = [row for split in ("train", "test") for row in _lines(own / f"{split}.jsonl")]
    return {row["text"]: tuple(names[label] for label in row["label"]) for row in rows}


WHOLE: dict[str, Reader] = {
    "lists in Parquet": _lists,
    "multi-hot columns": _multi_hot_columns,
    "CSV": _csv,
    "spaCy": _cats,
    "fastText": _fasttext,
    "Argilla": _argilla,
}
"""Readers of the exports that have all rows of a task."""

IN_SPLITS: dict[str, Reader] = {
    "default": _default,
    "text-label": _text_label,
    "class labels": _config,
    "multi-hot lists": _multi_hot_lists,
}
"""Readers of those that have the rows of the splits."""

TRAIN_AND_TEST: dict[str, Reader] = {"MTEB": _mteb}

WITH_A_LABEL: dict[str, Reader] = {"triplets": _triplets, "E5": _e5, "FlagEmbedding": _flag_embedding}
"""Readers of those that have the rows with a label."""
