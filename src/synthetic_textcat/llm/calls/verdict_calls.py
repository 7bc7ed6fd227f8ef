"""Verdict calls: the fingerprints of the votes on each row, joined to the rows as they are now."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.llm.journal.index import ranges
from synthetic_textcat.llm.journal.lines import digests_of
from synthetic_textcat.schemas.label_verdicts import row_hashes
from synthetic_textcat.tables import IdPositions, RowTable, filtered
from synthetic_textcat.temporary_files import ArrayFile

_ID, _TASK, _FINGERPRINT, _SHA256 = "request_id", "task_id", "fingerprint", "row_sha256"
_HASHED = ("input_text", "label", "labels", "misleading_label")
_DIGEST = "S32"


class VerdictCalls:
    """Calls of a judge by row: 32 bytes a row in memory, hashes in temporary files.

    Args:
        calls: Columns `VERDICT_CALLS`, the votes on a row one after the other.
    """

    def __init__(self, calls: RowTable) -> None:
        self._fingerprints, self._hashes = ArrayFile(_DIGEST), ArrayFile(_DIGEST)
        is_first, last = [np.empty(0, np.bool_)], None
        for frame in calls.frames([_ID, _FINGERPRINT, _SHA256]):
            begins = (frame[_ID] != frame[_ID].shift(fill_value=last)).to_numpy()
            self._fingerprints.add(digests_of(frame[_FINGERPRINT].tolist()))
            self._hashes.add(digests_of(frame[_SHA256][begins].tolist()))
            is_first.append(begins)
            last = frame[_ID].iloc[-1]
        begins = np.concatenate(is_first)
        self._rows = IdPositions(filtered(calls, begins, [_ID]))
        self._bounds = np.append(np.flatnonzero(begins), len(begins))

    def about(self, rows: RowTable) -> Iterator[tuple[pd.DataFrame, list[list[str]]]]:
        """Rows that were judged in their present form, batch by batch, each with the fingerprints of its votes.

        Calls about a row whose text or labels have changed since do not count.

        Args:
            rows: In any order, which may be another than that of the calls.
        """
        for frame in rows.frames([_ID, _TASK, *_HASHED]):
            numbers = self._rows.of(frame[_ID].tolist())
            asked, numbers = frame[numbers >= 0], numbers[numbers >= 0]
            hashes = digests_of(row_hashes(asked))
            is_same = hashes == _at(self._hashes, numbers)
            starts, counts = self._bounds[numbers[is_same]], np.diff(self._bounds)[numbers[is_same]]
            digests = _at(self._fingerprints, ranges(starts, counts)).tobytes().hex()
            width = 2 * np.dtype(_DIGEST).itemsize
            votes = iter(range(0, len(digests), width))
            yield (
                asked[is_same].reset_index(drop=True),
                [[digests[(start := next(votes)) : start + width] for _ in range(count)] for count in counts.tolist()],
            )


def _at(file: ArrayFile, places: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """The rows of a file at positions in any order."""
    found = np.empty(len(places), _DIGEST)
    order = np.argsort(places, kind="stable")
    found[order] = file.at(places[order])
    return found
