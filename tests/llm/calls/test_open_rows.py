"""Open rows as a sequence: any part of it gives the rows that a list would, each with its earlier replies."""

from pathlib import Path

import numpy as np
import pytest

from synthetic_textcat.llm.calls.open_rows import OpenRows, open_rows
from synthetic_textcat.llm.calls.policy import judging
from synthetic_textcat.llm.calls.row_settlement import plain_lines
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.journal.lines import digests_of
from synthetic_textcat.schemas.completions import Reply
from tests.llm.builders import BAD, completion, fingerprint, no_reply, write_journal
from tests.support.chat_models import GOOD

_ROWS = [f"r{number}" for number in range(1_300)]
_CALLS = list(map(fingerprint, _ROWS))


def _found(path: Path, **settings: str) -> OpenRows:
    lines = [
        *(completion(request_id=row) for row in _ROWS[::2]),
        *(completion(BAD, request_id=row) for row in _ROWS[1::4]),
        *(no_reply(request_id=row, attempt=2, run_id="run-2") for row in _ROWS[1::8]),
        completion(f"<think>{GOOD}</think> {GOOD}", request_id="r3"),
        completion("\ud83d", request_id="r7"),
    ]
    journal = Journal(write_journal(path / "journal.jsonl", lines))
    return open_rows(_CALLS, journal, judging(Reply), 3, good_at_once=plain_lines, **settings)


def test_any_part_of_the_sequence_is_that_part_of_the_list(tmp_path: Path) -> None:
    found = _found(tmp_path)
    rows = list(found.rows)
    assert [row.position for row in rows] == [number for number in range(1, 1_300, 2) if number != 3]
    assert found.positions.tolist() == [row.position for row in rows]
    assert [row.fingerprint for row in rows] == [_CALLS[row.position] for row in rows]
    assert {row.position for row in rows if row.past} == {*range(1, 1_300, 4), 7}
    for part in (slice(0), slice(3, 9), slice(None, None, 7), slice(-2, None), slice(500, 620)):
        assert list(found.rows[part]) == rows[part]
    assert [found.rows[0], found.rows[-1], found.rows[17]] == [rows[0], rows[-1], rows[17]]
    with pytest.raises(IndexError):
        found.rows[len(rows)]
    keeps = np.arange(len(rows)) % 3 == 1
    assert list(found.where(keeps)) == rows[1::3]
    others = digests_of([_CALLS[1], _CALLS[2], _CALLS[5]])
    assert list(found.without(others)) == [row for row in rows if row.position not in {1, 5}]


def test_what_a_run_has_spent_is_read_again_without_its_texts(tmp_path: Path) -> None:
    found = _found(tmp_path, spent_by="run-2")
    for _ in range(2):
        assert [line.request_id for line in found.spent] == _ROWS[1::8]
    assert not list(_found(tmp_path).spent)
    assert not any(line.raw_text for line in found.known)
