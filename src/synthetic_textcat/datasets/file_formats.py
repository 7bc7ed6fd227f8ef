"""File formats: the writer and the reader of each suffix."""

import csv
import json
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa
from pyarrow import csv as pa_csv

from synthetic_textcat.tables import FrameTable, RowTable, write_rows
from synthetic_textcat.text.json_columns import data_of, joined, json_column, json_key

Content: TypeAlias = (
    pd.DataFrame
    | RowTable
    | pa.Table
    | pa.RecordBatchReader
    | str
    | bytes
    | Iterator[bytes]
    | list[Any]
    | dict[str, Any]
)
Options = Mapping[str, Any]
"""Keyword arguments of the library's function that reads or writes the format."""

_ROWS_AT_ONCE = 10_000  # as JSON text, a long table would be in memory twice
_ENCODED_AT_ONCE = 2_000  # rows: their JSON stays in the processor's cache
_CSV_OPTIONS = pa_csv.WriteOptions(quoting_style="all_valid", batch_size=_ROWS_AT_ONCE)


def write(path: Path, content: Any, options: Options | None = None) -> None:
    """Writes rows as `.parquet`, `.csv` or `.jsonl`, plain values as `.json`, bytes as they are, else a text.

    Rows are a frame or a row table, which is written in record batches. An Arrow table, or a reader of record batches,
    keeps the metadata of its schema in `.parquet`. Bytes may come in parts.
    """
    if isinstance(content, bytes | Iterator) and not isinstance(content, pa.RecordBatchReader):
        with path.open("wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
        return
    {".parquet": _write_parquet, ".csv": _write_csv, ".jsonl": _write_json_lines, ".json": _write_json}.get(
        path.suffix, _write_text
    )(path, content, options or {})


def write_new(path: Path, content: Content | Callable[[], Content]) -> None:
    """Writes a file, and the folders that it needs; its content, or what a function makes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, content() if callable(content) else content)


def write_pickled(files: Sequence[bytes]) -> list[bool]:
    """Writes files in another process of this run, which does not load Kedro.

    Args:
        files: Each a pickled folder, name and content (`by_reference`), or empty.

    Returns:
        Whether each is written: not an empty one, nor into a folder that this machine does not see.
    """
    return [bool(file) and _write_into(*pickle.loads(file)) for file in files]  # noqa: S301  of the run's own pool


def _write_into(folder: Path, name: str, content: Content | Callable[[], Content]) -> bool:
    if not folder.is_dir():
        return False
    write_new(folder / name, content)
    return True


def read(path: Path, shown: str | None = None, options: Options | None = None) -> Any:
    """The content of a file, written by `write` or a user; cells of a `.csv` file are texts, `.yml` gives plain values.

    Args:
        path: The file.
        shown: What errors call it, where it is a copy.
        options: For the reader of its format.
    """
    given = options or {}
    readers: dict[str, Callable[[], Any]] = {
        ".parquet": lambda: pd.read_parquet(path, **given),
        ".csv": lambda: pd.read_csv(path, **{"dtype": "str", "keep_default_na": False, **given}),
        ".skops": path.read_bytes,
        ".jsonl": lambda: _read_json_lines(path, given),
        ".json": lambda: json.loads(path.read_text(encoding="utf-8"), **given),
        ".yml": lambda: _read_yaml(path, shown or str(path), **given),
    }
    return readers.get(path.suffix, lambda: path.read_text(**{"encoding": "utf-8", **given}))()


def first_rows(path: Path, nrows: int) -> pd.DataFrame:
    """The first rows of a table that `write` wrote, or a user; the rest of the file is not read."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            batch = next(file.iter_batches(batch_size=nrows), file.schema_arrow.empty_table())
            rows: pd.DataFrame = batch.to_pandas()
            return rows
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype="str", keep_default_na=False, nrows=nrows)
    with path.open(encoding="utf-8", newline="\n") as lines:
        return pd.DataFrame([json.loads(line) for line in islice(lines, nrows)])


def _write_parquet(path: Path, content: Any, options: Options) -> None:
    import pyarrow.parquet as pq

    if isinstance(content, pa.RecordBatchReader):
        with pq.ParquetWriter(path, content.schema, **options) as writer:
            for batch in content:
                writer.write_batch(batch)
    elif isinstance(content, pa.Table):
        pq.write_table(content, path, **options)
    elif isinstance(content, RowTable):
        write_rows(path, content, options)
    else:
        content.to_parquet(path, **{"index": False, **options})


def _write_csv(path: Path, content: pd.DataFrame | RowTable, options: Options) -> None:
    """Texts are written by Arrow, several times as fast as by pandas and to the same bytes."""
    rows = content if isinstance(content, RowTable) else FrameTable(content)
    empty = rows.empty()
    if not options and len(empty.columns) and all(map(_is_text, empty.dtypes)):
        schema = pa.Table.from_pandas(empty, preserve_index=False).schema
        with pa_csv.CSVWriter(path, schema, write_options=_CSV_OPTIONS) as writer:
            for frame in rows.frames():
                writer.write_table(pa.Table.from_pandas(frame.fillna(""), schema, preserve_index=False))
        return
    usual = {"index": False, "quoting": csv.QUOTE_ALL, "encoding": "utf-8", "lineterminator": "\n"}
    first = {**usual, **options}
    empty.to_csv(path, **first)
    later = {**first, "header": False, "mode": "a", "encoding": str(first["encoding"]).removesuffix("-sig")}
    for frame in rows.frames():
        frame.to_csv(path, **later)


def _write_json_lines(path: Path, content: pd.DataFrame | RowTable, options: Options) -> None:
    """Texts, whole numbers and lists of texts are written column by column, else by pandas; the bytes are the same."""
    rows = content if isinstance(content, RowTable) else FrameTable(content)
    with path.open("wb") as file:
        for part in rows.frames(rows=_ROWS_AT_ONCE):
            if not options and all(map(_is_plain, (part[name] for name in part.columns))):
                for start in range(0, len(part), _ENCODED_AT_ONCE):
                    file.write(_plain_json_lines(part.iloc[start : start + _ENCODED_AT_ONCE]))
            else:
                part.to_json(file, orient="records", lines=True, **{"force_ascii": False, **options})


def _is_text(kind: Any) -> bool:
    return isinstance(kind, pd.StringDtype)


def _is_plain(column: "pd.Series[Any]") -> bool:
    is_number = pd.api.types.is_integer_dtype(column.dtype) and not column.hasnans
    return _is_text(column.dtype) or is_number or all(_holds_texts(value) for value in column)


def _holds_texts(value: Any) -> bool:
    return type(value) is list and all(type(each) is str for each in value)


def _plain_json_lines(rows: pd.DataFrame) -> memoryview:
    """The rows as pandas writes them: a slash within a text is escaped, and nothing else that JSON allows."""
    pieces: list[Any] = []
    for number, (name, column) in enumerate(rows.items()):
        key = (b"," if number else b"{") + json_key(str(name), escape_slashes=True)
        pieces += [key, json_column(column, escape_slashes=True)]
    return data_of(joined(*pieces, b"}\n"))


def _read_json_lines(path: Path, options: Options) -> pd.DataFrame:
    with path.open(encoding="utf-8", newline="\n") as lines:
        return pd.DataFrame([json.loads(line, **options) for line in lines])


def _read_yaml(path: Path, shown: str) -> Any:
    import yaml

    loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
    loader.name = shown  # what an error calls the file
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _write_json(path: Path, content: Any, options: Options) -> None:
    """A list has an item a line, which is written as it comes: indented, it would take four times as long.

    Numbers that JSON does not know, such as NaN, are written as null.
    """
    usual = {"ensure_ascii": False, "allow_nan": False, **options}
    with path.open("w", encoding="utf-8") as file:
        if not isinstance(content, list):
            file.write(_encoded(content, json.JSONEncoder(**{"indent": 2, **usual})) + "\n")
            return
        encoder = json.JSONEncoder(**usual)
        for number, item in enumerate(content):
            file.write(("[\n" if number == 0 else ",\n") + _encoded(item, encoder))
        file.write("\n]\n" if content else "[]\n")


def _encoded(value: Any, encoder: json.JSONEncoder) -> str:
    try:
        return encoder.encode(value)
    except ValueError:  # a number that is not finite; looking for one beforehand would cost more than the encoding
        return encoder.encode(_finite(value))


def _finite(value: Any) -> Any:
    """The value with None for each number that is not finite."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _write_text(path: Path, content: str, options: Options) -> None:
    path.write_text(content, **{"encoding": "utf-8", **options})
