"""The record of batches: what is on disk before money is in flight."""

from pathlib import Path

import pytest

from synthetic_textcat.datasets import BatchRecordDataset
from synthetic_textcat.errors import BatchError, JournalError
from synthetic_textcat.llm.batches.record import NEVER_SUBMITTED, BatchRecord, SentBatch, SentRow, now
from tests.llm.builders import fingerprint


def _batch(name: str) -> SentBatch:
    return SentBatch(
        intent=name,
        attempt=1,
        requests=2,
        input_sha256="0" * 64,
        endpoint="http://127.0.0.1:1/v1",
        model="m",
        run_id="run-1",
        sent_at=now(),
        enqueued=100,
        tokens_reserved=50.0,
        usd_reserved=None,
    )


def _rows(name: str) -> list[SentRow]:
    return [SentRow(fingerprint(f"{name}{number}"), f"r{number}", "1" * 64, None, 30, 20) for number in range(2)]


def _record(folder: Path) -> BatchRecord:
    return BatchRecordDataset(filepath=str(folder / "batches.jsonl")).load()


def test_a_batch_is_pending_from_its_intent_to_its_collection(tmp_path: Path) -> None:
    record = _record(tmp_path)
    for name in ("one", "two"):
        record.intend(_batch(name), _rows(name))
    one, two = record.pending
    assert (one.batch_id, record.rows(two)) == (None, {row.fingerprint: row for row in _rows("two")})

    record.submitted(one, "batch_1", "file-1")
    record.collected(one, "completed", {"replies": 2})
    record.collected(two, NEVER_SUBMITTED, {})

    again = _record(tmp_path)
    assert not again.pending
    assert [(batch.batch_id, batch.ended) for batch in again] == [("batch_1", "completed"), (None, NEVER_SUBMITTED)]
    assert dict(next(iter(again)).counts) == {"replies": 2}


def test_a_torn_last_line_does_not_count_and_is_cut_off(tmp_path: Path) -> None:
    record = _record(tmp_path)
    record.intend(_batch("one"), _rows("one"))
    path = tmp_path / "batches.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])

    again = _record(tmp_path)
    again.submitted(again.pending[0], "batch_1", None)

    assert path.read_bytes().startswith(whole + b'{"line":"submitted"')
    assert [batch.batch_id for batch in _record(tmp_path)] == ["batch_1"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"fingerprint":"ab"}\n', "is not a batch record of this project; nothing was written"),
        (b'{"line":"intent","intent":"x"}\n', "line 1 is not a line of a batch record .* restore that line"),
        (b'{"line":"intent","intent":7,"rows":[]}\n{"line":"lost"}\n', "line 1 is not a line of a batch record"),
    ],
)
def test_a_foreign_or_damaged_record_is_refused_in_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "batches.jsonl").write_bytes(content)
    with pytest.raises(BatchError, match=says):
        BatchRecord(tmp_path / "batches.jsonl", lambda _: None)
    assert (tmp_path / "batches.jsonl").read_bytes() == content


def test_the_record_is_a_local_file() -> None:
    with pytest.raises(JournalError, match=r"The batch record can't be s3://a/b\.jsonl"):
        BatchRecordDataset(filepath="s3://a/b.jsonl")
