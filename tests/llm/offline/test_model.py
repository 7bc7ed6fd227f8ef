"""The chat model as the engine calls it."""

import asyncio
import json
import time
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from synthetic_textcat.errors import TransportError
from synthetic_textcat.llm.offline.model import OfflineTemplateModel
from synthetic_textcat.schemas.completions import label_set_schema, planned_row_schema, row_schema, task_list_schema
from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL
from tests.llm.offline.rehearsal import closed_tasks, plan_of, prompt_of, tasks
from tests.support.each_case import each_of

TASK = closed_tasks()[0]


def body(schema: dict[str, Any] | None, seed: int | None = 1) -> dict[str, Any]:
    if schema is None:
        return {"response_format": {"type": "json_object"}}
    return {"response_format": {"type": "json_schema", "json_schema": schema}, "seed": seed}


def ask(messages: list[BaseMessage], extra_body: dict[str, Any] | None, **settings: Any) -> AIMessage:
    model = OfflineTemplateModel(**settings)
    return asyncio.run(model.ainvoke(messages, extra_body=extra_body))


def row(message: AIMessage) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(str(message.content))
    return parsed


def test_it_is_called_as_chat_openai_is() -> None:
    planned = plan_of(TASK, 3)
    messages: list[BaseMessage] = [SystemMessage("You write data."), HumanMessage(prompt_of(TASK, planned))]
    answer = ask(messages, body(row_schema(TASK.label_names)), temperature=1.0, top_p=1.0, max_tokens=100)
    assert (row(answer)["label"], row(answer)["misleading_label"]) == (planned["label"], planned["misleading_label"])
    assert answer.response_metadata == {"model_name": OFFLINE_MODEL, "finish_reason": "stop"}
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] == -(-len(str(answer.content)) // 4)
    assert OFFLINE_MODEL in BANNER
    model = OfflineTemplateModel()
    same = model.invoke(messages, extra_body=body(row_schema(TASK.label_names)))
    assert row(same) == row(answer)
    fixed = planned_row_schema(str(planned["label"]), str(planned["misleading_label"]))
    assert row(ask(messages, body(fixed))) == row(answer)
    assert model._llm_type == model.model == OFFLINE_MODEL
    assert model._identifying_params == {"model": OFFLINE_MODEL, "defects": {}}


def test_a_retry_reads_the_first_messages_and_keeps_its_defect() -> None:
    asked = HumanMessage(prompt_of(TASK, plan_of(TASK, 3)))
    retry: list[BaseMessage] = [asked, AIMessage("oops"), HumanMessage('Not "Culture", wrong label "Sport".')]
    wanted = body(row_schema(TASK.label_names))
    assert row(ask(retry, wanted)) == row(ask([asked], wanted))
    refused = ask(retry, wanted, defects={"refused": 1.0})
    assert refused.content == ""
    assert refused.additional_kwargs["refusal"]
    with pytest.raises(TransportError):
        ask(retry, wanted, defects={"rate_limited": 1.0})


@each_of("task", closed_tasks())
def test_without_a_schema_the_labels_are_those_that_the_prompt_names(task: Any) -> None:
    planned = plan_of(task, 5)
    answer = row(ask([HumanMessage(prompt_of(task, planned))], body(None)))
    assert (answer["label"], answer["misleading_label"]) == (planned["label"], planned["misleading_label"])


def test_without_a_seed_the_prompt_seeds() -> None:
    texts = [
        row(ask([HumanMessage(prompt_of(TASK, plan_of(TASK, number)))], None))["input_text"] for number in (1, 2, 1)
    ]
    assert texts[0] == texts[2] != texts[1]


def test_an_open_task_gets_labels_of_its_own() -> None:
    task = next(task for task in tasks() if not task.labels)
    answer = row(ask([HumanMessage(prompt_of(task, plan_of(task, 1)))], body(row_schema(()))))
    assert answer["label"] != answer["misleading_label"]
    assert "placeholder" not in answer["input_text"].casefold()


def test_an_unknown_task_gets_a_text_that_says_so() -> None:
    closed = [HumanMessage('Sort hats.\n- Top: a\n- Low: b\nLabel "Low", misleading label "Top", at least 50 words.')]
    for wanted in (body(row_schema(("Top", "Low"))), body(None)):
        answer = row(ask([*closed], wanted))
        assert (answer["label"], answer["misleading_label"]) == ("Low", "Top")
        assert "placeholder" in answer["input_text"]
        assert 50 <= len(answer["input_text"].split()) < 100
    opened = row(ask([HumanMessage("Sort hats, at least 100 words.")], body(row_schema(()))))
    assert opened["label"].startswith("placeholder")
    assert opened["label"] != opened["misleading_label"]


def test_labels_of_the_users_own_get_a_placeholder_even_for_a_known_task() -> None:
    answer = row(ask([HumanMessage(f'{TASK.task} Label "Chess", decoy "Go".')], body(row_schema(("Chess", "Go")))))
    assert (answer["label"], answer["misleading_label"]) == ("Chess", "Go")


@pytest.mark.parametrize("schema", [task_list_schema(), None])
def test_brainstorming_gives_tasks(schema: dict[str, Any] | None) -> None:
    answer = row(
        ask([HumanMessage("List 20 useful text classification tasks.")], body(schema), defects={"refused": 1.0})
    )
    assert len(set(answer["tasks"])) == 20


@pytest.mark.parametrize("schema", [label_set_schema(), None])
def test_a_task_gets_its_label_set(schema: dict[str, Any] | None) -> None:
    prompt = "Propose the labels of: Find the season of the year in which a fishing report plays."
    answer = row(ask([HumanMessage(prompt)], body(schema)))
    assert "autumn" in [label["name"] for label in answer["labels"]]


def test_a_call_is_cheap() -> None:
    model = OfflineTemplateModel()
    prompts = [[HumanMessage(prompt_of(TASK, plan_of(TASK, number)))] for number in range(40)]

    async def all_of_them() -> None:
        for prompt in prompts:
            await model.ainvoke(prompt, extra_body=body(row_schema(TASK.label_names)))

    asyncio.run(all_of_them())  # loads the grammar
    start = time.process_time()
    asyncio.run(all_of_them())
    # Ten times what it takes on a laptop: a guard against a thread or a file read per call, not a benchmark.
    assert (time.process_time() - start) / len(prompts) < 0.006
