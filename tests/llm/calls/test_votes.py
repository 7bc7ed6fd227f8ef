"""Votes: how a judge may spell its answer, and how little of a second answer it may give."""

import json
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.llm.calls.votes import AnyVote, SetVote, Vote, verdict_judge
from synthetic_textcat.schemas.completions import Problem
from synthetic_textcat.schemas.label_verdicts import NONE_OF_THESE
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable
from tests.llm.builders import completion
from tests.support.each_case import each_of

_TASK = Task.model_validate(
    {"task": "Sort a ticket.", "labels": {"Billing": "invoices, and: refunds", "Billing: late": "overdue", "Café": ""}}
)
_ROW = {
    "request_id": "r1",
    "task_id": _TASK.task_id,
    "input_text": "Where is my refund?",
    "label": "Billing",
    "misleading_label": "Café",
}


_SEVERAL = Task.model_validate(
    {"task": "Tag a ticket.", "labels": {"Billing": "invoices", "Café": "", "Returns": ""}, "labels_per_text": [0, 2]}
)


def _vote(reply: dict[str, Any] | str, task: Task = _TASK) -> AnyVote | Problem:
    text = reply if isinstance(reply, str) else json.dumps(reply)
    label = None if task is _SEVERAL else "Billing"
    rows = pd.DataFrame([{**_ROW, "task_id": task.task_id, "label": label}]).astype({"label": "str"})
    return verdict_judge(FrameTable(rows), {task.task_id: task}).read(completion(text, request_id="r1"))


@each_of("second", [None, "", " ", "none", "None.", "N/A", "null", "-", "nothing", NONE_OF_THESE])
def test_no_second_answer_may_be_said_in_any_way(second: str | None) -> None:
    assert _vote({"verdict": "Billing", "also_fits": second}) == Vote("Billing")


@pytest.mark.parametrize(
    "reply",
    ['{"verdict": "Billing"}', 'I say:\n```json\n{"verdict": "Billing"}\n```', '{"answer": {"verdict": "Billing"}}'],
)
def test_a_reply_without_a_second_answer_is_a_vote(reply: str) -> None:
    assert _vote(reply) == Vote("Billing")


def test_of_a_draft_and_an_answer_the_answer_counts() -> None:
    reply = '<think>perhaps {"verdict": "Café", "also_fits": "none"}</think>{"verdict": "Billing"}'
    assert _vote(reply) == Vote("Billing")


@each_of(
    ("said", "label"),
    [
        ("Billing: invoices, and: refunds", "Billing"),
        ("- billing: Invoices, and: refunds.", "Billing"),
        ("Billing: late", "Billing: late"),
        ("Billing: late: overdue", "Billing: late"),
        ("ｃａｆé", "Café"),
        ("None of these.", NONE_OF_THESE),
    ],
)
def test_an_answer_may_be_the_whole_line_of_the_question(said: str, label: str) -> None:
    assert _vote({"verdict": said, "also_fits": NONE_OF_THESE}) == Vote(label)


@each_of("said", ["Billing: shipping", "Shipping", "none", ""])
def test_another_answer_is_no_vote(said: str) -> None:
    assert isinstance(_vote({"verdict": said, "also_fits": NONE_OF_THESE}), Problem)


def test_an_unknown_second_answer_is_no_vote() -> None:
    assert isinstance(_vote({"verdict": "Billing", "also_fits": "Shipping"}), Problem)


def _answers(*answers: tuple[str, Any]) -> dict[str, Any]:
    return {"answers": [{"label": label, "fits": fits} for label, fits in answers]}


@pytest.mark.parametrize(
    "reply",
    [
        _answers(("Returns", "yes"), ("Café", "no"), ("Billing", "yes")),
        _answers(("returns", "Yes."), ("ｃａｆé", False), ("Billing: invoices", True), ("Billing", "YES")),
        {"answers": {"Returns": "yes", "Café": "no", "Billing": "true"}},
    ],
)
def test_of_several_labels_each_is_answered_by_yes_or_no(reply: dict[str, Any]) -> None:
    assert _vote(reply, _SEVERAL) == SetVote(("Billing", "Returns"))


def test_no_label_fits_is_a_vote() -> None:
    assert _vote(_answers(*((name, "no") for name in _SEVERAL.label_names)), _SEVERAL) == SetVote(())


@each_of(
    ("reply", "detail"),
    [
        (_answers(("Returns", "yes"), ("Billing", "no")), "answers lacks 'Café'"),
        (_answers(("Returns", "yes"), ("Billing", "perhaps"), ("Café", "no")), "fits is 'perhaps' for 'Billing'"),
        (_answers(("Returns", "yes"), ("Returns", "no"), ("Billing", "no"), ("Café", "no")), "both yes and no"),
        (_answers(("Refunds", "yes"), ("Billing", "no"), ("Café", "no")), "label is 'Refunds'"),
        ({"answers": []}, "answers lacks 'Billing', 'Café', 'Returns'"),
    ],
)
def test_of_several_labels_a_reply_without_each_answer_is_no_vote(reply: dict[str, Any], detail: str) -> None:
    problem = _vote(reply, _SEVERAL)
    assert isinstance(problem, Problem)
    assert problem.cause == "schema_violation"
    assert detail in problem.detail
