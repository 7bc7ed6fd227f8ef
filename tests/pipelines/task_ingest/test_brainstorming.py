"""Brainstormed tasks, next to tasks of the file: rounds, resuming, and messages about failures."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import BrainstormError, ConfusableFileError, FatalAnswerError, PromptError, TransportError
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.pipelines.task_ingest.brainstorm.nodes import ask_for_tasks, collect_tasks, plan_brainstorm
from synthetic_textcat.pipelines.task_ingest.confusable_file import read_confusable
from synthetic_textcat.schemas.parameters import GenerationParameters, TaskIngestParameters
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, TASKS_BY_CALL_ARROW_SCHEMA
from tests.llm.builders import BAD, write_journal
from tests.pipelines.task_ingest.brainstorms import (
    LABEL_PROMPT,
    LLM,
    PRICES,
    PROMPT,
    RETRY,
    Brainstorm,
    domain_in,
    found_in,
    plan,
    two_tasks,
)
from tests.support.chat_models import counted

_FAKE = "langchain_core.language_models.fake_chat_models.FakeListChatModel"
_SAID = json.dumps({"tasks": ["sort  reviews by tone", "Tell who wrote a letter.", "Find the broken part."]})


@pytest.fixture
def brainstorm(tmp_path: Path) -> Brainstorm:
    return Brainstorm(tmp_path)


def _numbers(lines: Sequence[object]) -> list[str]:
    return [str(getattr(line, "request_id", None)) for line in lines]


def test_nothing_is_asked_where_nothing_is_to_be_thought_of(brainstorm: Brainstorm) -> None:
    assert brainstorm.ask(plan(num_brainstormed=0)) == []
    tasks, by_call = brainstorm.collect(plan(["Sort a review."], num_brainstormed=0))
    assert list(tasks["task"]) == ["Sort a review."]
    assert list(by_call.columns) == TASKS_BY_CALL_ARROW_SCHEMA.names
    assert len(by_call) == 0


def test_rounds_go_on_until_there_are_enough_tasks_and_are_whole(brainstorm: Brainstorm) -> None:
    asked = plan(num_brainstormed=10)
    assert sorted(_numbers(brainstorm.ask(asked)), key=int) == [str(number) for number in range(8)]
    tasks = brainstorm.tasks(asked)
    assert len(set(tasks)) == 10
    assert brainstorm.ask(asked) == []
    by_call = brainstorm.collect(asked).tasks_by_call
    assert list(by_call["call_number"]) == list(range(8))
    assert [task for call in by_call["tasks"] for task in call][:10] == tasks
    assert set(by_call["num_replied"]) == {2}
    assert set(by_call["model_name"]) == {"scripted-1"}


def test_each_call_has_its_domain_and_sees_tasks_of_earlier_rounds_only(brainstorm: Brainstorm) -> None:
    asked = plan(num_brainstormed=24)
    brainstorm.ask(asked)
    by_call = brainstorm.collect(asked).tasks_by_call
    assert len(set(by_call["domain"])) == 12
    heard = {domain_in(messages): found_in(messages) for messages in brainstorm.model.heard}
    for number, domain in enumerate(by_call["domain"]):
        earlier = {task for call in by_call["tasks"][: number // 4 * 4] for task in call}
        assert len(heard[domain[-1]]) == min(6, len(earlier))
        assert set(heard[domain[-1]]) <= earlier


def test_prompts_and_tasks_are_no_matter_of_timing(tmp_path: Path) -> None:
    asked, prompts, tasks = plan(num_brainstormed=20), [], []
    for turn, delays in enumerate(([0.0] * 12, [0.05, 0.02, 0.0, 0.03] * 3)):
        (folder := tmp_path / str(turn)).mkdir()
        run = Brainstorm(folder)
        run.ask(asked, delay_s=delays.__getitem__, max_concurrency=4)
        prompts.append({line.fingerprint: line.prompt_sha256 for line in Journal(run.path)})
        tasks.append(run.tasks(asked))
    assert prompts[0] == prompts[1]
    assert tasks[0] == tasks[1]


def test_after_a_kill_only_what_is_missing_is_asked_and_the_tasks_are_the_same(tmp_path: Path) -> None:
    whole, killed, asked = Brainstorm(tmp_path), Brainstorm(tmp_path / "killed"), plan(num_brainstormed=20)
    killed.path.parent.mkdir()
    whole.ask(asked)
    lines = whole.path.read_bytes().splitlines(keepends=True)
    killed.path.write_bytes(b"".join(lines[:3] + lines[4:6]))
    assert len(killed.ask(asked)) == len(lines) - 5
    assert killed.tasks(asked) == whole.tasks(asked)


def test_more_tasks_later_keep_the_first_ones_and_ask_nothing_again(brainstorm: Brainstorm) -> None:
    few, many = plan(num_brainstormed=10), plan(num_brainstormed=20)
    brainstorm.ask(few)
    first = brainstorm.tasks(few)
    assert sorted(_numbers(brainstorm.ask(many)), key=int) == ["8", "9", "10", "11"]
    assert brainstorm.tasks(many)[:10] == first


def test_another_file_asks_nothing_again_and_its_tasks_do_not_count(brainstorm: Brainstorm) -> None:
    brainstorm.ask(plan(num_brainstormed=16))
    known = brainstorm.tasks(plan(num_brainstormed=16))[0].replace("notes", "the note")
    edited = plan([known], num_brainstormed=15)
    assert brainstorm.ask(edited) == []
    tasks = brainstorm.collect(edited).tasks
    assert list(tasks.columns) == TASKS_ARROW_SCHEMA.names
    assert list(tasks["source"]) == ["file"] + ["brainstorm"] * 15
    assert len(brainstorm.ask(plan([known], num_brainstormed=16))) == 4  # one is missing now


def test_another_seed_is_another_brainstorm(brainstorm: Brainstorm) -> None:
    brainstorm.ask(plan(seed=1))
    assert len(brainstorm.ask(plan(seed=2))) == 8


def test_a_model_that_repeats_itself_is_left_at_max_calls(
    brainstorm: Brainstorm, caplog: pytest.LogCaptureFixture
) -> None:
    asked = plan(num_brainstormed=10, max_calls=6)
    assert len(brainstorm.ask(asked, lambda *_: _SAID)) == 6
    tasks, by_call = brainstorm.collect(asked)
    assert list(tasks["task"]) == ["sort reviews by tone", "Tell who wrote a letter.", "Find the broken part."]
    assert [len(call) for call in by_call["tasks"]] == [3, 0, 0, 0, 0, 0]
    assert "3 of 10 distinct tasks in task_ingest.max_calls=6 calls" in caplog.text
    assert len(brainstorm.ask(plan(num_brainstormed=10, max_calls=7), lambda *_: _SAID)) == 1


def test_a_call_without_tasks_is_asked_again_then_reported_and_the_others_count(
    brainstorm: Brainstorm, caplog: pytest.LogCaptureFixture
) -> None:
    asked = plan(num_brainstormed=10)

    def stubborn(messages: Sequence[BaseMessage], number: int) -> str:
        return BAD if domain_in(messages) == first else two_tasks(messages, number)

    brainstorm.ask(asked)
    first = brainstorm.collect(asked).tasks_by_call["domain"][0][-1]
    brainstorm.path.unlink()
    with caplog.at_level(logging.WARNING):
        lines = brainstorm.ask(asked, stubborn)
        tasks, by_call = brainstorm.collect(asked)
    assert _numbers(lines).count("0") == 2 == asked.max_attempts
    assert len(tasks) == 10
    assert [None if pd.isna(cause) else cause for cause in by_call["failure_cause"]] == ["invalid_json"] + [None] * 7
    assert caplog.text.count("WARNING") == 1
    assert "of 8: invalid_json 1" in caplog.text


def test_no_task_at_all_is_an_error_with_the_causes(brainstorm: Brainstorm) -> None:
    asked = plan(max_calls=3)
    brainstorm.ask(asked, lambda *_: BAD)
    with pytest.raises(BrainstormError, match=r"no tasks \(invalid_json 3\)"):
        brainstorm.collect(asked)
    assert len(brainstorm.collect(plan(["Sort a review."], max_calls=3)).tasks) == 1


def test_a_server_that_fails_each_call_in_one_way_is_left_after_twenty(brainstorm: Brainstorm) -> None:
    with pytest.raises(
        FatalAnswerError, match="first 20 replies to calls for lists of tasks all failed as invalid_json"
    ):
        brainstorm.ask(plan(max_calls=100), lambda *_: BAD)
    assert 20 <= len(Journal(brainstorm.path)) <= 24


def test_a_call_without_a_reply_stops_it_and_the_same_command_goes_on(brainstorm: Brainstorm) -> None:
    def flaky(messages: Sequence[BaseMessage], number: int) -> str:
        if number == 5:
            raise TransportError("timeout", "too slow")
        return two_tasks(messages, number)

    asked = plan(num_brainstormed=20)
    assert len(brainstorm.ask(asked, flaky)) == 8
    with pytest.raises(BrainstormError, match=r"stopped early \((server_error|timeout).*run the same command again"):
        brainstorm.collect(asked)
    assert len(brainstorm.ask(asked)) == 5
    assert len(brainstorm.tasks(asked)) == 20


def test_a_cap_ends_it_well_at_the_last_whole_round(brainstorm: Brainstorm, caplog: pytest.LogCaptureFixture) -> None:
    def costly(messages: Sequence[BaseMessage], number: int) -> str | AIMessage:
        return counted(100, two_tasks(messages, number))(messages, number)

    asked = plan(num_brainstormed=20)
    made = brainstorm.ask(asked, costly, max_tokens_total=600, max_concurrency=1)
    assert len(made) == 6
    with caplog.at_level(logging.WARNING):
        assert len(brainstorm.tasks(asked)) == 8
    assert "A cap ended brainstorming at 8 of 20 tasks" in caplog.text
    assert len(brainstorm.ask(asked)) == 6
    assert len(brainstorm.tasks(asked)) == 20


def test_a_cap_before_the_first_whole_round_leaves_nothing(brainstorm: Brainstorm) -> None:
    with pytest.raises(BrainstormError, match="no round was answered in full"):
        brainstorm.collect(plan())


def test_proposed_label_sets_are_asked_once_a_task_and_close_it(brainstorm: Brainstorm) -> None:
    asked = plan(num_brainstormed=10, label_sets="propose")
    lines = brainstorm.ask(asked)
    assert sum(number.startswith("labels ") for number in _numbers(lines)) == 10
    tasks = brainstorm.collect(asked).tasks
    assert all([label["name"] for label in labels] == ["one", "two"] for labels in tasks["labels"])
    assert all(label["description"] for labels in tasks["labels"] for label in labels)
    assert brainstorm.ask(asked) == []
    assert len(brainstorm.ask(plan(num_brainstormed=12, label_sets="propose"))) == 2


def test_a_task_without_a_label_set_is_replaced_as_long_as_there_are_calls_and_reported(
    brainstorm: Brainstorm, caplog: pytest.LogCaptureFixture
) -> None:
    one_label = json.dumps({"labels": [{"name": "one", "description": "It is."}]})

    def lazy(messages: Sequence[BaseMessage], number: int) -> str:
        is_about_owners = "labels for: Sort" in str(messages[0].content)
        return one_label if is_about_owners else two_tasks(messages, number)

    asked = plan(num_brainstormed=10, label_sets="propose")
    brainstorm.ask(asked, lazy)
    with caplog.at_level(logging.WARNING):
        tasks = brainstorm.tasks(asked)
    assert len(tasks) == 10
    assert "Dropped 10 of 20 brainstormed tasks without a label set: schema_violation 10" in caplog.text
    assert brainstorm.ask(asked, lazy) == []

    few = plan(num_brainstormed=10, label_sets="propose", max_calls=6)
    with caplog.at_level(logging.WARNING):
        assert len(brainstorm.tasks(few)) == 6
    assert "12 tasks found, 6 got a label set, of 10 wanted. Next: see" in caplog.text
    assert "or raise task_ingest.max_calls=6" in caplog.text


@pytest.mark.parametrize("left_out", ["num_tasks", "domain", "found"])
def test_a_prompt_without_a_placeholder_is_refused_even_if_nothing_is_asked(left_out: str) -> None:
    text = " ".join(f"{{{name}}}" for name in ("num_tasks", "domain", "found") if name != left_out)
    with pytest.raises(PromptError, match=rf"brainstorm lacks the placeholder \{{{left_out}\}}"):
        _planned(ChatPromptTemplate([("user", text)]), LABEL_PROMPT)
    with pytest.raises(PromptError, match=r"label_set has the unknown placeholder \{taks\}; did you mean task\?"):
        _planned(PROMPT, ChatPromptTemplate([("user", "{taks}")]))


def _planned(prompt: ChatPromptTemplate, labels: ChatPromptTemplate, number: int = 0) -> object:
    settings = TaskIngestParameters(num_brainstormed=number, brainstorm_round=1)
    return plan_brainstorm([], ["a", "b"], prompt, labels, ChatModelSpec(_FAKE), LLM, settings, _GENERATION, 42)


_GENERATION = GenerationParameters(max_attempts=2)


def test_the_nodes_ask_again_what_was_bad_and_collect_what_is_new(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = TaskIngestParameters(num_brainstormed=2, brainstorm_round=1)
    spec = ChatModelSpec(_FAKE, {"responses": [BAD, _SAID]})
    asked = plan_brainstorm([], ["a", "b"], PROMPT, LABEL_PROMPT, spec, LLM, settings, _GENERATION, 42)
    journal = Journal(tmp_path / "absent")
    batches = ask_for_tasks(asked, journal, RETRY, spec, LLM, _GENERATION, PRICES, "run-1")
    lines = [line for batch in batches for line in batch]
    assert [(line.request_id, line.attempt, line.raw_text) for line in lines] == [("0", 1, BAD), ("0", 2, _SAID)]
    brainstorm = Brainstorm(tmp_path)
    unlabelled = read_confusable({"sort reviews by tone.": {"good": ["bad"]}})
    with pytest.raises(
        ConfusableFileError, match=r"entry 'sort reviews by tone\.': has confusable labels, but no label"
    ):
        collect_tasks([], asked, Journal(write_journal(brainstorm.path, lines)), {}, unlabelled)
    with caplog.at_level(logging.WARNING):
        tasks, _ = collect_tasks([], asked, Journal(brainstorm.path), {}, read_confusable({"Name a bird.": {}}))
    assert "confusable_file names tasks that do not exist: Name a bird." in caplog.text
    assert list(tasks["task"]) == ["sort reviews by tone", "Tell who wrote a letter."]
    assert all(len(labels) == 0 for labels in tasks["labels"])
