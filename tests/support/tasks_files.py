"""The same entries written as each format of a tasks file, as a user's own tools would write them."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

Entries = list[dict[str, Any]]


def _write_yaml(entries: Entries, path: Path) -> None:
    path.write_text(yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")


def _write_json(entries: Entries, path: Path) -> None:
    path.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")


def _write_json_lines(entries: Entries, path: Path) -> None:
    path.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries), encoding="utf-8")


def _write_csv(entries: Entries, path: Path) -> None:
    columns = list(dict.fromkeys(key for entry in entries for key in entry))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in entry.items()} for entry in entries)


def _cell(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _write_parquet(entries: Entries, path: Path) -> None:
    pd.DataFrame(entries).to_parquet(path, index=False)


WRITERS: dict[str, Callable[[Entries, Path], None]] = {
    ".yml": _write_yaml,
    ".yaml": _write_yaml,
    ".json": _write_json,
    ".jsonl": _write_json_lines,
    ".ndjson": _write_json_lines,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
"""By suffix."""
