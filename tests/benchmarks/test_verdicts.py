"""The fault server as a judge: it knows its own texts again, and its verdicts can be as faulty as its rows."""

import json
from typing import Any

import pandas as pd
import pytest

from benchmarks.fault_server import chat_request, replies, texts
from synthetic_textcat.llm.calls.votes import verdict_judge
from synthetic_textcat.llm.prompts.verdict_prompts import VerdictQuestion
from synthetic_textcat.schemas.completions import Problem
from synthetic_textcat.schemas.label_verdicts import NONE_OF_THESE
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable
from tests.llm.builders import completion
from tests.llm.offline.judging import verdict_prompts
from tests.support.each_case import each_of

_LABELS = ("Card theft", "Identity theft", "Tax fraud", "Wire fraud")
_CLOSED = Task.model_validate({"task": "Sort a case.", "labels": _LABELS})
_OPEN = Task.model_validate({"task": "Name a case."})
_PROMPTS = verdict_prompts((_CLOSED, _OPEN))


def _row(number: int, task: Task = _CLOSED, asked_words: str = "at least 50") -> dict[str, Any]:
    label, other = _LABELS[number % 4], _LABELS[(number + 1) % 4]
    allowed = task.label_names or (label, other)
    text = texts.input_text((label,), allowed, f"row {number}".encode(), f"{asked_words} words")
    labels = {"label": label, "misleading_label": other}
    return {"request_id": f"r{number}", "task_id": task.task_id, "input_text": text, **labels}


def _reply(question: VerdictQuestion, fault: str | None = None, with_schema: bool = True) -> dict[str, Any]:
    """The message of the server's reply to the question, with its finish reason."""
    messages = [{"role": "user", "content": str(message.content)} for message in question.messages]
    body: dict[str, Any] = {"model": "m", "messages": messages, "seed": question.seed}
    if with_schema:
        body["response_format"] = {"type": "json_schema", "json_schema": question.schema}
    answer = json.loads(replies.completion(chat_request.read(json.dumps(body).encode(), {}), fault))
    choice: dict[str, Any] = answer["choices"][0]
    return {**choice["message"], "finish_reason": choice["finish_reason"]}


def _verdict(question: VerdictQuestion, with_schema: bool = True) -> str:
    fields: dict[str, str] = json.loads(_reply(question, with_schema=with_schema)["content"])
    assert fields.keys() == question.schema["schema"]["properties"].keys()
    return fields["verdict"]


@pytest.mark.parametrize("with_schema", [True, False], ids=["schema", "no schema"])
@pytest.mark.parametrize("task", [_CLOSED, _OPEN], ids=["closed", "open"])
def test_it_finds_the_label_of_its_texts_whatever_the_order_of_the_options(task: Task, with_schema: bool) -> None:
    for number in range(40):
        row = _row(number, task)
        votes = {_verdict(_PROMPTS.question(row, vote), with_schema) for vote in (1, 2, 3)}
        assert votes == {row["label"]}


def test_short_texts_are_mistaken_at_times_and_other_texts_fit_no_label() -> None:
    rows = [_row(number, asked_words="less than 10") for number in range(200)]
    right = [_verdict(_PROMPTS.question(row, 1)) == row["label"] for row in rows]
    assert 0.6 < sum(right) / len(right) < 1
    assert _verdict(_PROMPTS.question({**_row(0), "input_text": "My parcel is late."}, 1)) == NONE_OF_THESE


@each_of(
    ("fault", "causes"),
    [
        ("broken_json", ("invalid_json", "schema_violation")),
        ("schema_violation", ("schema_violation",)),
        ("truncated", ("truncated",)),
        ("refusal", ("refused",)),
        ("content_filter", ("content_filtered",)),
    ],
)
def test_a_faulty_reply_is_no_verdict(fault: str, causes: tuple[str, ...]) -> None:
    reading = verdict_judge(FrameTable(pd.DataFrame([_row(0)])), {_CLOSED.task_id: _CLOSED})
    message = _reply(_PROMPTS.question(_row(0), 1), fault)
    fields = {name: message[name] for name in ("refusal", "finish_reason")}
    read = reading.read(completion(message["content"] or "", **fields))
    assert isinstance(read, Problem)
    assert read.cause in causes
