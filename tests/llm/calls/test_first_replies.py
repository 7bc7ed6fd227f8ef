"""A setting that is wrong for every row is noticed after a few replies, and so is a task that no reply is good for."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from synthetic_textcat.errors import FatalAnswerError
from synthetic_textcat.llm.calls.first_replies import BadStart, FirstReplies, TaskPauses
from synthetic_textcat.llm.calls.first_streak import ENOUGH
from synthetic_textcat.llm.calls.policy import Call
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.journal.lines import MOST_OF_A_REPLY
from synthetic_textcat.llm.replies.parsing import parse, too_long
from synthetic_textcat.schemas.completions import (
    Completion,
    Problem,
    Reply,
    label_set_schema,
    row_schema,
    task_list_schema,
)
from synthetic_textcat.schemas.outcomes import CONTENT_CAUSES
from tests.llm.builders import BAD, call, completion, fingerprint, no_reply
from tests.llm.running import policy
from tests.support.chat_models import GOOD, ScriptedChatModel
from tests.support.each_case import each_of

_SETTINGS = ["invalid_json", "schema_violation", "truncated"]


def _note(watcher: FirstReplies, replies: int, cause: str | None, begin: int = 0, tasks: int = 2) -> None:
    for row in range(begin, begin + replies):
        problem = Problem(cause, "why") if cause else None
        watcher.note(completion(request_id=f"r{row}"), problem, f"task {row % tasks}")


@each_of("cause", CONTENT_CAUSES)
def test_enough_replies_of_several_tasks_bad_alike_stop_the_run_and_say_what_to_set(cause: str) -> None:
    watcher = FirstReplies(watch=True)
    _note(watcher, ENOUGH - 1, cause)
    with pytest.raises(
        FatalAnswerError, match=rf"first {ENOUGH} replies .* for rows all failed as {cause} \(why\)\. N"
    ):
        _note(watcher, 1, cause, begin=ENOUGH)


@each_of("cause", CONTENT_CAUSES)
def test_of_one_task_alone_they_stop_it_only_where_a_setting_is_wrong(cause: str) -> None:
    if cause in _SETTINGS:
        with pytest.raises(FatalAnswerError, match=r"Next: ((set|raise) llm\.|no token limit of yours)"):
            _note(FirstReplies(watch=True), ENOUGH, cause, tasks=1)
    else:
        _note(FirstReplies(watch=True), 3 * ENOUGH, cause, tasks=1)


@pytest.mark.parametrize(
    ("limit", "written", "advice", "whose"),
    [
        (None, 40, r"no token limit of yours cut them, so raise the server's own: its context", "max_tokens set none"),
        (512, 40, r"no token limit of yours cut them, so raise the server's own", "is 512, of which 40 were written"),
        (512, 510, r"raise llm\.max_tokens", "limit; it was 512: raise llm.max_tokens"),
        (512, None, r"raise llm\.max_tokens", "limit; it was 512: raise llm.max_tokens"),
    ],
)
def test_the_advice_on_cut_replies_names_the_limit_that_cut_them(
    limit: int | None, written: int | None, advice: str, whose: str
) -> None:
    watcher = FirstReplies(watch=True)
    cut = [
        completion('{"input', request_id=f"r{row}", finish_reason="length", max_tokens=limit, completion_tokens=written)
        for row in range(ENOUGH)
    ]
    problems = [parse(each, Reply) for each in cut]
    *first, (last, why) = zip(cut, (each for each in problems if isinstance(each, Problem)), strict=True)
    for each, problem in first:
        watcher.note(each, problem, each.request_id)
    with pytest.raises(FatalAnswerError, match=advice) as caught:
        watcher.note(last, why, last.request_id)
    assert whose in why.detail
    assert "the reply was cut at the token limit; it " in str(caught.value)


def test_replies_that_are_too_long_to_be_read_want_a_limit_and_no_other_structure() -> None:
    watcher = FirstReplies(watch=True)
    long = "{" * (MOST_OF_A_REPLY + 1)
    problem = too_long(long)
    for row in range(ENOUGH - 1):
        watcher.note(completion(long, request_id=f"r{row}"), problem)
    with pytest.raises(FatalAnswerError, match=r"100,001 characters; .*Next: set llm\.max_tokens"):
        watcher.note(completion(long, request_id="last"), problem)


@pytest.mark.parametrize(
    ("schema", "things"), [(task_list_schema(), "lists of tasks"), (label_set_schema(), "label sets")]
)
def test_what_failed_is_said(schema: dict[str, str], things: str) -> None:
    watcher = FirstReplies(watch=True, kind=schema["name"])
    for row in range(ENOUGH - 1):
        watcher.note(completion(request_id=f"r{row}"), Problem("refused", "why"))
    with pytest.raises(FatalAnswerError, match=rf"first {ENOUGH} replies to calls for {things} all failed"):
        watcher.note(completion(request_id="last"), Problem("refused", "why"))


@pytest.mark.parametrize("other", [None, "truncated"])
def test_one_good_reply_or_a_second_cause_ends_the_watch(other: str | None) -> None:
    watcher = FirstReplies(watch=True)
    _note(watcher, ENOUGH - 1, "refused")
    _note(watcher, 1, other)
    _note(watcher, 3 * ENOUGH, "refused")


def test_calls_without_a_reply_say_nothing() -> None:
    watcher = FirstReplies(watch=True)
    for _ in range(3 * ENOUGH):
        watcher.note(no_reply(), Problem("timeout", "why"), "t")


def test_one_row_asked_often_is_one_row() -> None:
    watcher = FirstReplies(watch=True)
    for _ in range(3 * ENOUGH):
        _note(watcher, 1, "truncated")


def test_after_earlier_good_answers_nothing_is_watched() -> None:
    _note(FirstReplies(watch=False), 3 * ENOUGH, "refused")


def _call(row: int, task_id: str) -> Call:
    schema = row_schema(["A", "B"])
    return Call(
        f"r{row}", fingerprint(f"r{row}"), call("r", f"Of {task_id}.").messages, schema, 7, row={"task_id": task_id}
    )


def _generated(model: ScriptedChatModel, pauses: TaskPauses, rows: int = 120) -> list[Completion]:
    paused = replace(policy(4, max_attempts=2), pauses=pauses)
    calls = (_call(row, f"t{row % 3}") for row in range(rows))
    open_calls = (each for each in calls if not pauses.leave_out(each.task_id))
    return [line for batch in complete(model.as_chat, open_calls, paused) for line in batch]


def _refuses(task_id: str) -> ScriptedChatModel:
    def script(messages: Sequence[BaseMessage], _number: int) -> str:
        return BAD if messages[0].content == f"Of {task_id}." else GOOD

    return ScriptedChatModel(script=script, delay_s=0.002)


def test_a_task_whose_first_replies_are_all_bad_alike_is_paused_and_the_others_go_on() -> None:
    pauses = TaskPauses(after=20)
    lines = _generated(_refuses("t1"), pauses)
    asked = [line for line in lines if line.raw_text == BAD]
    assert ENOUGH <= len(asked) <= ENOUGH + 4
    assert len(lines) - len(asked) == 80
    ((task_id, start),) = pauses.paused
    assert (task_id, start.reason) == ("t1", "invalid_json")
    assert pauses.left_out["t1"] == 40 - len({line.request_id for line in asked})


def test_a_task_whose_rows_would_all_be_rejected_is_paused_too() -> None:
    def check(checked: Call, _completion: Completion) -> Problem | None:
        return Problem("wrong_language", "reads as Dutch") if checked.task_id == "t2" else None

    pauses = TaskPauses(20, check)
    lines = _generated(ScriptedChatModel(delay_s=0.002), pauses)
    assert [(task_id, start.reason, start.detail) for task_id, start in pauses.paused] == [
        ("t2", "wrong_language", "reads as Dutch")
    ]
    assert 80 + ENOUGH <= len(lines) <= 80 + ENOUGH + 4


def _hesitates(slow: str) -> ScriptedChatModel:
    """Refuses every row but the first ten, whose replies hold a row after a page of broken JSON."""

    def script(_messages: Sequence[BaseMessage], number: int) -> str | AIMessage:
        if number < 10:
            return f"{number} {slow} {GOOD}"
        return AIMessage("", additional_kwargs={"refusal": "No."}, response_metadata={"finish_reason": "stop"})

    return ScriptedChatModel(script=script, delay_s=0.002)


@pytest.mark.parametrize("is_paused", [False, True])
def test_replies_count_in_the_order_in_which_they_arrive_however_long_they_take_to_read(is_paused: bool) -> None:
    pauses = TaskPauses(after=20 if is_paused else None)
    model = _hesitates('[[{"x":1,' * 5000)
    own = replace(policy(40, max_attempts=1), pauses=pauses)
    calls = iter([_call(row, f"t{row % 2}") for row in range(60)])
    lines = [line for batch in complete(model.as_chat, calls, own) for line in batch]
    assert len(lines) == 60
    assert list(pauses.paused) == []


def test_replies_of_earlier_runs_count() -> None:
    bad = BadStart("refused", "no", 19, frozenset(f"r{row}" for row in range(10)))
    pauses = TaskPauses(20, earlier={"t0": bad, "t1": BadStart(is_over=True)})
    assert [pauses.is_watched(task_id) for task_id in ("t0", "t1", "t2")] == [True, False, True]
    pauses.note("t0", "r99", Problem("refused", "no"))
    assert pauses.is_paused("t0")


def test_without_a_number_no_task_is_ever_paused() -> None:
    pauses = TaskPauses(
        after=None, earlier={"t1": BadStart("refused", "no", 90, frozenset(f"r{row}" for row in range(90)))}
    )
    assert not pauses.is_paused("t1")
    assert not pauses.is_watched("t2")
