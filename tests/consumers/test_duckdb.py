"""DuckDB: `all_varchar=true` for CSV, `columns` for JSON Lines; Parquet as it is."""

from collections.abc import Callable
from typing import Any

from tests.consumers.conftest import Exported, restored
from tests.consumers.hard_rows import DATES, TWO

_SCRIPT = """
import json, sys
from pathlib import Path
import duckdb

folder = Path(sys.argv[1])


def rows(query, *values):
    return duckdb.execute(query, values).fetchall()


found = {"csv": {}, "parquet": {}, "default": {}}
for path in sorted((folder / "text_label").glob("*.csv")):
    found["csv"][path.stem] = rows("FROM read_csv(?, all_varchar=true)", str(path))
    found["parquet"][path.stem] = rows("FROM read_parquet(?)", str(path.with_suffix(".parquet")))
    found["default"][path.stem] = str(duckdb.execute("FROM read_csv(?)", [str(path)]).description[1][1])
columns = {name: "VARCHAR" for name in ("query", "positive")}
found["e5"] = rows("FROM read_json(?, format='newline_delimited', columns=?)", str(folder / "e5.jsonl"), columns)
columns = {"query": "VARCHAR", "pos": "VARCHAR[]"}
path = str(folder / "flag_embedding.jsonl")
read = "SELECT query, pos[1] FROM read_json(?, format='newline_delimited', columns=?)"
found["flag_embedding"] = rows(read, path, columns)
found["triplets"] = rows("SELECT anchor, positive FROM read_parquet(?)", str(folder / "triplets.parquet"))
print(json.dumps(found))
"""


def test_every_value_is_read(consume: Callable[..., Any], exported: Exported) -> None:
    found = consume("duckdb", _SCRIPT)
    for task_id in exported.task_ids():
        assert restored(found["csv"][task_id]) == exported.pairs(task_id)
        assert found["parquet"][task_id] == exported.pairs(task_id)
    assert found["e5"] == found["flag_embedding"] == exported.pairs()
    tasks = exported.examples["task"]
    prefixes = ["Instruct: " + task + "\nQuery: " for task in tasks]
    assert [
        [anchor.removeprefix(prefix), label]
        for prefix, (anchor, label) in zip(prefixes, found["triplets"], strict=True)
    ] == exported.pairs()


def test_by_default_labels_become_truth_values_or_dates(consume: Callable[..., Any]) -> None:
    found = consume("duckdb", _SCRIPT)["default"]
    assert (found[TWO.task_id], found[DATES.task_id]) == ("BOOLEAN", "DATE")
