"""Row table: a table that is read in record batches, as frames of a few columns, and never needs to be in memory."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, lru_cache
from typing import Any, Self, TypeVar, overload

import numpy as np
import pandas as pd

from synthetic_textcat.text.batches import rows_at

BATCH_ROWS = 50_000
"""Rows of a record batch: some 40 MB of a table with texts."""

Columns = Sequence[str]

Batch = TypeVar("Batch")


class RowTable(ABC):
    """A table of rows that is walked in record batches, any number of times, in the same order each time.

    In a notebook `table["label"]` and `table[["label", "language"]]` read columns, `table.head()` the first rows, and
    `table.to_pandas()` the whole table as a frame.
    """

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """Names of the columns."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of rows."""

    @abstractmethod
    def empty(self, columns: Columns | None = None) -> pd.DataFrame:
        """A frame with the columns and their dtypes, and no row."""

    @abstractmethod
    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        """Frames with these columns, in any order, of at most so many rows."""

    def frames(self, columns: Columns | None = None, rows: int = BATCH_ROWS) -> Iterator[pd.DataFrame]:
        """Record batches as frames, in order; none for an empty table. Their indexes begin at 0.

        Args:
            columns: Columns to read, in the order wanted; all by default.
            rows: Most rows of a batch.
        """
        wanted = self._checked(columns)
        for frame in self._batches(wanted, rows):
            yield frame if list(frame.columns) == wanted else some_columns(frame, wanted)

    def to_pandas(self, columns: Columns | None = None) -> pd.DataFrame:
        """The whole table, or some of its columns, as one frame."""
        frames = list(self.frames(columns))
        if len(frames) == 1:
            return frames[0]
        return pd.concat(frames, ignore_index=True) if frames else self.empty(columns)

    def head(self, rows: int = 5) -> pd.DataFrame:
        """The first rows."""
        return next(self.frames(rows=rows), self.empty())

    def where(self, column: str, values: Collection[Any], columns: Columns | None = None) -> pd.DataFrame:
        """The rows, few enough for memory, whose value in a column is one of these.

        Args:
            column: The column that is compared.
            values: The values to look for.
            columns: Columns of the result; all by default.
        """
        wanted, sought = self._checked(columns), list(values)
        batches = self.frames(list(dict.fromkeys([*wanted, column])))
        found = [rows for batch in batches if len(rows := batch.loc[batch[column].isin(sought), wanted])]
        return pd.concat(found, ignore_index=True) if found else self.empty(columns)

    def take(self, places: Sequence[int], columns: Columns | None = None) -> pd.DataFrame:
        """The rows at these positions, few enough for memory, in the order of the positions given.

        Args:
            places: Positions, in any order.
            columns: Columns of the result; all by default.
        """
        wanted = self._checked(columns)
        return rows_at(self, np.asarray(places, np.int64), wanted) if len(places) else self.empty(wanted)

    def __deepcopy__(self, memo: object) -> Self:
        """The table itself, which nobody changes; Kedro's `MemoryDataset` copies what it does not know."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its rows, such as by a catalog entry that pickles: files and functions stay where they are."""
        return FrameTable, (self.to_pandas(),)

    def reference(self) -> tuple[Any, ...]:
        """Pickled for another process while this table is held (`by_reference`): by its files, if it has any."""
        return self.__reduce__()

    def __getattr__(self, name: str) -> Any:
        """The methods by which a frame is written, such as `to_parquet`, which catalog datasets of others call."""
        if name.startswith("to_") and hasattr(pd.DataFrame, name):
            return getattr(self.to_pandas(), name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}; a frame is .to_pandas()")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.names)})"

    @property
    def columns(self) -> pd.Index:
        """Names of the columns, as a frame has them."""
        return pd.Index(self.names)

    def __contains__(self, column: object) -> bool:
        """Whether the table has a column of this name."""
        return column in self.names

    @overload
    def __getitem__(self, key: str) -> "pd.Series[Any]": ...

    @overload
    def __getitem__(self, key: list[str]) -> pd.DataFrame: ...

    def __getitem__(self, key: str | list[str]) -> "pd.Series[Any] | pd.DataFrame":
        """A column, or a frame of several."""
        return self.to_pandas([key])[key] if isinstance(key, str) else self.to_pandas(key)

    def _checked(self, columns: Columns | None) -> list[str]:
        names = self.names
        if columns is None:
            return names
        if missing := [name for name in columns if name not in names]:
            raise KeyError(f"no column {missing[0]!r}; the table has {', '.join(names)}")
        return list(columns)


def some_columns(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Columns of a frame, in the order wanted; pandas takes four times as long to find them by a list of names."""
    known = frame.columns.tolist()
    return frame.take([known.index(name) for name in names], axis=1)


class FrameTable(RowTable):
    """A frame as a row table.

    A frame without columns and rows, which an empty file of JSON lines is, has any column, of texts.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [str(name) for name in self._frame.columns]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._frame)

    def empty(self, columns: Columns | None = None) -> pd.DataFrame:
        """A frame with the columns and their dtypes, and no row."""
        return some_columns(self._with_any(columns).iloc[:0], self._checked(columns)).reset_index(drop=True)

    def to_pandas(self, columns: Columns | None = None) -> pd.DataFrame:
        """The frame, or some of its columns."""
        return self._frame if columns is None else some_columns(self._with_any(columns), self._checked(columns))

    def _with_any(self, columns: Columns | None) -> pd.DataFrame:
        if columns is None or not self._is_nothing:
            return self._frame
        return pd.DataFrame(columns=list(columns), dtype="str")

    def _checked(self, columns: Columns | None) -> list[str]:
        return super()._checked(columns) if columns is None or not self._is_nothing else list(columns)

    @property
    def _is_nothing(self) -> bool:
        return not len(self._frame.columns) and not len(self._frame)

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        for start in range(0, len(self._frame), rows):
            yield some_columns(self._frame.iloc[start : start + rows], columns).reset_index(drop=True)


class DeclaredTable(RowTable):
    """A row table whose columns and dtypes are declared, so that an empty one has them too.

    Args:
        columns: Name and dtype of each column.
    """

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self._dtypes = dict(columns)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self._dtypes)

    def empty(self, columns: Columns | None = None) -> pd.DataFrame:
        """A frame with the columns and their dtypes, and no row."""
        return some_columns(self._nothing, self._checked(columns))

    @property
    def _nothing(self) -> pd.DataFrame:
        return _without_rows(tuple(self._dtypes.items()))


@lru_cache
def _without_rows(dtypes: tuple[tuple[str, Any], ...]) -> pd.DataFrame:
    """An empty frame, made once for all tables with these columns: pandas takes milliseconds to cast a dozen."""
    return pd.DataFrame(columns=[name for name, _ in dtypes]).astype(dict(dtypes))


class MadeTable(DeclaredTable):
    """A row table that each walk makes anew, such as a filter or a join of stored tables.

    Args:
        make: Frames of some rows each, in order, with all columns.
        columns: Name and dtype of each column.
        rows: Number of rows, if known; else the first `len` walks the table.
    """

    def __init__(
        self, make: Callable[[], Iterable[pd.DataFrame]], columns: Mapping[str, Any], rows: int | None = None
    ) -> None:
        super().__init__(columns)
        self._make = make
        if rows is not None:
            self._rows = rows

    def __len__(self) -> int:
        """Number of rows."""
        return self._rows

    @cached_property
    def _rows(self) -> int:
        return sum(map(len, self._make()))

    @cached_property
    def _exact(self) -> dict[str, Any]:
        """The dtypes themselves: a name may be equal to more than one."""
        return {name: pd.api.types.pandas_dtype(dtype) for name, dtype in self._dtypes.items()}

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        for frame in self._make():
            for start in range(0, len(frame), rows):
                part = some_columns(frame if len(frame) <= rows else frame.iloc[start : start + rows], columns)
                of_part = zip(columns, part.dtypes.tolist(), strict=True)
                others = {name: self._dtypes[name] for name, dtype in of_part if dtype != self._exact[name]}
                yield (part.astype(others) if others else part).reset_index(drop=True)


@overload
def as_table(table: RowTable | pd.DataFrame) -> RowTable: ...


@overload
def as_table(table: None) -> None: ...


def as_table(table: RowTable | pd.DataFrame | None) -> RowTable | None:
    """A row table, made of a frame if it is one: catalog entries of users may load frames. None stays None."""
    return FrameTable(table) if isinstance(table, pd.DataFrame) else table


def in_blocks(frames: Iterable[pd.DataFrame], rows: int) -> Iterator[pd.DataFrame]:
    """Frames of exactly so many rows each, the last one excepted, whatever the record batches are."""
    left: list[pd.DataFrame] = []
    for frame in frames:
        left.append(frame)
        if sum(map(len, left)) < rows:
            continue
        whole = pd.concat(left, ignore_index=True) if len(left) > 1 else frame
        end = len(whole) - len(whole) % rows
        yield from (whole.iloc[start : start + rows] for start in range(0, end, rows))
        left = [whole.iloc[end:]]
    if rest := [frame for frame in left if len(frame)]:
        yield pd.concat(rest, ignore_index=True)


def read_ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The batches; while one is worked on, a thread reads the next, which Arrow does without the interpreter's lock."""
    with ThreadPoolExecutor(1) as reader:
        upcoming = _upcoming(reader, batches)
        while (batch := upcoming.result()) is not None:
            upcoming = _upcoming(reader, batches)
            yield batch


def _upcoming(reader: ThreadPoolExecutor, batches: Iterator[Batch]) -> "Future[Batch | None]":
    try:
        return reader.submit(next, batches, None)
    except RuntimeError:  # the interpreter exits, as after Ctrl-C, when a run is still recorded: no thread starts then
        found: Future[Batch | None] = Future()
        found.set_result(next(batches, None))
        return found
