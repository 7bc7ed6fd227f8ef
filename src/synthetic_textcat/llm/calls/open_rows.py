"""Open rows: planned rows that the journal does not settle, in arrays; each is an object only while it is asked for."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress, islice
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.llm.calls.context_window import read_overflow
from synthetic_textcat.llm.calls.policy import Judge
from synthetic_textcat.llm.calls.settlement import settle
from synthetic_textcat.llm.journal.index import Places, joined, ranges
from synthetic_textcat.llm.journal.journal import Journal, LineBatch
from synthetic_textcat.llm.journal.lines import digests_of
from synthetic_textcat.schemas.completions import Completion, Problem
from synthetic_textcat.schemas.outcomes import TOO_LONG

_LOOKED_UP_AT_ONCE = 20_000
_MADE_AT_ONCE = 512

_MOST_KNOWN = 1_000
"""Replies from which usage is estimated."""

Past = list[tuple[Completion, Problem]]
"""Bad replies of a row so far, each with its problem."""

GoodAtOnce = Callable[[LineBatch], NDArray[np.bool_]]
"""Mask of the lines that certainly hold a good reply; the judge decides on the others."""


class OpenRow(NamedTuple):
    """A row that is not settled.

    Attributes:
        position: Position among the rows.
        fingerprint: Fingerprint of its call.
        past: Replies so far.
        prompt_tokens: Tokens of its first messages, if a refusal as too long named them.
    """

    position: int
    fingerprint: str
    past: Past
    prompt_tokens: int | None = None


class _Columns(NamedTuple):
    """Open rows, 52 bytes each: position, fingerprint, the first of its lines in an array of places, their number."""

    positions: NDArray[np.int64]
    digests: NDArray[np.bytes_]
    first_lines: NDArray[np.int64]
    lines: NDArray[np.int32]

    def taken(self, rows: slice | NDArray[np.bool_] | NDArray[np.int64]) -> "_Columns":
        """Selection of the rows."""
        return _Columns(self.positions[rows], self.digests[rows], self.first_lines[rows], self.lines[rows])


class OpenRowSequence(Sequence[OpenRow]):
    """Sequence of open rows, each created on access, when its lines are read from the journal.

    Args:
        columns: The rows.
        places: Places of the lines of rows that have some.
        journal: The journal.
        judge: Validation of replies.
    """

    def __init__(self, columns: _Columns, places: Places, journal: Journal, judge: Judge[Any]) -> None:
        self._columns, self._places, self._journal, self._judge = columns, places, journal, judge

    @property
    def positions(self) -> NDArray[np.int64]:
        """Position of each row."""
        return self._columns.positions

    def __len__(self) -> int:
        return len(self._columns.positions)

    @overload
    def __getitem__(self, key: int) -> OpenRow: ...

    @overload
    def __getitem__(self, key: slice) -> "OpenRowSequence": ...

    def __getitem__(self, key: int | slice) -> "OpenRow | OpenRowSequence":
        if isinstance(key, slice):
            return self._of(self._columns.taken(key))
        place = range(len(self))[key]
        return next(iter(self[place : place + 1]))

    def __iter__(self) -> Iterator[OpenRow]:
        for start in range(0, len(self), _MADE_AT_ONCE):
            yield from self._made(self._columns.taken(slice(start, start + _MADE_AT_ONCE)))

    def where(self, is_kept: NDArray[np.bool_] | NDArray[np.int64]) -> "OpenRowSequence":
        """Selection of the rows by a mask or by their places."""
        return self._of(self._columns.taken(is_kept))

    @property
    def has_lines(self) -> NDArray[np.bool_]:
        """Whether the journal has lines of each row."""
        return self._columns.lines > 0

    @property
    def digests(self) -> NDArray[np.bytes_]:
        """Fingerprint of each row's call, as bytes."""
        return self._columns.digests

    def _of(self, columns: _Columns) -> "OpenRowSequence":
        return OpenRowSequence(columns, self._places, self._journal, self._judge)

    def _made(self, columns: _Columns) -> Iterator[OpenRow]:
        positions, digests, first_lines, counts = columns
        places = self._places.take(ranges(first_lines, counts.astype(np.int64)))
        completions = iter(self._journal.read(places))
        fingerprints = digests.tobytes().hex()
        for row, (position, count) in enumerate(zip(positions.tolist(), counts.tolist(), strict=True)):
            width = 2 * digests.itemsize
            fingerprint = fingerprints[row * width : (row + 1) * width]
            own = [line for line in islice(completions, count) if line.fingerprint.lower() == fingerprint]
            judged = ((line, self._judge(line)) for line in own if line.replied)
            past = [(line, problem) for line, problem in judged if problem is not None]
            sizes = (read_overflow(line.error or "").prompt for line in own if line.status == TOO_LONG)
            yield OpenRow(position, fingerprint, past, min(filter(None, sizes), default=None))


class OpenRows(NamedTuple):
    """The rows that are not settled.

    Attributes:
        rows: The rows in order.
        any_good: Whether any row has a good reply, which shows that the settings are right.
        spent: Completions of the run given as `spent_by`, without their texts.
        known: First counted replies to these rows, without their texts, to estimate the usage of further ones.
        in_journal: By batch under way, the fingerprints of its requests whose line is in the journal.
    """

    rows: Sequence[OpenRow]
    any_good: bool
    spent: Iterable[Completion] = ()
    known: Sequence[Completion] = ()
    in_journal: Mapping[str, frozenset[str]] = {}

    @property
    def positions(self) -> NDArray[np.int64]:
        """Position of each row."""
        if isinstance(self.rows, OpenRowSequence):
            return self.rows.positions
        return np.array([row.position for row in self.rows], np.int64)

    def where(self, is_kept: NDArray[np.bool_]) -> Sequence[OpenRow]:
        """Selection of the rows."""
        return (
            self.rows.where(is_kept) if isinstance(self.rows, OpenRowSequence) else list(compress(self.rows, is_kept))
        )

    def without(self, digests: NDArray[np.bytes_]) -> Sequence[OpenRow]:
        """The rows whose calls have other fingerprints than these."""
        return self.where(~np.isin(digests_of_rows(self.rows), digests))


def digests_of_rows(rows: Sequence[OpenRow]) -> NDArray[np.bytes_]:
    """Fingerprint of each row's call, as bytes."""
    return rows.digests if isinstance(rows, OpenRowSequence) else digests_of(row.fingerprint for row in rows)


class SpentCalls:
    """Completions of a run without their texts, read from the journal at each iteration.

    Args:
        journal: The journal.
        places: Places of their lines.
    """

    def __init__(self, journal: Journal, places: Places) -> None:
        self._journal, self._places = journal, places

    def __iter__(self) -> Iterator[Completion]:
        return (replace(each, raw_text="", refusal=None) for each in self._journal.read(self._places))


def open_rows(
    fingerprints: Iterable[str],
    journal: Journal,
    judge: Judge[Any],
    max_attempts: int,
    spent_by: str | None = None,
    run_id: str | None = None,
    good_at_once: GoodAtOnce | None = None,
) -> OpenRows:
    """The rows that the journal does not settle, and that this run has not found to be too long.

    Computed before the first call, since reading a long journal would delay the calls in flight.

    Args:
        fingerprints: Fingerprints of the rows' calls.
        journal: Replies so far.
        judge: Validation of replies.
        max_attempts: Replies after which a row has failed.
        spent_by: The run whose completions are kept as `spent`.
        run_id: This run, whose earlier passes may have asked already.
        good_at_once: Finds lines whose reply the judge surely takes, for speed.
    """
    search = _Search(journal, judge, max_attempts, spent_by, run_id, good_at_once)
    wanted, start = iter(fingerprints), 0
    while part := list(islice(wanted, _LOOKED_UP_AT_ONCE)):
        search.look_up(part, start)
        start += len(part)
    return search.found()


class _Search:
    """Search for open rows, chunk by chunk."""

    def __init__(
        self,
        journal: Journal,
        judge: Judge[Any],
        max_attempts: int,
        spent_by: str | None,
        run_id: str | None,
        good_at_once: GoodAtOnce | None,
    ) -> None:
        self._journal, self._judge, self._max_attempts = journal, judge, max_attempts
        self._spent_by, self._run_id, self._good_at_once = spent_by, run_id, good_at_once
        self._any_good = False
        self._known: list[Completion] = []
        self._spent: list[NDArray[np.int64]] = []
        self._entries: list[NDArray[np.int64]] = []
        self._number_of_entries = 0
        self._columns: tuple[list[NDArray[Any]], ...] = (
            [np.empty(0, np.int64)],
            [digests_of(())],
            [np.empty(0, np.int64)],
            [np.empty(0, np.int32)],
        )

    def look_up(self, fingerprints: Sequence[str], start: int) -> None:
        """Finds the open rows of a chunk.

        Args:
            fingerprints: Fingerprints of their calls.
            start: Position of the first.
        """
        is_settled, others = self._read(fingerprints)
        self._any_good = self._any_good or bool(is_settled.any())
        lines = np.zeros(len(fingerprints), np.int32)
        first_lines = np.zeros(len(fingerprints), np.int64)
        for row in sorted(others):
            if is_settled[row]:
                continue
            entries = sorted(others[row])
            is_settled[row] = not self._is_open([others[row][entry] for entry in entries])
            if not is_settled[row]:
                first_lines[row], lines[row] = self._number_of_entries, len(entries)
                self._entries.append(np.array(entries, np.int64))
                self._number_of_entries += len(entries)
        is_open = ~is_settled
        digests = digests_of(fingerprints)[is_open]
        positions = start + np.flatnonzero(is_open)
        found: list[NDArray[Any]] = [positions, digests, first_lines[is_open], lines[is_open]]
        for column, own in zip(self._columns, found, strict=True):
            column.append(own)

    def found(self) -> OpenRows:
        """The open rows."""
        columns = _Columns(*map(joined, self._columns))
        reader = Journal(*self._journal.paths)  # without the index
        rows = OpenRowSequence(columns, self._places_of(self._entries), reader, self._judge)
        return OpenRows(rows, self._any_good, SpentCalls(reader, self._places_of(self._spent)), self._known)

    def _read(self, fingerprints: Sequence[str]) -> tuple[NDArray[np.bool_], dict[int, dict[int, Completion]]]:
        """Rows that are settled at once, and by row the other lines, by their number in the index."""
        is_settled = np.zeros(len(fingerprints), np.bool_)
        others: defaultdict[int, dict[int, Completion]] = defaultdict(dict)
        for lines, calls, entries in self._journal.lines_of(fingerprints):
            good = np.zeros(len(lines), np.bool_) if self._good_at_once is None else self._good_at_once(lines)
            is_settled[calls[good]] = True
            if self._spent_by is not None:
                self._spent.append(entries[np.array([run == self._spent_by for run in lines.columns["run_id"]])])
            for line in np.flatnonzero(~good).tolist():
                others[int(calls[line])][int(entries[line])] = lines.completion(line)
            self._note_known(lines)
        return is_settled, others

    def _note_known(self, lines: LineBatch) -> None:
        for line in range(len(lines) if len(self._known) < _MOST_KNOWN else 0):
            completion = lines.completion(line)
            if completion.replied and completion.is_counted:
                self._known.append(replace(completion, raw_text=""))

    def _is_open(self, completions: Sequence[Completion]) -> bool:
        """Whether a row with these lines is asked for again."""
        settlement = settle(completions, self._judge)
        self._any_good = self._any_good or settlement.value is not None
        last = completions[-1]
        if last.status == TOO_LONG and last.run_id == self._run_id:
            return False
        return settlement.is_open(self._max_attempts)

    def _places_of(self, entries: list[NDArray[np.int64]]) -> Places:
        return self._journal.index.places.take(np.concatenate([np.empty(0, np.int64), *entries]))
