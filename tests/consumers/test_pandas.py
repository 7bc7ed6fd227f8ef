"""pandas: `dtype="str", keep_default_na=False` for CSV, `dtype=False` for JSON Lines."""

from collections.abc import Callable
from typing import Any

from tests.consumers.conftest import Exported, restored
from tests.consumers.hard_rows import CLOSED, NUMBERS

_SCRIPT = """
import json, sys
from pathlib import Path
import pandas as pd

folder = Path(sys.argv[1])
found = {"csv": {}, "parquet": {}, "labels read as missing": {}, "labels by default": {}}
for path in sorted((folder / "text_label").glob("*.csv")):
    found["csv"][path.stem] = pd.read_csv(path, dtype="str", keep_default_na=False).to_numpy().tolist()
    found["parquet"][path.stem] = pd.read_parquet(path.with_suffix(".parquet")).to_numpy().tolist()
    labels, given = pd.read_csv(path)["label"], pd.read_parquet(path.with_suffix(".parquet"))["label"]
    found["labels read as missing"][path.stem] = sorted(set(given[labels.isna()]))
    found["labels by default"][path.stem] = sorted(map(str, labels.dropna().unique()))
columns = {"e5": ["query", "positive"], "flag_embedding": ["query", "pos", "prompt"]}
for name, own in columns.items():
    found[name] = pd.read_json(folder / f"{name}.jsonl", lines=True, dtype=False)[own].to_numpy().tolist()
found["triplets"] = pd.read_parquet(folder / "triplets.parquet").to_numpy().tolist()
print(json.dumps(found))
"""


def test_every_value_is_read(consume: Callable[..., Any], exported: Exported) -> None:
    found = consume("pandas", _SCRIPT)
    for task_id in exported.task_ids():
        assert restored(found["csv"][task_id]) == exported.pairs(task_id)
        assert found["parquet"][task_id] == exported.pairs(task_id)
    rows = exported.examples
    assert found["e5"] == exported.pairs()
    assert found["flag_embedding"] == [
        [text, [label], task] for text, label, task in rows[["input_text", "label", "task"]].itertuples(index=False)
    ]
    anchors = "Instruct: " + rows["task"] + "\nQuery: " + rows["input_text"]
    assert found["triplets"] == rows.assign(a=anchors)[["a", "label", "misleading_label"]].to_numpy().tolist()


def test_by_default_labels_vanish_or_become_one_number(consume: Callable[..., Any]) -> None:
    found = consume("pandas", _SCRIPT)
    assert found["labels read as missing"][CLOSED.task_id] == sorted(["#N/A", "N/A", "NA", "None", "nan", "null"])
    assert found["labels by default"][NUMBERS.task_id] == ["1.0", "7.0"]
