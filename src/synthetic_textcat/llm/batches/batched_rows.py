"""Batched rows: the open rows of a run's batches and the answers to them, in arrays."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.llm.calls.open_rows import OpenRow, OpenRowSequence, Past, digests_of_rows
from synthetic_textcat.llm.calls.policy import Judge
from synthetic_textcat.llm.journal.lines import completion_line, completions_of, digests_of
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.tables import KeyPositions
from synthetic_textcat.temporary_files import TextFile

Numbers = NDArray[np.int64]
"""Numbers of rows among the open ones, ascending: in plan order."""

_MADE_AT_ONCE = 512


class BatchedRows:
    """State of the rows that batches ask for: 28 bytes a row; bad replies of this run are in a temporary file.

    Args:
        rows: The rows that are open when the run starts.
        judge: Validation of replies.
    """

    def __init__(self, rows: Sequence[OpenRow], judge: Judge[Any]) -> None:
        self._rows = rows if isinstance(rows, OpenRowSequence) else list(rows)
        self._judge = judge
        self._numbers = KeyPositions(len(rows), [digests_of_rows(rows)])
        self._is_open = np.ones(len(rows), np.bool_)
        self._is_asked_again = np.zeros(len(rows), np.bool_)
        self._replies = np.zeros(len(rows), np.int16)
        self._texts = TextFile()
        self._bad: defaultdict[int, list[int]] = defaultdict(list)
        tried = np.flatnonzero(rows.has_lines) if isinstance(rows, OpenRowSequence) else np.arange(len(rows))
        for number, row in zip(tried.tolist(), self._made(tried), strict=True):
            self._replies[number] = len(row.past)

    def awaited(self, completions: Sequence[Completion]) -> Iterator[tuple[int, Completion]]:
        """The completions that an open row waits for, each after the number of its row."""
        numbers = self._numbers.find(digests_of(each.fingerprint for each in completions))
        places = np.flatnonzero(numbers >= 0)
        attempts = np.array([each.attempt for each in completions], np.int64)[places]
        numbers = numbers[places]
        is_awaited = self._is_open[numbers] & (attempts == self._replies[numbers] + 1)
        for number, place in zip(numbers[is_awaited].tolist(), places[is_awaited].tolist(), strict=True):
            yield number, completions[place]

    def open_among(self, fingerprints: Iterable[str]) -> Numbers:
        """Numbers of the open rows among these calls."""
        found = np.sort(self._numbers.find(digests_of(fingerprints)))
        found = found[found >= 0]
        return found[self._is_open[found]]

    def except_for(self, digests: NDArray[np.bytes_]) -> Numbers:
        """Numbers of the rows whose calls are not among these."""
        is_other = np.ones(len(self._is_open), np.bool_)
        found = self._numbers.find(digests)
        is_other[found[found >= 0]] = False
        return np.flatnonzero(is_other)

    def settle(self, number: int) -> None:
        """Records a good reply."""
        self._is_open[number] = False

    def add_bad_replies(self, replies: Sequence[tuple[int, Completion]], max_attempts: int) -> None:
        """Records bad replies; while attempts are left, their rows are asked again with these replies.

        Args:
            replies: Each after the number of its row; at most one of a row.
            max_attempts: Replies after which a row has failed.
        """
        for place, (number, _) in enumerate(replies, start=len(self._texts)):
            self._bad[number].append(place)
        self._texts.add([completion_line(completion).decode("ascii") for _, completion in replies])
        numbers = np.array([number for number, _ in replies], np.int64)
        self._replies[numbers] += 1
        self.ask_again(numbers[self._replies[numbers] < max_attempts])

    def ask_again(self, numbers: Numbers | int) -> None:
        """Queues rows for the next round."""
        self._is_asked_again[numbers] = True

    @property
    def to_ask_again(self) -> Numbers:
        """Rows of the next round."""
        return np.flatnonzero(self._is_asked_again)

    def begin_round(self) -> Numbers:
        """Begins the next round; returns its rows."""
        numbers = self.to_ask_again
        self._is_asked_again[:] = False
        return numbers

    def by_attempt(self, numbers: Numbers) -> Iterator[tuple[int, "RowsAt"]]:
        """The rows by attempt, since a batch holds one attempt of each of its rows."""
        replies = self._replies[numbers]
        for number in np.unique(replies).tolist():
            yield number + 1, self.at(numbers[replies == number])

    def at(self, numbers: Numbers) -> "RowsAt":
        """The rows with these numbers, each created on access."""
        return RowsAt(self, numbers)

    def made(self, numbers: Numbers) -> Iterator[OpenRow]:
        """The rows with these numbers, with all replies so far."""
        bad = self._bad_replies(numbers.tolist())
        for number, row in zip(numbers.tolist(), self._made(numbers), strict=True):
            yield row._replace(past=[*row.past, *self._judged(bad[number])]) if number in bad else row

    def _made(self, numbers: Numbers) -> Iterator[OpenRow]:
        rows = self._rows
        return iter(rows.where(numbers)) if isinstance(rows, OpenRowSequence) else (rows[n] for n in numbers.tolist())

    def _bad_replies(self, numbers: Iterable[int]) -> dict[int, list[Completion]]:
        """Bad replies of this run to some rows, by the number of the row, in the order in which they came."""
        kept = sorted((place, number) for number in numbers for place in self._bad.get(number, ()))
        lines = [text.encode("ascii") for text in self._texts.at(np.array([place for place, _ in kept], np.int64))]
        found: defaultdict[int, list[Completion]] = defaultdict(list)
        for (_, number), completion in zip(kept, completions_of(lines), strict=True):
            found[number].append(completion)
        return found

    def _judged(self, completions: Iterable[Completion]) -> Past:
        return [(each, problem) for each in completions if (problem := self._judge(each)) is not None]


class RowsAt(Sequence[OpenRow]):
    """Sequence of selected rows in order, each created on access.

    Args:
        rows: The rows.
        numbers: Numbers of the selected rows.
    """

    def __init__(self, rows: BatchedRows, numbers: Numbers) -> None:
        self._rows, self._numbers = rows, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, key: int) -> OpenRow: ...

    @overload
    def __getitem__(self, key: slice) -> "RowsAt": ...

    def __getitem__(self, key: int | slice) -> "OpenRow | RowsAt":
        if isinstance(key, slice):
            return RowsAt(self._rows, self._numbers[key])
        return next(self._rows.made(self._numbers[[key]]))

    def __iter__(self) -> Iterator[OpenRow]:
        for start, end in pairwise([*range(0, len(self), _MADE_AT_ONCE), len(self)]):
            yield from self._rows.made(self._numbers[start:end])
