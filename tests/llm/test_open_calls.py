"""Which rows are asked (again), from a journal on disk."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel, StrictStr

from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.open_calls import Past, open_rows
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Reply
from tests.llm.builders import BAD, completion, fingerprint, no_reply, write_journal

_ROWS = [fingerprint("r0"), fingerprint("r1")]


class _Anything(BaseModel):
    """What a more lenient parser would take."""

    anything: StrictStr = ""


def _open(path: Path, completions: Sequence[Completion], max_attempts: int = 2) -> dict[int, Past]:
    found = open_rows(_ROWS, Journal(write_journal(path / "journal.jsonl", completions)), Reply, max_attempts)
    assert [row.fingerprint for row in found.rows] == [_ROWS[row.position] for row in found.rows]
    return {row.position: row.past for row in found.rows}


def test_without_a_journal_every_row_is_open(tmp_path: Path) -> None:
    assert _open(tmp_path, [], max_attempts=1) == {0: [], 1: []}


def test_an_answered_row_is_not_asked_again(tmp_path: Path) -> None:
    assert list(_open(tmp_path, [completion(request_id="r0")])) == [1]


def test_lines_of_other_plans_answer_nothing(tmp_path: Path) -> None:
    assert list(_open(tmp_path, [completion(request_id="r9")])) == [0, 1]


def test_a_bad_reply_goes_with_the_row_that_is_asked_again(tmp_path: Path) -> None:
    bad = completion(BAD, request_id="r0")
    found = _open(tmp_path, [bad])
    assert [(past, problem.cause) for past, problem in found[0]] == [(bad, "invalid_json")]
    assert found[1] == []


def test_a_transport_failure_is_asked_again_and_is_no_part_of_the_conversation(tmp_path: Path) -> None:
    found = _open(tmp_path, [completion(BAD), no_reply(attempt=2), no_reply(attempt=2, run_id="run-2")])
    assert [past.attempt for past, _ in found[0]] == [1]


@pytest.mark.parametrize(("max_attempts", "expected"), [(1, [1]), (2, [1]), (3, [0, 1])])
def test_raising_max_attempts_opens_a_failed_row_again(max_attempts: int, expected: list[int], tmp_path: Path) -> None:
    lines = [completion(BAD), completion(BAD, attempt=2)]
    assert list(_open(tmp_path, lines, max_attempts)) == expected


def test_the_past_is_in_order_of_attempts_whatever_the_order_of_lines(tmp_path: Path) -> None:
    found = _open(tmp_path, [completion(BAD, attempt=2), completion("{}", attempt=1)], max_attempts=3)
    assert [(past.attempt, problem.cause) for past, problem in found[0]] == [
        (1, "schema_violation"),
        (2, "invalid_json"),
    ]


def test_a_better_parser_mends_old_rows_for_free(tmp_path: Path) -> None:
    journal = Journal(write_journal(tmp_path / "journal.jsonl", [completion("{}")]))
    assert [row.position for row in open_rows(_ROWS[:1], journal, Reply, 2).rows] == [0]
    assert open_rows(_ROWS[:1], journal, _Anything, 2).rows == []


@pytest.mark.parametrize(
    ("lines", "any_good"),
    [
        ([], False),
        ([completion(BAD), completion(BAD, attempt=2)], False),  # settled, but not well
        ([no_reply()], False),
        ([completion(BAD, request_id="r0"), completion(request_id="r1")], True),
    ],
)
def test_it_is_known_whether_any_row_went_well_so_far(lines: list[Completion], any_good: bool, tmp_path: Path) -> None:
    journal = Journal(write_journal(tmp_path / "journal.jsonl", lines))
    assert open_rows(_ROWS, journal, Reply, 2).any_good is any_good
