"""Tasks that a model thinks of, beside those of the file."""

import json
import logging
from pathlib import Path

import pandas as pd
import pytest
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import BrainstormError, PromptError, TasksFileError
from synthetic_textcat.llm.calls import Call
from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.spec import ChatModelSpec
from synthetic_textcat.pipelines.task_ingest.nodes import (
    ask_for_tasks,
    collect_tasks,
    plan_brainstorm,
    read_tasks_file,
)
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters, TaskIngestParameters
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA
from tests.llm.builders import BAD, completion, write_journal

_FILE = [{"task": "Sort a review.", "labels": ["good", "bad"]}]
_SAID = json.dumps({"tasks": ["sort a review", "Tell the tone.", "Name the topic.", "Find the genre."]})
_PROMPT = ChatPromptTemplate([("user", "Think of {num_tasks} tasks.")])
_RETRY = ChatPromptTemplate([("user", "{problem}")])
_FAKE = "langchain_core.language_models.fake_chat_models.FakeListChatModel"
_LLM = LlmParameters(model="m", temperature=None, top_p=None)  # which the fake lacks
_PRICES = {"as_of": "2026-01-01", "usd_per_million_tokens": {}}


def _spec(*responses: str) -> ChatModelSpec:
    return ChatModelSpec(_FAKE, {"responses": list(responses)})


def _calls(number: int, seed: int = 42) -> list[Call]:
    return plan_brainstorm([], _PROMPT, _spec(_SAID), _LLM, TaskIngestParameters(num_brainstormed=number), seed)


def _ask(number: int, journal: Journal, *responses: str) -> list[Completion]:
    generation = GenerationParameters(max_attempts=2)
    batches = ask_for_tasks(_calls(number), journal, _RETRY, _spec(*responses), _LLM, generation, _PRICES, "run-1")
    return [line for batch in batches for line in batch]


def _collect(number: int, journal: Journal, file: object = None) -> pd.DataFrame:
    content = _FILE if file is None else file
    return collect_tasks(
        read_tasks_file(content), _calls(number), journal, TaskIngestParameters(num_brainstormed=number)
    )


def test_nothing_is_asked_where_nothing_is_to_be_thought_of(tmp_path: Path) -> None:
    assert _calls(0) == []
    assert _ask(0, Journal(tmp_path / "absent"), _SAID) == []


def test_another_seed_or_number_is_another_call() -> None:
    fingerprints = {_calls(number, seed)[0].fingerprint for number, seed in ((2, 42), (3, 42), (2, 43))}
    assert len(fingerprints) == 3
    assert _calls(2)[0].fingerprint in fingerprints


def test_a_prompt_without_its_number_is_refused_even_if_nothing_is_asked() -> None:
    prompt = ChatPromptTemplate([("user", "Think of tasks.")])
    with pytest.raises(PromptError, match=r"brainstorm lacks the placeholder \{num_tasks\}"):
        plan_brainstorm([], prompt, _spec(_SAID), _LLM, TaskIngestParameters(), 42)


def test_a_bad_list_is_asked_again_and_a_good_one_never(tmp_path: Path) -> None:
    lines = _ask(2, Journal(tmp_path / "absent"), BAD, _SAID)
    assert [(line.attempt, line.raw_text) for line in lines] == [(1, BAD), (2, _SAID)]
    assert _ask(2, Journal(write_journal(tmp_path / "j.jsonl", lines)), BAD) == []


def test_the_models_new_tasks_stand_after_the_files_with_their_writer(tmp_path: Path) -> None:
    line = completion(_SAID, fingerprint=_calls(2)[0].fingerprint)
    tasks = _collect(2, Journal(write_journal(tmp_path / "j.jsonl", [line])))
    assert list(tasks.columns) == TASKS_ARROW_SCHEMA.names
    assert list(tasks["task"]) == ["Sort a review.", "Tell the tone.", "Name the topic."]
    assert list(tasks["source"]) == ["file", "brainstorm", "brainstorm"]
    assert [None if pd.isna(name) else name for name in tasks["model_name"]] == [None, "model-1", "model-1"]
    assert list(tasks["labels"])[1:] == [[], []]


def test_too_few_tasks_are_told_and_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    line = completion(_SAID, fingerprint=_calls(9)[0].fingerprint)
    with caplog.at_level(logging.WARNING):
        tasks = _collect(9, Journal(write_journal(tmp_path / "j.jsonl", [line])))
    assert len(tasks) == 4
    assert "Brainstorming brought 3 of 9 tasks" in caplog.text


def test_a_failed_brainstorm_ends_the_run_for_without_its_tasks_the_plan_would_be_another(tmp_path: Path) -> None:
    line = completion(BAD, fingerprint=_calls(2)[0].fingerprint)
    with pytest.raises(BrainstormError, match="invalid_json"):
        _collect(2, Journal(write_journal(tmp_path / "j.jsonl", [line])))
    with pytest.raises(BrainstormError, match="no reply"):
        _collect(2, Journal(tmp_path / "absent"))


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TasksFileError, match="is empty"):
        _collect(0, Journal(tmp_path / "absent"), file=[])
