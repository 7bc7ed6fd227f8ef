"""Rows that are compared with one another, as columns: a million of them as Python objects take a gigabyte."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_AT_ONCE = 20_000  # rows that are Python objects at a time
Places = NDArray[np.intp]


class Compared(NamedTuple):
    """A row that still stands, as far as others are compared with it.

    Attributes:
        request_id: The planned row.
        text: Its text, normalised.
        seed_texts: The seed examples of its task, normalised.
        disputed: Details of the judge's verdict, if it is another label; else None.
        ambiguous: Likewise, if the judge accepts the misleading label too.
    """

    request_id: str
    text: str
    seed_texts: frozenset[str] = frozenset()
    disputed: str | None = None
    ambiguous: str | None = None


class TextColumn(Sequence[str]):
    """Some texts of a column, in its order.

    Args:
        column: Texts.
        places: Their positions in the column, ascending.
    """

    def __init__(self, column: "pd.Series[str]", places: Places) -> None:
        self._column, self._places = column, places

    def __len__(self) -> int:
        """Number of texts."""
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        """A text, or a list of some."""
        if not isinstance(at, slice):
            return str(self._column.iloc[int(self._places[at])])
        found, places = list[str](), self._places[at]
        while len(places):  # by slices of the column, since `take` copies all of a column in chunks
            start = int(places[0])
            near = places[: np.searchsorted(places, start + _AT_ONCE)]
            texts = self._column.iloc[start : int(near[-1]) + 1].tolist()
            found += texts if len(texts) == len(near) else [texts[place] for place in (near - start).tolist()]
            places = places[len(near) :]
        return found

    def __iter__(self) -> Iterator[str]:
        """The texts, in order."""
        for start in range(0, len(self), _AT_ONCE):
            yield from self[start : start + _AT_ONCE]

    def at(self, places: Places) -> "TextColumn":
        """The texts at some positions among these, ascending."""
        return TextColumn(self._column, self._places[places])


@dataclass(frozen=True)
class ComparedRows:
    """Rows that still stand, in plan order.

    Attributes:
        request_ids, texts: As in `Compared`.
        seed_texts: The seed examples of each task.
        task_of: Position of each row's task in `seed_texts`.
        disputed, ambiguous: As in `Compared`, by request id, of rows that have such details.
    """

    request_ids: TextColumn
    texts: TextColumn
    seed_texts: Sequence[frozenset[str]]
    task_of: Places
    disputed: Mapping[str, str] = field(default_factory=dict)
    ambiguous: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Compared]) -> Self:
        """The columns of these rows."""
        rows = list(rows)
        seeds = list(dict.fromkeys(row.seed_texts for row in rows))
        everywhere = np.arange(len(rows))
        return cls(
            TextColumn(pd.Series([row.request_id for row in rows], dtype="str"), everywhere),
            TextColumn(pd.Series([row.text for row in rows], dtype="str"), everywhere),
            seeds,
            np.array([seeds.index(row.seed_texts) for row in rows], np.intp),
            {row.request_id: row.disputed for row in rows if row.disputed is not None},
            {row.request_id: row.ambiguous for row in rows if row.ambiguous is not None},
        )

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.task_of)

    def at(self, places: Places) -> Self:
        """The rows at some positions among these, ascending."""
        return type(self)(
            self.request_ids.at(places),
            self.texts.at(places),
            self.seed_texts,
            self.task_of[places],
            self.disputed,
            self.ambiguous,
        )
