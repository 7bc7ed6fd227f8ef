"""The fault server on texts with several labels: rows with the planned labels, and verdicts on each label."""

import json
from collections import Counter
from typing import Any

import pytest
from langchain_core.prompts import PromptTemplate

from benchmarks.fault_server import chat_request, replies
from synthetic_textcat.llm.prompts.row_prompts import RenderedRow, RowPrompts, RowTemplates
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from tests.llm.offline.judging import template, verdict_prompts
from tests.support.several_labels import several_labels_tasks
from tests.support.task_tables import task_table

_TASKS = several_labels_tasks()[:2]


def _asked(planned_labels: bool = False) -> list[RenderedRow]:
    sampling = AttributeSamplingParameters(num_examples=80, language=["English"])
    requests = plan_requests(task_table(_TASKS), sampling, seed=42).to_pandas()
    closed, of_open, several = map(template, ("closed_labels", "open_labels", "several_labels"))
    templates = RowTemplates(closed, of_open, PromptTemplate.from_template("{seed_examples}"), several)
    return list(RowPrompts(requests, _TASKS, templates, 0).rendered(requests, planned_labels))


def _reply(messages: Any, seed: int, schema: dict[str, Any] | None) -> dict[str, Any]:
    body: dict[str, Any] = {"model": "m", "seed": seed}
    body["messages"] = [{"role": "user", "content": str(message.content)} for message in messages]
    if schema:
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    answer = json.loads(replies.completion(chat_request.read(json.dumps(body).encode(), {}), None))
    fields: dict[str, Any] = json.loads(answer["choices"][0]["message"]["content"])
    return fields


@pytest.mark.parametrize("form", ["set", "planned", "none"])
def test_a_row_has_the_planned_labels_whatever_the_schema(form: str) -> None:
    for asked in _asked(planned_labels=form == "planned"):
        row = _reply(asked.messages, asked.seed, None if form == "none" else asked.schema)
        assert tuple(row["labels"]) == tuple(asked.row["labels"])
        assert row["misleading_label"] == asked.row["misleading_label"]


def test_the_judge_finds_most_label_sets_again() -> None:
    prompts, right = verdict_prompts(_TASKS), Counter[bool]()
    for asked in _asked():
        text = _reply(asked.messages, asked.seed, asked.schema)["input_text"]
        question = prompts.question({**asked.row, "label": "", "input_text": text}, 1)
        answers = _reply(question.messages, question.seed, question.schema)["answers"]
        assert [answer["label"] for answer in answers] == list(question.options)
        found = {answer["label"] for answer in answers if answer["fits"] == "yes"}
        right[found == {*asked.row["labels"]}] += 1
    assert right[True] > 0.8 * right.total()
