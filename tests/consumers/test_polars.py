"""polars: `infer_schema=False` for CSV; JSON Lines and Parquet as they are."""

from collections.abc import Callable
from typing import Any

from tests.consumers.conftest import Exported, restored
from tests.consumers.hard_rows import NUMBERS

_SCRIPT = """
import json, sys
from pathlib import Path
import polars as pl

folder = Path(sys.argv[1])
found = {"csv": {}, "parquet": {}, "default": {}}
for path in sorted((folder / "text_label").glob("*.csv")):
    found["csv"][path.stem] = pl.read_csv(path, infer_schema=False).rows()
    found["parquet"][path.stem] = pl.read_parquet(path.with_suffix(".parquet")).rows()
    found["default"][path.stem] = pl.read_csv(path)["label"].unique().cast(pl.String).sort().to_list()
found["e5"] = pl.read_ndjson(folder / "e5.jsonl").select("query", "positive").rows()
listed = pl.read_ndjson(folder / "flag_embedding.jsonl").explode("pos")
found["flag_embedding"] = listed.select("query", "pos").rows()
splits = [pl.read_parquet(path) for path in sorted((folder / "huggingface" / "data").glob("default-*.parquet"))]
found["default config"] = pl.concat(splits).sort("request_id").select("input_text", "label").rows()
print(json.dumps(found))
"""


def test_every_value_is_read(consume: Callable[..., Any], exported: Exported) -> None:
    found = consume("polars", _SCRIPT)
    for task_id in exported.task_ids():
        assert restored(found["csv"][task_id]) == exported.pairs(task_id)
        assert found["parquet"][task_id] == exported.pairs(task_id)
    assert found["e5"] == found["flag_embedding"] == exported.pairs()
    in_split = exported.examples[exported.splits["split"].notna()].sort_values("request_id")
    assert found["default config"] == in_split[["input_text", "label"]].to_numpy().tolist()


def test_by_default_labels_become_one_number(consume: Callable[..., Any]) -> None:
    assert consume("polars", _SCRIPT)["default"][NUMBERS.task_id] == ["1.0", "7.0"]
