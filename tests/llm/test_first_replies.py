"""A setting that is wrong for every row is noticed after a few."""

import pytest

from synthetic_textcat.errors import FatalAnswerError
from synthetic_textcat.llm.first_replies import ENOUGH_ROWS, FirstReplies
from synthetic_textcat.schemas.outcomes import FAILURE_CAUSES
from synthetic_textcat.schemas.replies import Problem, label_set_schema, row_schema, task_list_schema
from tests.llm.builders import completion


def _note(watcher: FirstReplies, rows: int, cause: str | None, begin: int = 0) -> None:
    for row in range(begin, begin + rows):
        watcher.note(completion(request_id=f"r{row}"), Problem(cause, "why") if cause else None)


@pytest.mark.parametrize("cause", FAILURE_CAUSES)
def test_enough_rows_with_one_cause_stop_the_run_and_say_what_to_set(cause: str) -> None:
    watcher = FirstReplies(watch=True)
    _note(watcher, ENOUGH_ROWS - 1, cause)
    with pytest.raises(FatalAnswerError, match=rf"first {ENOUGH_ROWS} rows all failed as {cause} \(why\)\. Next: \w+"):
        _note(watcher, 1, cause, begin=ENOUGH_ROWS)


@pytest.mark.parametrize(
    ("schema", "things"),
    [(row_schema([]), "rows"), (task_list_schema(), "lists of tasks"), (label_set_schema(), "label sets")],
)
def test_what_failed_is_said(schema: dict[str, str], things: str) -> None:
    watcher = FirstReplies(watch=True, kind=schema["name"])
    with pytest.raises(FatalAnswerError, match=rf"first {ENOUGH_ROWS} {things} all failed"):
        _note(watcher, ENOUGH_ROWS, "refused")


def test_one_good_reply_or_a_second_cause_ends_the_watch() -> None:
    for other in (None, "timeout"):
        watcher = FirstReplies(watch=True)
        _note(watcher, ENOUGH_ROWS - 1, "refused")
        _note(watcher, 1, other)
        _note(watcher, 3 * ENOUGH_ROWS, "refused")


def test_one_row_asked_often_is_one_row() -> None:
    watcher = FirstReplies(watch=True)
    for _ in range(3 * ENOUGH_ROWS):
        _note(watcher, 1, "refused")


def test_after_earlier_good_answers_nothing_is_watched() -> None:
    _note(FirstReplies(watch=False), 3 * ENOUGH_ROWS, "refused")
