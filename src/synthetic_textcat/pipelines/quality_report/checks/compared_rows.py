"""Rows that are compared with one another: a stored table that is walked, and a few bytes of memory a row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from synthetic_textcat.console import track
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.tables import RowTable

_AT_ONCE = 20_000  # details that are Python objects at a time
_SPACE = pa.scalar(" ", pa.large_string())

Places = NDArray[np.intp]
Mask = NDArray[np.bool_]


class OfRow(NamedTuple):
    """A detail that ends in the id of another row, such as `same text as r0`.

    Attributes:
        words: Its beginning.
        place: Position of the other row.
    """

    words: str
    place: int


Detail = str | OfRow


class Hits(NamedTuple):
    """Rows to which a reason applies.

    Attributes:
        places: Their positions, ascending.
        details: The detail of each.
    """

    places: Places
    details: pa.Array

    def within(self, start: int, stop: int) -> tuple[Places, NDArray[np.object_]]:
        """Details of the rows from one position to another, with positions counted from the first."""
        first, end = np.searchsorted(self.places, (start, stop)).tolist()
        return self.places[first:end] - start, np.array(self.details[first:end].to_pylist(), object)


@dataclass(frozen=True)
class ComparedRows:
    """Rows that still stand, in plan order.

    Attributes:
        table: All checked rows: request_id, task_id and, where a row stands, comparison_text.
        stands: Mask of those that still stand.
        seed_texts: The seed examples of each task, normalised, by its id.
        disputed: Details of a judge's verdict that is another label, by position; only of rows with such a verdict.
        ambiguous: Likewise, if the judge accepts the misleading label too.
        doing: The check, to show how far it is.
    """

    table: RowTable
    stands: Mask
    seed_texts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    disputed: Mapping[int, str] = field(default_factory=dict)
    ambiguous: Mapping[int, str] = field(default_factory=dict)
    doing: str = ""

    def __len__(self) -> int:
        """Number of rows that stand."""
        return int(np.count_nonzero(self.stands))

    def walk(self, *columns: str) -> Iterator[tuple[Places, pd.DataFrame]]:
        """The rows batch by batch, with their positions in the table."""
        start = 0
        frames = self.table.frames(columns)
        for frame in track(frames, len(self.table), self.doing, of=len) if self.doing else frames:
            kept = np.flatnonzero(self.stands[start : start + len(frame)])
            if len(kept):
                yield kept + start, frame if len(kept) == len(frame) else frame.iloc[kept]
            start += len(frame)

    def texts(self) -> Iterator[tuple[Places, list[str]]]:
        """The normalised texts batch by batch, with their positions."""
        for places, frame in self.walk("comparison_text"):
            yield places, frame["comparison_text"].tolist()

    def without(self, places: Places) -> Self:
        """The rows without those at some positions."""
        stands = self.stands.copy()
        stands[places] = False
        return replace(self, stands=stands)

    def hits(self, found: Iterable[tuple[int, Detail]]) -> Hits:
        """Rows with a detail, in order, with the ids of the rows that the details name.

        Args:
            found: Positions, in any order, with the detail of each.
        """
        source = iter(found)
        parts = [_columns(some) for some in iter(lambda: list(islice(source, _AT_ONCE)), [])]
        if not parts:
            return Hits(np.empty(0, np.intp), pa.array([], pa.large_string()))
        places, named = (np.concatenate([part[number] for part in parts]) for number in (0, 1))
        words = pa.concat_arrays([part[2] for part in parts])
        others, number_of = np.unique(named[named >= 0]), np.full(len(named), -1)
        number_of[named >= 0] = np.searchsorted(others, named[named >= 0])
        ids = values_at(self.table, "request_id", others).take(pa.array(number_of, mask=named < 0))
        details = pc.coalesce(pc.binary_join_element_wise(words, ids, _SPACE), words)
        order = np.argsort(places)
        return Hits(places[order], details.take(pa.array(order)))


def _columns(found: Sequence[tuple[int, Detail]]) -> tuple[Places, Places, pa.Array]:
    """Positions, positions of the rows that are named or -1, and the words."""
    named = [detail.place if isinstance(detail, OfRow) else -1 for _, detail in found]
    words = [detail.words if isinstance(detail, OfRow) else detail for _, detail in found]
    return (
        np.array([place for place, _ in found], np.intp),
        np.array(named, np.intp),
        pa.array(words, pa.large_string()),
    )


def values_at(table: RowTable, column: str, places: Places) -> pa.Array:
    """Values of a column of texts at some positions, ascending, by one walk."""
    found = [pa.array([], pa.large_string())]
    start = 0
    for frame in table.frames([column]) if len(places) else ():
        first, end = np.searchsorted(places, (start, start + len(frame))).tolist()
        found.append(pa.array(plain(frame[column].iloc[places[first:end] - start]), pa.large_string()))
        start += len(frame)
    return pa.concat_arrays(found)
