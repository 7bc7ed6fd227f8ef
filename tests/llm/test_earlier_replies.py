"""A task that was paused costs nothing in the next run, and goes on when something has changed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from synthetic_textcat.llm.earlier_replies import starts_of
from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.replies import Problem, Reply
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.schemas.tasks import Task
from tests.llm.builders import BAD, completion, fingerprint, no_reply, write_journal
from tests.support.chat_models import GOOD

_TASKS = [Task(task="Sort mail."), Task(task="Rate films."), Task(task="Tag news.")]


def _accepts(_task: Task, _row: Mapping[str, Any], _reply: Reply) -> None:
    """A check without a complaint."""


def _rejects(task: Task, row: Mapping[str, Any], _reply: Reply) -> Problem | None:
    assert row["task_id"] == task.task_id
    return Problem("wrong_language", "Dutch") if task.task == "Rate films." else None


def _starts(tmp_path: Path, check: Any, texts: Mapping[str, list[str | None]]) -> dict[str, Any]:
    """What is found of a plan of nine rows, where a text is a reply, and None a call without one."""
    requests = plan_requests(
        pd.DataFrame([task.to_row("file") for task in _TASKS]), AttributeSamplingParameters(num_examples=9), 42
    )
    lines = []
    for task_text, replies in texts.items():
        rows = plain(requests["request_id"][requests["task"] == task_text])
        for row, text in zip(rows, replies, strict=False):
            lines.append(no_reply(request_id=row) if text is None else completion(text, request_id=row))
    journal = Journal(write_journal(tmp_path / "journal.jsonl", lines))
    found = starts_of(requests, [fingerprint(row) for row in plain(requests["request_id"])], journal, _TASKS, check)
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
