"""Paid calls: the journal as a table, which is not opened again unless it has grown."""

import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest

from synthetic_textcat.errors import JournalError
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.journal.paid_calls import joined, last_offsets, read_paid_calls, with_later_calls
from synthetic_textcat.schemas.completions import Completion
from tests.llm.builders import completion, fingerprint, no_reply, write_journal

_LINES = [completion(), no_reply(request_id="r1"), completion(request_id="r2", attempt=2, run_id="run-2")]


def _lines(count: int = 600) -> Iterable[Completion]:
    return (completion(request_id=f"r{number}", model_name=f"model-{number % 3}") for number in range(count))


def test_a_journal_that_has_not_grown_is_not_opened(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "j.jsonl", _LINES)
    paid = read_paid_calls(Journal(path))
    pd.testing.assert_frame_equal(with_later_calls(None, Journal(path)), paid)
    path.write_bytes(b"x" * path.stat().st_size)  # no journal any more, for whoever opens it
    pd.testing.assert_frame_equal(with_later_calls(paid, Journal(path)), paid)
    path.write_bytes(b"x")
    with pytest.raises(JournalError):
        with_later_calls(paid, Journal(path))


@pytest.mark.parametrize("known", [0, 1, 255, 256, 600])
def test_later_calls_are_added(known: int, tmp_path: Path) -> None:
    lines = list(_lines())
    path = write_journal(tmp_path / "j.jsonl", lines[:known])
    before = read_paid_calls(Journal(path))
    write_journal(path, lines)
    pd.testing.assert_frame_equal(with_later_calls(before, Journal(path)), read_paid_calls(Journal(path)))


def test_a_bad_line_among_the_later_ones_is_named_by_its_number_in_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_journal(tmp_path / "j.jsonl", _LINES)
    before = read_paid_calls(Journal(path))
    path.write_bytes(path.read_bytes() + b"damaged\n")
    assert len(with_later_calls(before, Journal(path))) == 3
    assert "no valid completion in line 4 (no JSON)" in caplog.text


def test_a_shorter_file_in_the_place_of_the_journal_is_read_anew(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "j.jsonl", _LINES)
    paid = read_paid_calls(Journal(path))
    write_journal(path, _LINES[:1])
    assert with_later_calls(paid, Journal(path))["request_id"].tolist() == ["r0"]
    path.unlink()
    assert len(with_later_calls(paid, Journal(path))) == 0


@pytest.mark.parametrize("lines", [_LINES, [no_reply()], []])
def test_the_table_comes_back_from_a_file_as_it_was(lines: list[Completion], tmp_path: Path) -> None:
    journal = Journal(write_journal(tmp_path / "j.jsonl", lines))
    paid = read_paid_calls(journal)
    paid.to_parquet(tmp_path / "paid.parquet", index=False)
    back = with_later_calls(pd.read_parquet(tmp_path / "paid.parquet"), journal)
    pd.testing.assert_frame_equal(back, paid, check_categorical=False)
    assert (back.dtypes == "category").sum() == (paid.dtypes == "category").sum()


def test_a_number_that_is_no_float_comes_back_from_a_file(tmp_path: Path) -> None:
    lines = [completion(prompt_tokens=2**62 + 1), completion(prompt_tokens=None)]
    read_paid_calls(Journal(write_journal(tmp_path / "j.jsonl", lines))).to_parquet(tmp_path / "paid.parquet")
    assert pd.read_parquet(tmp_path / "paid.parquet")["prompt_tokens"].tolist() == [2**62 + 1, pd.NA]


def test_journals_are_joined_whatever_their_runs_and_models(tmp_path: Path) -> None:
    parts = [
        read_paid_calls(Journal(write_journal(tmp_path / name, lines)))
        for name, lines in {"a": _LINES, "b": [completion(model_name="other", run_id="run-9")], "c": []}.items()
    ]
    both = joined(parts)
    assert both["model_name"].astype(object).where(both["model_name"].notna(), None).tolist() == [
        *("model-1", None, "model-1"),
        "other",
    ]
    assert both["run_id"].tolist() == ["run-1", "run-1", "run-2", "run-9"]


def test_the_last_call_of_a_row_is_that_of_the_last_attempt(tmp_path: Path) -> None:
    lines = [completion(attempt=2), completion("late", attempt=2), completion(attempt=1), completion(request_id="r1")]
    journal = Journal(write_journal(tmp_path / "j.jsonl", lines))
    asked = [fingerprint("r1"), fingerprint("r9"), fingerprint("r0")]
    found = journal.at(last_offsets(read_paid_calls(journal), asked))
    assert found == [lines[3], lines[1]]


def test_two_nodes_that_load_the_journal_share_its_index(tmp_path: Path) -> None:
    from synthetic_textcat.datasets import JournalDataset

    dataset = JournalDataset(filepath=str(tmp_path / "j.jsonl"))
    assert dataset.load() is dataset.load()
    dataset.save(_LINES)
    first = dataset.load()
    assert len(first) == 3
    assert dataset.load() is first
    os.utime(tmp_path / "j.jsonl", ns=(1, 1))  # written by somebody
    assert dataset.load() is not first
