"""Which rows are asked (again), from a journal on disk."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel, StrictStr

from synthetic_textcat.llm.crew import Call
from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.open_calls import open_calls
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Reply
from tests.llm.builders import BAD, call, completion, no_reply, write_journal


class _Anything(BaseModel):
    """What a more lenient parser would take."""

    anything: StrictStr = ""


def _open(path: Path, completions: Sequence[Completion], max_attempts: int = 2) -> list[Call]:
    journal = Journal(write_journal(path / "journal.jsonl", completions))
    return list(open_calls([call("r0"), call("r1")], journal, Reply, max_attempts))


def test_without_a_journal_every_call_is_open(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "absent.jsonl")
    assert list(open_calls([call("r0"), call("r1")], journal, Reply, 1)) == [
        replace(call("r0"), past=[]),
        replace(call("r1"), past=[]),
    ]


def test_an_answered_row_is_not_asked_again(tmp_path: Path) -> None:
    assert [x.request_id for x in _open(tmp_path, [completion(request_id="r0")])] == ["r1"]


def test_lines_of_other_plans_answer_nothing(tmp_path: Path) -> None:
    assert [x.request_id for x in _open(tmp_path, [completion(request_id="r9")])] == ["r0", "r1"]


def test_a_bad_reply_goes_with_the_call_that_asks_again(tmp_path: Path) -> None:
    bad = completion(BAD, request_id="r0")
    first, second = _open(tmp_path, [bad])
    assert [(past, problem.cause) for past, problem in first.past] == [(bad, "invalid_json")]
    assert list(second.past) == []


def test_a_transport_failure_is_asked_again_and_is_no_part_of_the_conversation(tmp_path: Path) -> None:
    (first, _) = _open(tmp_path, [completion(BAD), no_reply(attempt=2), no_reply(attempt=2, run_id="run-2")])
    assert [past.attempt for past, _ in first.past] == [1]


@pytest.mark.parametrize(("max_attempts", "expected"), [(1, ["r1"]), (2, ["r1"]), (3, ["r0", "r1"])])
def test_raising_max_attempts_opens_a_failed_row_again(max_attempts: int, expected: list[str], tmp_path: Path) -> None:
    lines = [completion(BAD), completion(BAD, attempt=2)]
    assert [x.request_id for x in _open(tmp_path, lines, max_attempts)] == expected


def test_the_past_is_in_order_of_attempts_whatever_the_order_of_lines(tmp_path: Path) -> None:
    (first, _) = _open(tmp_path, [completion(BAD, attempt=2), completion("{}", attempt=1)], max_attempts=3)
    assert [(past.attempt, problem.cause) for past, problem in first.past] == [
        (1, "schema_violation"),
        (2, "invalid_json"),
    ]


def test_a_better_parser_mends_old_rows_for_free(tmp_path: Path) -> None:
    journal = Journal(write_journal(tmp_path / "journal.jsonl", [completion("{}")]))
    assert len(list(open_calls([call()], journal, Reply, 2))) == 1
    assert list(open_calls([call()], journal, _Anything, 2)) == []


def test_calls_are_taken_one_by_one_as_they_are_needed(tmp_path: Path) -> None:
    journal = Journal(write_journal(tmp_path / "journal.jsonl", [completion(request_id="r99")]))
    made: list[str] = []

    def calls() -> Iterator[Call]:
        for number in range(1000):
            made.append(f"r{number}")
            yield call(f"r{number}")

    next(open_calls(calls(), journal, Reply, 1))
    assert len(made) <= 2
