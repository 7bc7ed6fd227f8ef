"""Strict readers of user files (CSV, YAML, JSON, Parquet): an error names the line and the next step."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import yaml

from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.error_messages import yaml_fix
from synthetic_textcat.errors import TextcatError
from synthetic_textcat.schemas.task_input import JsonError, parse_json, shown
from synthetic_textcat.text.unicode import single_line

LINES = "lines"
_BOM = "\ufeff"
_FIX = "Next: fix that place"


def read_csv(content: bytes, file: str, complaint: type[TextcatError]) -> pd.DataFrame:
    """The table, text only: a label `NA` or `001` is kept. A separator can't be part of a column's name.

    Its `attrs` have the line on which each row ends (`LINES`), since empty lines are no rows.

    Raises:
        TextcatError: The `complaint`, with the place, if it is no CSV.
    """
    text = read_text(content, file, complaint)
    separator = next((mark for mark in ";\t" if mark in text.partition("\n")[0]), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if rows and len(row) != len(rows[0]):
                split = "separate the columns by commas, semicolons or tabs, and " if len(rows[0]) == 1 else ""
                raise complaint(
                    f"{file}, line {reader.line_num} has {len(row)} and the header {len(rows[0])} cells. Next: "
                    f'{split}put a cell that holds {separator!r} in "quotes", and double the quotes within'
                )
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise complaint(f"{file}, line {reader.line_num} is not CSV: {error}. Next: fix that place") from None
    header = [name.strip() for name in rows[0]] if rows else []
    table = pd.DataFrame(rows[1:], columns=header, dtype="object")
    table.attrs[LINES] = lines[1:]
    return table


def read_text(content: bytes, file: str, complaint: type[TextcatError]) -> str:
    """The text of a file in UTF-8, without the mark that some programs begin it with.

    Raises:
        TextcatError: The `complaint`, with the line, if it is in another encoding.
    """
    try:
        return content.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise complaint(
            f"{file}, line {line} is not UTF-8: byte 0x{content[error.start]:02x}. Next: save the file as UTF-8"
        ) from None


def read_yaml(content: bytes, file: str, complaint: type[TextcatError]) -> Any:
    """The content of a YAML file; JSON is YAML too.

    Raises:
        TextcatError: The `complaint`, with the place, if it is not YAML, or a key occurs twice in one mapping.
    """
    text = read_text(content, file, complaint)
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise complaint(f"{file}{where} is not YAML: {error.problem}. {yaml_fix(error)}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise complaint(
            f"{file}, line {line} is not YAML: the character {chr(int(error.character))!r} is not allowed. {_FIX}"
        ) from None
    except RecursionError:
        raise complaint(f"{file} is not YAML: it is nested too deeply. {_FIX}") from None
    except (ValueError, OverflowError) as error:  # such as an escape of no character
        raise complaint(f"{file} is not YAML: {error}. {_FIX}") from None


def read_json(content: bytes, file: str, complaint: type[TextcatError]) -> Any:
    """The value of a JSON file; None of an empty one.

    Raises:
        TextcatError: The `complaint`, with the place, if it is not JSON, or a key occurs twice in one object.
    """
    text = read_text(content, file, complaint)
    try:
        return parse_json(text) if text.strip() else None
    except JsonError as error:
        where = f", line {error.line}, column {error.column}" if error.line else ""
        raise complaint(f"{file}{where} is not JSON: {error.problem}. {_FIX}") from None


def read_json_lines(content: bytes, file: str, complaint: type[TextcatError], entry: str) -> Iterator[tuple[int, Any]]:
    """Number and value of each line that is not empty; `entry` is the word for a line's content in errors.

    Raises:
        TextcatError: The `complaint`, with the place, if a line is no JSON.
    """
    for number, line in enumerate(read_text(content, file, complaint).split("\n"), start=1):
        try:
            if line.strip():
                yield number, parse_json(line)
        except JsonError as error:
            where = f", line {number}" + (f", column {error.column}" if error.column else "")
            raise complaint(
                f"{file}{where} is not JSON: {error.problem}. Next: write one {entry} a line, as {{...}}"
            ) from None


def read_parquet(content: bytes, file: str, complaint: type[TextcatError]) -> pd.DataFrame:
    """The table of a Parquet file.

    Raises:
        TextcatError: The `complaint`, if it is no Parquet.
    """
    import pyarrow as pa

    try:
        return pd.read_parquet(io.BytesIO(content))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise complaint(f"{file} is not Parquet: {single_line(error, 200)}. Next: write it again") from None


def line_of(content: bytes, path: Sequence[str | int], line: int) -> int:
    """The line of a file, counted from 1, on which a line of one of its texts stands; else the one where that begins.

    Args:
        content: YAML that can be read.
        path: The keys and places that lead to the text.
        line: Of the text, counted from 0.
    """
    node: Any = yaml.compose(content.decode("utf-8-sig"), Loader=_Loader)
    for step in path:
        inner = node.value[step] if isinstance(step, int) else {key.value: x for key, x in node.value}.get(step)
        node = inner or node  # a merged key stands elsewhere
    begin: int = node.start_mark.line + 1
    return begin + 1 + line if node.style == "|" else begin


class _Loader(yaml.SafeLoader):
    """Refuses a key that occurs twice in one mapping; YAML's own loader silently drops the first.

    Says with its place what is none of its tag: a date that does not exist, `!!bool foo`.
    """

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, ArithmeticError):
            kind = node.tag.rpartition(":")[2]
            problem = f"{shown(node.value)} is no {kind}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.composer.ComposerError(None, None, f"the key {key.value!r} occurs twice", key.start_mark)
            seen.add(key.value)
        return node


def content_of(dataset: StoredDataset[Any, Any], entry: str, complaint: type[TextcatError]) -> tuple[str, bytes]:
    """The path for display, and the content of the file.

    Args:
        dataset: Of the file.
        entry: Its entry in the catalog, for errors.
        complaint: Raised with what is wrong.

    Raises:
        TextcatError: The `complaint`, if it is missing, or a folder.
        StorageError: If it can't be read.
    """
    try:
        place = dataset.place
        return place.shown, place.content()
    except IsADirectoryError:
        raise complaint(f"{place.shown} is a folder. Next: set a file as filepath of {entry} in the catalog") from None
    except FileNotFoundError as error:
        raise complaint(
            f"{error.filename} is missing. Next: restore it, or set the filepath of {entry} in the catalog"
        ) from None
