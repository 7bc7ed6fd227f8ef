"""Cut of a plan: a Parquet file for each shard with its open rows, the only rows that its worker reads.

Each row has its fingerprint and the seed examples in its prompt, which depend on rows of other shards. Earlier replies
to a shard's rows are a journal file next to it, so that a worker needs no other file of the run.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic_textcat.llm.calls.open_rows import OpenRow
from synthetic_textcat.llm.calls.plan_reader import PlanReader
from synthetic_textcat.llm.journal.lines import completion_line
from synthetic_textcat.llm.prompts.row_prompts import RowPrompts
from synthetic_textcat.llm.shards.partition import shards_of
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.tables import RowTable
from synthetic_textcat.tables.arrow_frames import frame_of, schema_of

_FOLDER = "plan-"
_FINGERPRINT = "fingerprint"
_PROMPT_TOKENS, _SEED_TEXTS = "shard.prompt_tokens", "shard.seed_texts"
"""Columns added to those of the plan; no attribute has a dot in its name."""

_ROWS_AT_ONCE = 200_000
"""Rows of the plan that are dealt to the files of shards at a time: a row group of each, and 100 MB of memory."""


class ShardRows(NamedTuple):
    """The open rows of a shard.

    Attributes:
        requests: The planned rows.
        fingerprints: Fingerprint of each row's call.
        prompt_tokens: Tokens of a row's first messages, if a refusal as too long named them.
        seed_texts: Seed examples in a row's prompt, by request id.
    """

    requests: pd.DataFrame
    fingerprints: list[str]
    prompt_tokens: list[int | None]
    seed_texts: Mapping[str, tuple[str, ...]]


class Cut:
    """The open rows of a run, cut into shards.

    Attributes:
        folder: Where the files are.
        shards: Number of shards.
    """

    def __init__(self, folder: Path, shards: int) -> None:
        self.folder = folder
        self.shards = shards

    @classmethod
    @contextmanager
    def of(
        cls, folder: Path, shards: int, requests: RowTable, prompts: RowPrompts, rows: Sequence[OpenRow]
    ) -> Iterator["Cut"]:
        """The cut of these rows, whose files are removed at the end."""
        _remove_others(folder)
        cut = cls(folder / f"{_FOLDER}of{shards}", shards)
        cut.folder.mkdir()
        try:
            cut._write(requests, prompts, rows)
            yield cut
        finally:
            shutil.rmtree(cut.folder, ignore_errors=True)

    @property
    def filled(self) -> list[int]:
        """Numbers of the shards that have rows."""
        return sorted(int(path.stem.removeprefix("shard-")) for path in self.folder.glob("*.parquet"))

    def rows(self, shard: int) -> ShardRows:
        """The open rows of a shard, in plan order."""
        frame = frame_of(pq.read_table(self._rows_file(shard)))
        texts = frame.pop(_SEED_TEXTS)
        tokens = [None if pd.isna(number) else int(number) for number in frame.pop(_PROMPT_TOKENS)]
        fingerprints = frame.pop(_FINGERPRINT).tolist()
        shown = zip(frame["request_id"], texts, strict=True)
        return ShardRows(frame, fingerprints, tokens, dict(shown))

    def past_file(self, shard: int) -> Path:
        """Journal file of the earlier replies to rows of a shard; absent if there are none."""
        return self.folder / f"shard-{shard:05}.past.jsonl"

    def _rows_file(self, shard: int) -> Path:
        return self.folder / f"shard-{shard:05}.parquet"

    def _write(self, requests: RowTable, prompts: RowPrompts, rows: Sequence[OpenRow]) -> None:
        with ExitStack() as stack:
            writers: dict[int, pq.ParquetWriter] = {}
            plan = PlanReader(requests)
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                some = list(rows[start : start + _ROWS_AT_ONCE])
                table = _table(plan.at([row.position for row in some]), prompts, some)
                numbers = shards_of(table["request_id"].to_pylist(), self.shards)
                order = np.argsort(numbers, kind="stable")
                found, begins = np.unique(numbers[order], return_index=True)
                for shard, places in zip(found.tolist(), np.split(order, begins[1:]), strict=True):
                    if shard not in writers:
                        file = pq.ParquetWriter(self._rows_file(shard), table.schema)
                        writers[shard] = stack.enter_context(file)
                    writers[shard].write_table(table.take(places))
                self._write_past(some, numbers.tolist())

    def _write_past(self, rows: Sequence[OpenRow], numbers: Sequence[int]) -> None:
        for row, shard in zip(rows, numbers, strict=True):
            if row.past:
                with self.past_file(shard).open("ab") as file:
                    file.writelines(completion_line(completion) for completion, _ in row.past)


def _table(planned: pd.DataFrame, prompts: RowPrompts, rows: Sequence[OpenRow]) -> pa.Table:
    table = pa.Table.from_pandas(planned, schema_of(planned), preserve_index=False)
    shown = [prompts.seed_texts(row) for row in records_of(planned)]
    return (
        table.append_column(_FINGERPRINT, pa.array([row.fingerprint for row in rows], pa.string()))
        .append_column(_PROMPT_TOKENS, pa.array([row.prompt_tokens for row in rows], pa.int64()))
        .append_column(_SEED_TEXTS, pa.array(shown, pa.list_(pa.string())))
    )


def _remove_others(folder: Path) -> None:
    """Removes the cuts of runs that were killed."""
    for path in folder.glob(f"{_FOLDER}*"):
        shutil.rmtree(path, ignore_errors=True)
