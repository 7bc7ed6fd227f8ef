"""Weights of an attribute's values in a user's file, which a choice names in place of a mapping: `"@languages.csv"`.

The parameters name such files for the attributes of the method and for own ones (`attribute_sampling`), a tasks file
for those of a task and its labels. What is read stands in the choice's place, so plans and runs keep the content.
"""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.datasets.fsspec_place import Place
from synthetic_textcat.datasets.strict_readers import LINES, read_csv, read_parquet
from synthetic_textcat.errors import TextcatError, nearest
from synthetic_textcat.schemas.attributes import canonical_value
from synthetic_textcat.schemas.block import RANGE, is_weight, with_decimal_point
from synthetic_textcat.schemas.rows import ATTRIBUTES, plain
from synthetic_textcat.schemas.task_input import GIVEN
from synthetic_textcat.schemas.weights_files import MARK, SUFFIXES, names_weights_file

_EXTRA = "extra"
_WEIGHT = "weight"
_READERS = dict(zip(SUFFIXES, (read_csv, read_parquet), strict=True))


class FolderOfWeights(NamedTuple):
    """Where choices of one kind find the files that they name.

    Attributes:
        locate: From the path or URL that a choice names to its place, and the path to show.
        described: The places where a file may be, for errors.
        complaint: Class of the errors.
    """

    locate: Callable[[str], tuple[Place, str]]
    described: str
    complaint: type[TextcatError]


def with_weights(choices: Mapping[str, Any], folder: FolderOfWeights, owner: str) -> dict[str, Any]:
    """The choices with a mapping of values to weights in place of each `@file`.

    A value of an own attribute may begin with the mark, too, so it names a file only if it ends like one.

    Args:
        choices: A block of choices by attribute, with own ones in `extra`; other keys stay as they are.
        folder: Where the files are.
        owner: What has these choices, for errors: with a dot or a comma at its end.

    Raises:
        TextcatError: The folder's `complaint` with one line, if a file is missing or broken, has an unknown column or
            value, a bad weight, or one value twice.
        StorageError: If one can't be read.
    """
    found = {
        name: _weights(choice, name, folder, f"{owner}{name}")
        for name, choice in choices.items()
        if name in ATTRIBUTES and isinstance(choice, str) and choice.strip().startswith(MARK)
    }
    extra = choices.get(_EXTRA)
    if isinstance(extra, Mapping):
        found[_EXTRA] = {
            name: _of_own(choice, str(name), folder, f"{owner}extra.{name}") for name, choice in extra.items()
        }
    return {**choices, **found}


def _of_own(choice: Any, name: str, folder: FolderOfWeights, owner: str) -> Any:
    """The choice of an own attribute, or of a dependent one with a choice for each value of its parent."""
    if isinstance(choice, Mapping):
        return {
            value: branch if value == GIVEN else _of_own(branch, name, folder, f"{owner}.{value}")
            for value, branch in choice.items()
        }
    is_file = isinstance(choice, str) and names_weights_file(choice)
    return _weights(choice, name, folder, owner) if is_file else choice


def _weights(named: str, attribute: str, folder: FolderOfWeights, owner: str) -> dict[str, float]:
    """Weight of each value in a file, by the value's name in the tables."""
    path = named.strip().removeprefix(MARK).strip()
    reader = _READERS.get(PurePosixPath(path).suffix.casefold())
    if reader is None:
        raise folder.complaint(
            f"{owner}: {path!r} has a suffix that is none of {', '.join(_READERS)}. Next: save it as one of them"
        )
    place, shown = folder.locate(path)
    try:
        content = place.content()
    except (FileNotFoundError, IsADirectoryError):
        raise folder.complaint(f"{owner}: {shown} is not a file. Next: name one {folder.described}, or a URL") from None
    try:
        return _added(reader(content, shown, folder.complaint), attribute, shown)
    except ValueError as error:
        raise folder.complaint(str(error)) from None


def _added(table: pd.DataFrame, attribute: str, file: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    lines: dict[str, int] = {}
    word, numbers = ("line", table.attrs[LINES]) if LINES in table.attrs else ("row", range(1, len(table) + 1))
    for line, (value, weight) in zip(numbers, _rows(table, attribute, file), strict=True):
        place = f"{file}, {word} {line}"
        name, number = _name(value, attribute, place), _number(weight, place)
        if name in lines:
            raise ValueError(f"{file} has {name} in the {word}s {lines[name]} and {line}. Next: keep one of them")
        lines[name], weights[name] = line, number
    if not weights:
        raise ValueError(f"{file} names no {attribute}. Next: fill the columns {attribute} and {_WEIGHT}")
    return weights


def _rows(table: pd.DataFrame, attribute: str, file: str) -> list[tuple[Any, Any]]:
    columns = (attribute, _WEIGHT)
    named = f"Next: name the columns {attribute} and {_WEIGHT}"
    for column in map(str, table.columns):
        if column not in columns:
            raise ValueError(f"{file} has the unknown column {column!r}; {nearest(column, columns)}")
    if not table.columns.is_unique:
        raise ValueError(f"{file} has a column twice. {named}, each once")
    if attribute not in table:
        raise ValueError(f"{file} lacks the column {attribute}. {named}")
    weights = plain(table[_WEIGHT]) if _WEIGHT in table else [1] * len(table)
    return list(zip(plain(table[attribute]), weights, strict=True))


def _name(value: Any, attribute: str, place: str) -> str:
    text = "" if value is None else str(value).strip()
    if not text:
        raise ValueError(f"{place} names no {attribute}. Next: fill the column {attribute}, or remove the line")
    try:
        return canonical_value(attribute, text) if attribute in ATTRIBUTES else text
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


def _number(weight: Any, place: str) -> float:
    plain_weight: Any = with_decimal_point(weight)
    try:
        number = float(plain_weight)
    except (TypeError, ValueError):
        number = 0.0
    if isinstance(weight, bool) or not is_weight(number):
        raise ValueError(f"{place}: {weight!r} is not a weight. Next: write {RANGE}, such as 2 or 0.5")
    return number
