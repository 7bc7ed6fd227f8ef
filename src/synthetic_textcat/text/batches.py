"""Tables that are read in batches: codes of a column's values, and the rows at some positions."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Codes = NDArray[np.int32]


class Batches(Protocol):
    """A table that gives its rows as frames of a few thousand, in the same order each time."""

    def __len__(self) -> int:
        """Number of rows."""

    def frames(self, columns: Sequence[str], /) -> Iterator[pd.DataFrame]:
        """The rows, with these columns."""


class ValueCodes:
    """Codes of values, in the order in which the values first appear; -1 for a missing value.

    A column as codes takes 4 bytes a row, whatever its values are.
    """

    def __init__(self) -> None:
        self._codes: dict[Hashable, int] = {}

    def __len__(self) -> int:
        """Number of values so far."""
        return len(self._codes)

    @property
    def values(self) -> list[Any]:
        """The values, by code."""
        return list(self._codes)

    def add(self, column: "pd.Series[Any]") -> Codes:
        """Codes of the values of a batch."""
        codes, values = pd.factorize(column)
        return self.add_factorized(codes, values.tolist())

    def add_factorized(self, codes: NDArray[np.int64], values: Iterable[Hashable]) -> Codes:
        """The same of a batch that is factorized already: number of each row's value, -1 for none, and the values."""
        known = [self._codes.setdefault(value, len(self._codes)) for value in values]
        return np.array([*known, -1], np.int32)[codes]


def codes_of(table: Batches, column: str, codes: ValueCodes) -> Codes:
    """A whole column as codes."""
    found = np.empty(len(table), np.int32)
    start = 0
    for frame in table.frames([column]):
        found[start : start + len(frame)] = codes.add(frame[column])
        start += len(frame)
    return found


def rows_at(table: Batches, places: NDArray[np.integer[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """The rows at some positions, in the order of the positions; few enough for memory."""
    order = np.argsort(places, kind="stable")
    ascending = places[order]
    parts, start = [], 0
    for frame in table.frames(columns) if len(places) else ():
        first, end = np.searchsorted(ascending, (start, start + len(frame))).tolist()
        if first < end:
            parts.append(frame.iloc[ascending[first:end] - start])
        start += len(frame)
        if end == len(ascending):
            break
    if not parts:
        return pd.DataFrame(columns=list(columns))
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return pd.concat(parts, ignore_index=True).iloc[back].reset_index(drop=True)
