"""Paid calls: what journal lines cost, as a table, so that a run reads its journal once and hands this on."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from synthetic_textcat.llm.journal.journal import Journal, LineBatch
from synthetic_textcat.redaction import mask
from synthetic_textcat.schemas.paid_calls import PAID_CALLS, from_file, to_paid_calls
from synthetic_textcat.text.unicode import replace_surrogates


class PaidCallsBuilder:
    """Collects the columns `PAID_CALLS` of journal lines in Arrow's memory."""

    def __init__(self) -> None:
        self._batches: list[pa.RecordBatch] = []

    def add(self, lines: LineBatch) -> None:
        """Adds lines of a journal."""
        names = lines.columns["model_name"]
        valid = {name: name and mask(str(replace_surrogates(name))) for name in set(names)}
        columns = {
            **lines.columns,
            "model_name": [valid[name] for name in names],
            "latency_s": np.array(lines.columns["latency_s"], np.float64),
            "offset": lines.offsets,
            "size": lines.sizes,
        }
        arrays = [pa.array(columns[each.name], each.type) for each in PAID_CALLS]
        self._batches.append(pa.record_batch(arrays, PAID_CALLS))

    def table(self) -> pd.DataFrame:
        """The lines added so far."""
        return to_paid_calls(pa.Table.from_batches(self._batches, PAID_CALLS))


def read_paid_calls(journal: Journal, start: int = 0) -> pd.DataFrame:
    """The paid calls of a journal: columns `PAID_CALLS`, in the order of its lines.

    Args:
        journal: The journal.
        start: Offset behind the lines to leave out.
    """
    builder = PaidCallsBuilder()
    for lines in journal.batches(start):
        builder.add(lines)
    return builder.table()


def with_later_calls(paid_calls: pd.DataFrame | None, journal: Journal) -> pd.DataFrame:
    """The paid calls with those that the journal got since; it is not opened if it has not grown.

    It has where another run, or one that was stopped before it settled its rows, asked in between. Without the table,
    which an earlier version did not write, all lines are read.
    """
    if paid_calls is None:
        return read_paid_calls(journal)
    end = int((paid_calls["offset"] + paid_calls["size"]).max()) if len(paid_calls) else 0
    if journal.size < end:  # another file in its place
        return read_paid_calls(journal)
    known = from_file(paid_calls)
    return known if journal.size == end else joined([known, read_paid_calls(journal, end)])


def last_offsets(paid_calls: pd.DataFrame, fingerprints: Sequence[str]) -> list[int]:
    """Offset of the last call for each fingerprint that has one, by attempt, then by time."""
    own = paid_calls[paid_calls["fingerprint"].isin(fingerprints)].sort_values("attempt", kind="stable")
    last = own.drop_duplicates("fingerprint", keep="last").set_index("fingerprint")["offset"]
    return [int(last[each]) for each in fingerprints if each in last.index]


def joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Paid calls of several journals."""
    tables = [pa.Table.from_pandas(part, preserve_index=False).cast(PAID_CALLS) for part in parts]
    return to_paid_calls(pa.concat_tables(tables).unify_dictionaries())
