"""Paid calls: the journal as a table, which is not opened again unless it has grown."""

import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest

from synthetic_textcat.datasets import JournalDataset, RowTableDataset
from synthetic_textcat.errors import JournalError, StaleTableError
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.journal.paid_calls import (
    joined,
    last_places,
    planned_calls,
    read_paid_calls,
    with_later_calls,
)
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.rows import CALLS, to_frame
from synthetic_textcat.tables import as_table
from tests.llm.builders import completion, fingerprint, no_reply, write_journal

_LINES = [completion(), no_reply(request_id="r1"), completion(request_id="r2", attempt=2, run_id="run-2")]


def _lines(count: int = 600) -> Iterable[Completion]:
    return (completion(request_id=f"r{number}", model_name=f"model-{number % 3}") for number in range(count))


def _read(path: Path) -> pd.DataFrame:
    return read_paid_calls(Journal(path)).to_pandas()


def test_a_journal_that_has_not_grown_is_not_opened(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "j.jsonl", _LINES)
    paid = _read(path)
    pd.testing.assert_frame_equal(with_later_calls(None, Journal(path)).to_pandas(), paid)
    path.write_bytes(b"x" * path.stat().st_size)  # no journal any more, for whoever opens it
    pd.testing.assert_frame_equal(with_later_calls(as_table(paid), Journal(path)).to_pandas(), paid)
    path.write_bytes(b"x")
    with pytest.raises(JournalError):
        with_later_calls(as_table(paid), Journal(path)).to_pandas()


@pytest.mark.parametrize("known", [0, 1, 255, 256, 600])
def test_later_calls_are_added(known: int, tmp_path: Path) -> None:
    lines = list(_lines())
    path = write_journal(tmp_path / "j.jsonl", lines[:known])
    before = as_table(_read(path))
    write_journal(path, lines)
    pd.testing.assert_frame_equal(with_later_calls(before, Journal(path)).to_pandas(), _read(path))


def test_a_bad_line_among_the_later_ones_is_named_by_its_number_in_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_journal(tmp_path / "j.jsonl", _LINES)
    before = as_table(_read(path))
    path.write_bytes(path.read_bytes() + b"damaged\n")
    assert len(with_later_calls(before, Journal(path))) == 3
    assert "no valid completion in line 4 (no JSON)" in caplog.text


def test_a_shorter_file_in_the_place_of_the_journal_is_read_anew(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "j.jsonl", _LINES)
    paid = as_table(_read(path))
    write_journal(path, _LINES[:1])
    assert with_later_calls(paid, Journal(path))["request_id"].tolist() == ["r0"]
    path.unlink()
    assert len(with_later_calls(paid, Journal(path))) == 0


@pytest.mark.parametrize("lines", [_LINES, [no_reply()], []])
def test_the_table_comes_back_from_a_file_as_it_was(lines: list[Completion], tmp_path: Path) -> None:
    path = write_journal(tmp_path / "j.jsonl", lines)
    file = RowTableDataset(filepath=str(tmp_path / "paid.parquet"))
    file.save(read_paid_calls(Journal(path)))
    pd.testing.assert_frame_equal(with_later_calls(file.load(), Journal(path)).to_pandas(), _read(path))


def test_a_number_that_is_no_float_comes_back_from_a_file(tmp_path: Path) -> None:
    lines = [completion(prompt_tokens=2**62 + 1), completion(prompt_tokens=None)]
    _read(write_journal(tmp_path / "j.jsonl", lines)).to_parquet(tmp_path / "paid.parquet")
    assert pd.read_parquet(tmp_path / "paid.parquet")["prompt_tokens"].tolist() == [2**62 + 1, pd.NA]


def test_journals_are_joined_whatever_their_runs_and_models(tmp_path: Path) -> None:
    parts = [
        read_paid_calls(Journal(write_journal(tmp_path / name, lines)))
        for name, lines in {"a": _LINES, "b": [completion(model_name="other", run_id="run-9")], "c": []}.items()
    ]
    both = joined(parts).to_pandas()
    assert both["model_name"].astype(object).where(both["model_name"].notna(), None).tolist() == [
        *("model-1", None, "model-1"),
        "other",
    ]
    assert both["run_id"].tolist() == ["run-1", "run-1", "run-2", "run-9"]


def test_the_last_call_of_a_row_is_that_of_the_last_attempt(tmp_path: Path) -> None:
    lines = [completion(attempt=2), completion("late", attempt=2), completion(attempt=1), completion(request_id="r1")]
    journal = Journal(write_journal(tmp_path / "j.jsonl", lines))
    asked = [fingerprint("r1"), fingerprint("r9"), fingerprint("r0")]
    found = journal.at(last_places(read_paid_calls(journal), asked))
    assert found == [lines[3], lines[1]]


def test_two_nodes_that_load_the_journal_share_its_index(tmp_path: Path) -> None:
    dataset = JournalDataset(filepath=str(tmp_path / "j.jsonl"))
    assert dataset.load() is dataset.load()
    dataset.save(_LINES)
    first = dataset.load()
    assert len(first) == 3
    assert dataset.load() is first
    os.utime(tmp_path / "j.jsonl", ns=(1, 1))  # written by somebody
    assert dataset.load() is not first


def test_each_call_has_its_planned_row_and_says_whether_it_is_the_call_planned_now(tmp_path: Path) -> None:
    earlier = completion(request_id="r2", fingerprint=fingerprint("another prompt"))
    lines = [completion(request_id="r2"), completion(request_id="r7"), earlier, no_reply(request_id="r0")]
    journal = Journal(write_journal(tmp_path / "j.jsonl", lines))
    calls = as_table(to_frame(((row, fingerprint(row)) for row in ("r0", "r1", "r2")), CALLS))

    found = planned_calls(as_table(_read(tmp_path / "j.jsonl")), journal, calls, calls).to_pandas()

    assert found["position"].tolist() == [2, -1, 2, 0]
    assert found["is_configuration"].tolist() == [True, False, False, True]
    with pytest.raises(StaleTableError, match="'r1' of the dataset 'requests' is not in 'calls'"):
        planned_calls(None, journal, calls, as_table(calls.to_pandas().drop(index=1)))


def test_a_journal_of_several_files_is_read_in_the_order_of_their_first_calls(tmp_path: Path) -> None:
    early, late = (f"2026-01-0{day}T00:00:00.000+00:00" for day in (1, 2))
    own = {
        "completions.jsonl": [completion(request_id="r0", created_at=late), completion(created_at=late)],
        "completions/shard-00001.b.jsonl": [completion(request_id="r1", created_at=early)],
        "completions/shard-00001.a.jsonl": [completion(request_id="r1", created_at=late, run_id="later")],
    }
    (tmp_path / "completions").mkdir()
    for name, lines in own.items():
        write_journal(tmp_path / name, lines)
    with (tmp_path / "completions" / "shard-00001.b.jsonl").open("ab") as file:
        file.write(b'{"torn')
    (tmp_path / "completions" / "shard-00001.owner").write_text("no journal")
    dataset = JournalDataset(filepath=str(tmp_path / "completions.jsonl"))

    journal = dataset.load()

    assert [line.request_id for line in journal] == ["r1", "r0", "r0", "r1"]
    assert [[x.run_id for x in own] for own in journal.completions([fingerprint("r1")])] == [["run-1", "later"]]
    paid = read_paid_calls(journal)
    assert journal.at(last_places(paid, [fingerprint("r1")])) == own["completions/shard-00001.a.jsonl"]
    assert paid["file"].tolist() == [
        "shard-00001.b.jsonl",
        "completions.jsonl",
        "completions.jsonl",
        "shard-00001.a.jsonl",
    ]
    write_journal(tmp_path / "completions" / "shard-00002.c.jsonl", [completion(request_id="r9")])
    assert dataset.load() is not journal
    assert len(with_later_calls(as_table(paid.to_pandas()), dataset.load())) == 5
