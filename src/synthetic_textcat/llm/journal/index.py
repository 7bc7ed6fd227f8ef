"""Index of a journal: the places of a call's lines by its fingerprint, in arrays of 24 bytes a line."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.llm.journal.lines import digests_of

_LATEST_ATTEMPT = 2**31 - 1


class Places(NamedTuple):
    """Places of lines.

    Attributes:
        files: Number of each line's file in the journal.
        offsets: Its offset there, in bytes.
    """

    files: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def take(self, lines: NDArray[np.int64]) -> "Places":
        """Selection of the places."""
        return Places(self.files[lines], self.offsets[lines])


class IndexEntries(NamedTuple):
    """Entries of lines of a file: the first eight bytes of their fingerprints, attempts, and places.

    A line that is found by these bytes is read anyway, and has the others.
    """

    begins: NDArray[np.uint64]
    attempts: NDArray[np.int32]
    places: Places

    @classmethod
    def of(
        cls, fingerprints: Sequence[str], attempts: Sequence[int], file: int, offsets: NDArray[np.int64]
    ) -> "IndexEntries":
        """Entries of lines of a file."""
        capped = np.array([min(attempt, _LATEST_ATTEMPT) for attempt in attempts], np.int32)
        return cls(_begins_of(fingerprints), capped, Places(np.full(len(offsets), file, np.int32), offsets))


class JournalIndex:
    """Lines sorted by fingerprint, then by attempt, then by time.

    Args:
        parts: Entries of the lines, in the order of files and offsets.
    """

    def __init__(self, parts: Iterable[IndexEntries]) -> None:
        begins, attempts = [np.empty(0, np.uint64)], [np.empty(0, np.int32)]
        files, offsets = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
        for part in parts:
            begins.append(part.begins)
            attempts.append(part.attempts)
            files.append(part.places.files)
            offsets.append(part.places.offsets)
        self._begins = joined(begins)
        order = np.lexsort((joined(attempts), self._begins))  # stable: lines come in the order of time
        self._begins = self._begins[order]
        self.places = Places(joined(files)[order], joined(offsets)[order])

    def __len__(self) -> int:
        """Number of lines."""
        return len(self._begins)

    def find(self, fingerprints: Iterable[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The entries of each call: the first of them, and how many there are."""
        keys = _begins_of(fingerprints)
        starts = np.searchsorted(self._begins, keys, "left")
        return starts, np.searchsorted(self._begins, keys, "right") - starts


def _begins_of(fingerprints: Iterable[str]) -> NDArray[np.uint64]:
    digests = digests_of(fingerprints)
    return digests.view("<u8").reshape(-1, digests.itemsize // 8)[:, 0].copy()


def joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Concatenates the parts and releases them, so that no two columns are in memory twice."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


def ranges(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """All numbers of ranges, one range after another."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + counts, counts)
