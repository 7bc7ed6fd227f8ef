"""One rule for what a row's completions come to.

Which rows are asked (again), from a journal on disk.

A task that was paused costs nothing in the next run, and goes on when something has changed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import BaseModel, StrictStr

from synthetic_textcat.llm.calls.open_rows import Past, open_rows
from synthetic_textcat.llm.calls.policy import judging
from synthetic_textcat.llm.calls.settlement import settle, starts_of
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.schemas.completions import Completion, Problem, Reply
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import CALLS, plain, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.llm.builders import BAD, completion, fingerprint, no_reply, write_journal
from tests.support.chat_models import GOOD

_ROWS = [fingerprint("r0"), fingerprint("r1")]
_TASKS = [Task(task="Sort mail."), Task(task="Rate films."), Task(task="Tag news.")]


def _reply(text: str, attempt: int = 1) -> Completion:
    return completion(f'{{"input_text": "{text}", "label": "A", "misleading_label": "B"}}', attempt=attempt)


def test_the_first_attempt_that_parses_wins() -> None:
    completions = [completion(BAD), _reply("second", 2), _reply("third", 3)]
    settlement = settle(completions, judging(Reply))
    assert settlement.value is not None
    assert settlement.value.input_text == "second"
    assert settlement.completion is completions[1]
    assert settlement.problem is None
    assert settlement.replies == 3


def test_of_two_replies_to_one_attempt_the_first_wins() -> None:
    settlement = settle([_reply("first"), _reply("again")], judging(Reply))
    assert settlement.value is not None
    assert settlement.value.input_text == "first"


def test_a_good_reply_counts_after_calls_that_brought_none() -> None:
    assert settle([no_reply(), _reply("here")], judging(Reply)).value is not None
    assert settle([_reply("here"), no_reply()], judging(Reply)).value is not None


def test_without_completions_there_is_neither_value_nor_problem_and_the_row_is_open() -> None:
    settlement = settle([], judging(Reply))
    assert (settlement.value, settlement.problem, settlement.completion) == (None, None, None)
    assert settlement.is_open(1)


def test_the_problem_is_the_last_ones() -> None:
    settlement = settle([completion(BAD), completion("{}", attempt=2)], judging(Reply))
    assert settlement.problem is not None
    assert settlement.problem.cause == "schema_violation"


def test_a_transport_failure_at_the_end_is_the_cause_and_leaves_the_row_open() -> None:
    settlement = settle([completion(BAD), no_reply("rate_limited", attempt=2)], judging(Reply))
    assert settlement.problem == Problem("rate_limited", "it failed")
    assert settlement.is_open(2)


def test_calls_that_brought_no_reply_use_no_attempt_up() -> None:
    settlement = settle([no_reply() for _ in range(9)], judging(Reply))
    assert settlement.replies == 0
    assert settlement.is_open(1)


@pytest.mark.parametrize(("max_attempts", "is_open"), [(1, False), (2, False), (3, True)])
def test_a_row_is_open_until_its_replies_are_used_up(max_attempts: int, is_open: bool) -> None:
    settlement = settle([completion(BAD), completion(BAD, attempt=2)], judging(Reply))
    assert settlement.is_open(max_attempts) is is_open


def test_a_row_with_a_value_is_never_open() -> None:
    assert not settle([_reply("here")], judging(Reply)).is_open(20)


class _Anything(BaseModel):
    """What a more lenient parser would take."""

    anything: StrictStr = ""


def _open(path: Path, completions: Sequence[Completion], max_attempts: int = 2) -> dict[int, Past]:
    found = open_rows(_ROWS, Journal(write_journal(path / "journal.jsonl", completions)), judging(Reply), max_attempts)
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
    assert [row.position for row in open_rows(_ROWS[:1], journal, judging(Reply), 2).rows] == [0]
    assert not open_rows(_ROWS[:1], journal, judging(_Anything), 2).rows


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
    assert open_rows(_ROWS, journal, judging(Reply), 2).any_good is any_good


def _accepts(_task: Task, _row: Mapping[str, Any], _reply: Reply) -> None:
    """A check without a complaint."""


def _rejects(task: Task, row: Mapping[str, Any], _reply: Reply) -> Problem | None:
    assert row["task_id"] == task.task_id
    return Problem("wrong_language", "Dutch") if task.task == "Rate films." else None


def _starts(tmp_path: Path, check: Any, texts: Mapping[str, list[str | None]]) -> dict[str, Any]:
    """What is found of a plan of nine rows, where a text is a reply, and None a call without one."""
    table = pd.DataFrame([task.to_row("file") for task in _TASKS])
    requests = plan_requests(table, AttributeSamplingParameters(num_examples=9), 42).to_pandas()
    lines = []
    for task_text, replies in texts.items():
        rows = plain(requests["request_id"][requests["task"] == task_text])
        for row, text in zip(rows, replies, strict=False):
            lines.append(no_reply(request_id=row) if text is None else completion(text, request_id=row))
    journal = Journal(write_journal(tmp_path / "journal.jsonl", lines))
    calls = to_frame(((row, fingerprint(row)) for row in plain(requests["request_id"])), CALLS)
    found = starts_of(as_table(requests), as_table(calls), journal, _TASKS, check)
    sentences = {task.task_id: task.task for task in _TASKS}
    return {sentences[task_id]: start for task_id, start in found.items()}


def test_bad_replies_count_until_the_first_good_one_and_calls_without_a_reply_do_not(tmp_path: Path) -> None:
    found = _starts(
        tmp_path, _accepts, {"Sort mail.": [BAD, None, BAD], "Rate films.": [BAD, GOOD, BAD], "Tag news.": [None]}
    )
    assert set(found) == {"Sort mail.", "Rate films."}
    assert (found["Sort mail."].reason, found["Sort mail."].replies) == ("invalid_json", 2)
    assert found["Rate films."].is_over


def test_a_reply_that_the_checks_reject_is_a_bad_one(tmp_path: Path) -> None:
    found = _starts(tmp_path, _rejects, {"Sort mail.": [GOOD], "Rate films.": [GOOD, GOOD, GOOD]})
    assert found["Sort mail."].is_over
    assert (found["Rate films."].reason, found["Rate films."].replies) == ("wrong_language", 3)


def test_an_empty_journal_knows_nothing(tmp_path: Path) -> None:
    assert _starts(tmp_path, _accepts, {}) == {}
