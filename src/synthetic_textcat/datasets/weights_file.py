"""Weights of languages in a user's file, which a parameter names in place of a mapping: `language: "@name.csv"`."""

from pathlib import PurePath, PurePosixPath
from typing import Any

import pandas as pd

from synthetic_textcat.datasets.fsspec_place import find_place
from synthetic_textcat.datasets.strict_readers import read_csv, read_parquet
from synthetic_textcat.errors import ParameterError, nearest
from synthetic_textcat.schemas.block import RANGE, is_weight
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.rows import plain

MARK = "@"
_COLUMNS = ("language", "weight")
_READERS = {".csv": read_csv, ".parquet": read_parquet}
_PARAMETER = "Parameter attribute_sampling.language"


def language_weights(named: str, project: PurePath) -> dict[str, float]:
    """Weight of each language, by its name in the tables.

    Args:
        named: The parameter: `@` and the path of a CSV or Parquet file, or its URL. The columns are `language`, a name
            or code, and `weight`; without that column all weights are 1.
        project: The folder to which the path is relative.

    Raises:
        ParameterError: With one line, if the file is missing or broken, has an unknown column or language, a bad
            weight, or one language twice.
        StorageError: If it can't be read.
    """
    path = named.removeprefix(MARK).strip()
    reader = _READERS.get(PurePosixPath(path).suffix.casefold())
    if reader is None:
        raise ParameterError(f"{_PARAMETER}: {path!r} has a suffix that is none of {', '.join(_READERS)}")
    place = find_place(path if "://" in path else str(project / path))
    try:
        content = place.content()
    except (FileNotFoundError, IsADirectoryError):
        raise ParameterError(
            f"{_PARAMETER}: {path} is not a file. Next: name one below the project, or a URL"
        ) from None
    table = reader(content, path, ParameterError)
    is_csv = reader is read_csv
    weights: dict[str, float] = {}
    lines: dict[str, int] = {}
    for line, row in enumerate(_rows(table, path), start=2 if is_csv else 1):
        name, weight = _checked(row, f"{path}, {'line' if is_csv else 'row'} {line}")
        if name in lines:
            raise ParameterError(f"{path} has {name} in the lines {lines[name]} and {line}. Next: keep one of them")
        lines[name], weights[name] = line, weight
    if not weights:
        raise ParameterError(f"{path} names no language. Next: fill the columns {' and '.join(_COLUMNS)}")
    return weights


def _rows(table: pd.DataFrame, file: str) -> list[tuple[Any, Any]]:
    for column in map(str, table.columns):
        if column not in _COLUMNS:
            raise ParameterError(f"{file} has the unknown column {column!r}; {nearest(column, _COLUMNS)}")
    if not table.columns.is_unique:
        raise ParameterError(f"{file} has a column twice. Next: name the columns {' and '.join(_COLUMNS)}, each once")
    if _COLUMNS[0] not in table:
        raise ParameterError(f"{file} lacks the column {_COLUMNS[0]}. Next: name the columns {' and '.join(_COLUMNS)}")
    weights = plain(table[_COLUMNS[1]]) if _COLUMNS[1] in table else [1] * len(table)
    return list(zip(plain(table[_COLUMNS[0]]), weights, strict=True))


def _checked(row: tuple[Any, Any], place: str) -> tuple[str, float]:
    """Name and weight of a row."""
    language, weight = row
    if not str(language or "").strip():
        raise ParameterError(f"{place} names no language. Next: fill the column {_COLUMNS[0]}, or remove the line")
    try:
        number = float(weight)
    except (TypeError, ValueError):
        number = 0.0
    if isinstance(weight, bool) or not is_weight(number):
        raise ParameterError(f"{place}: {weight!r} is not a weight. Next: write {RANGE}, such as 2 or 0.5")
    try:
        return find_language(str(language)).name, number
    except ValueError as error:
        raise ParameterError(f"{place}: {error}") from None
