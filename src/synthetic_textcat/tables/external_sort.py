"""External sort into plan order: rows that arrive in any order, collected by part of the plan in a temporary file."""

import tempfile
import weakref
from collections import defaultdict
from collections.abc import Sequence
from typing import IO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synthetic_textcat.temporary_files import temporary_errors, temporary_folder

_MOST_BYTES = 48 * 2**20
"""Size of the rows that are held in memory."""


class PlanSorter:
    """Rows with a column `position`, their place in the plan, read back part by part of the plan.

    A journal is nearly in plan order, so rows of few parts are held at a time. What does not fit into memory goes to a
    temporary file, all rows of a part together. The file goes with the object.

    Args:
        schema: Schema of the rows.
        starts: Position of the first row of each part of the plan, and at last the number of planned rows.
        most_bytes: Size of the rows that are held in memory.
    """

    def __init__(self, schema: pa.Schema, starts: Sequence[int], most_bytes: int = _MOST_BYTES) -> None:
        self._schema = schema
        self._starts = np.asarray(starts[1:], np.int64)
        self._most_bytes = most_bytes
        self._held: defaultdict[int, list[pa.RecordBatch]] = defaultdict(list)
        self._bytes = 0
        self._file: IO[bytes] | None = None
        self._places: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)

    def add(self, batch: pa.RecordBatch, positions: NDArray[np.int64]) -> None:
        """Adds rows.

        Args:
            batch: The rows.
            positions: Their column `position`.
        """
        if not len(positions):
            return
        parts = np.searchsorted(self._starts, positions, "right")
        first = int(parts[0])
        if (parts == first).all():
            self._held[first].append(batch)
        else:
            for part in np.unique(parts).tolist():
                self._held[part].append(batch.take(pa.array(np.flatnonzero(parts == part))))
        self._bytes += batch.nbytes
        if self._bytes > self._most_bytes:
            self._store()

    def part(self, number: int) -> pa.Table:
        """The rows of a part of the plan, in the order in which they were added; they are given once."""
        stored = [self._read(*place) for place in self._places.pop(number, [])]
        return pa.Table.from_batches([*stored, *self._held.pop(number, [])], self._schema)

    def _store(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=temporary_folder())  # noqa: SIM115  (closed with the object)
            weakref.finalize(self, self._file.close)
        for part in sorted(self._held):
            rows = pa.Table.from_batches(self._held[part], self._schema).combine_chunks()
            place = self._file.seek(0, 2)
            with temporary_errors(), pa.ipc.new_stream(self._file, self._schema) as stream:
                stream.write_table(rows)
            self._places[part].append((place, self._file.tell() - place))
        self._held.clear()
        self._bytes = 0

    def _read(self, place: int, size: int) -> pa.RecordBatch:
        assert self._file is not None
        self._file.seek(place)
        (batch,) = pa.ipc.open_stream(self._file.read(size))
        return batch
