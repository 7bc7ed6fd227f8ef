"""Paid calls: the costs of journal lines as a table, so that a run reads its journal only once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from synthetic_textcat.llm.journal.journal import Journal, LineBatch, LinePlace
from synthetic_textcat.llm.journal.plan_positions import PlanPositions
from synthetic_textcat.redaction import mask
from synthetic_textcat.schemas.paid_calls import PAID_CALLS, PLANNED_CALLS
from synthetic_textcat.tables import BATCH_ROWS, MadeTable, RowTable
from synthetic_textcat.text.unicode import replace_surrogates

_KINDS = {"str": pa.large_string(), "Int64": pa.int64(), "float64": pa.float64()}
_SCHEMA = pa.schema({name: _KINDS[kind] for name, kind in PAID_CALLS.items()})
_FRAME_KINDS = {pa.int64(): pd.Int64Dtype()}


class PaidCallsBuilder:
    """Collects the columns `PAID_CALLS` of journal lines in Arrow's memory, until there are enough for a frame."""

    def __init__(self) -> None:
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many lines as a batch of a table should have."""
        return self._rows >= BATCH_ROWS

    def add(self, lines: LineBatch) -> None:
        """Adds lines of a journal."""
        names = lines.columns["model_name"]
        valid = {name: name and mask(str(replace_surrogates(name))) for name in set(names)}
        columns = {
            **lines.columns,
            "model_name": names if list(valid) == list(valid.values()) else tuple(valid[name] for name in names),
            "latency_s": np.array(lines.columns["latency_s"], np.float64),
            "file": (lines.file,) * len(lines),
            "offset": lines.offsets,
            "size": lines.sizes,
        }
        self._batches.append(pa.record_batch([_array(columns[each.name], each.type) for each in _SCHEMA], _SCHEMA))
        self._rows += len(lines)

    def taken(self) -> pd.DataFrame:
        """The lines added since the last time, as a frame."""
        table, self._batches, self._rows = pa.Table.from_batches(self._batches, _SCHEMA), [], 0
        frame: pd.DataFrame = table.to_pandas(types_mapper=_FRAME_KINDS.get)
        return frame


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    """The values in Arrow's memory; a column of one value takes a third of the time."""
    if isinstance(values, np.ndarray):
        return pa.array(values, kind)
    is_one = values[:1] * len(values) == values
    return pa.repeat(pa.scalar(values[0], kind), len(values)) if is_one and values else pa.array(values, kind)


def read_paid_calls(journal: Journal, starts: Mapping[str, int] | None = None) -> RowTable:
    """The paid calls of a journal: columns `PAID_CALLS`, in the order of its lines. Each iteration reads the journal.

    Args:
        journal: The journal.
        starts: By name of a file, the offset behind the lines to leave out.
    """

    def made() -> Iterator[pd.DataFrame]:
        builder = PaidCallsBuilder()
        for lines in journal.batches(starts):
            builder.add(lines)
            if builder.is_full:
                yield builder.taken()
        yield builder.taken()

    return MadeTable(made, PAID_CALLS)


def with_later_calls(paid_calls: RowTable | None, journal: Journal) -> RowTable:
    """The paid calls, extended by later calls of the journal; a file that has not grown is not opened.

    A file has grown if another run, or one that stopped before it settled its rows, made calls in between. Without the
    table, which an earlier version did not write, all lines are read.
    """
    if paid_calls is None or "file" not in paid_calls:
        return read_paid_calls(journal)
    ends: dict[str, int] = {}
    for frame in paid_calls.frames(["file", "offset", "size"]):
        last = (frame["offset"] + frame["size"]).groupby(frame["file"]).max()
        ends |= {str(name): max(ends.get(str(name), 0), int(end)) for name, end in last.items()}
    sizes = journal.sizes
    if any(sizes.get(name, 0) < end for name, end in ends.items()):  # another file in its place
        return read_paid_calls(journal)
    if all(ends.get(name, 0) == size for name, size in sizes.items()):
        return paid_calls
    return joined([paid_calls, read_paid_calls(journal, ends)])


def planned_calls(paid_calls: RowTable | None, journal: Journal, requests: RowTable, calls: RowTable) -> RowTable:
    """The paid calls, extended by later calls of the journal, each with its planned row: columns `PLANNED_CALLS`.

    Args:
        paid_calls: Columns `PAID_CALLS`; None if an earlier version settled the rows.
        journal: The journal.
        requests: The plan.
        calls: Fingerprint of the call of each planned row.

    Raises:
        StaleTableError: If `calls` belongs to another plan.
    """
    known, plan = with_later_calls(paid_calls, journal), PlanPositions(requests, calls)

    def made() -> Iterator[pd.DataFrame]:
        for frame in known.frames():
            positions, is_configuration = plan.of_calls(frame)
            yield frame.assign(position=positions, is_configuration=is_configuration)

    return MadeTable(made, PLANNED_CALLS)


def last_places(paid_calls: RowTable, fingerprints: Sequence[str]) -> list[LinePlace]:
    """Place of the last call for each fingerprint that has one, by attempt, then by time."""
    names = ["fingerprint", "attempt", "file", "offset"]
    parts = [frame[frame["fingerprint"].isin(fingerprints)] for frame in paid_calls.frames(names)]
    own = pd.concat([paid_calls.empty(names), *parts]).sort_values("attempt", kind="stable")
    last = own.drop_duplicates("fingerprint", keep="last").set_index("fingerprint")
    return [(str(last["file"][each]), int(last["offset"][each])) for each in fingerprints if each in last.index]


def joined(parts: Iterable[RowTable]) -> RowTable:
    """Paid calls of several journals, one after another."""
    tables = list(parts)
    return MadeTable(lambda: (frame for table in tables for frame in table.frames()), PAID_CALLS)
