"""From plan and prompts to calls, and from the journal to candidates and failed rows; no model is asked here."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import PromptError
from synthetic_textcat.hooks.catalog_inputs import RowCheckByPrompts
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.prompts.messages import wire_form
from synthetic_textcat.llm.prompts.row_prompts import RowPrompts
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.pipelines.generation.nodes import (
    find_earlier_replies,
    find_open_rows,
    generate,
    list_calls,
    prepare_prompts,
    settle_rows,
)
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    GenerationParameters,
    LlmParameters,
    QualityReportParameters,
)
from synthetic_textcat.schemas.rows import CALLS, CANDIDATES, FAILED, records_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table, write_rows
from tests.llm.builders import BAD, completion, no_batches, no_reply, write_journal
from tests.pipelines.generation.builders import CLOSED, OPEN, templates
from tests.support.chat_models import GOOD
from tests.support.each_case import each_of

_CLOSED = Task.model_validate(
    {"task": "Sort {a} review.", "labels": [{"name": 'so "so"', "description": "{x}"}, {"name": "Straße"}]}
)
_OPEN = Task(task="Name the topic.")
_TASKS = pd.DataFrame([_CLOSED.to_row("file"), _OPEN.to_row("file")])
_RETRY = ChatPromptTemplate([("user", "{problem}")])
_FAKE = ChatModelSpec("langchain_core.language_models.fake_chat_models.FakeListChatModel", {"responses": [GOOD]})
_LLM = LlmParameters(model="m", temperature=None, top_p=None)  # which the fake lacks
_ROW_CHECK = RowCheckByPrompts(QualityReportParameters(), tuple)
_PRICES = {"as_of": "2026-01-01", "usd_per_million_tokens": {}}


@cache
def _plan(rows: int = 6) -> pd.DataFrame:
    return plan_requests(_TASKS, AttributeSamplingParameters(num_examples=rows), 42).to_pandas()


def _prompts(plan: pd.DataFrame, closed: str = CLOSED, opened: str = OPEN) -> RowPrompts:
    return prepare_prompts(as_table(plan), _TASKS, *templates(closed, opened), AttributeSamplingParameters())


def _calls(plan: pd.DataFrame, **settings: Any) -> pd.DataFrame:
    llm = LlmParameters.model_validate({**_LLM.model_dump(), **settings})
    return list_calls(as_table(plan), _prompts(plan), _FAKE, llm).to_pandas()


def _generate(
    plan: pd.DataFrame,
    calls: pd.DataFrame,
    journal: Journal,
    max_attempts: int = 3,
    stops: dict[str, Any] | None = None,
    llm: LlmParameters = _LLM,
) -> list[Completion]:
    generation = GenerationParameters(max_concurrency=2, max_attempts=max_attempts)
    tables = as_table(plan), as_table(calls)
    still_open = find_open_rows(*tables, journal, generation, "run-1", no_batches())
    earlier = find_earlier_replies(*tables, journal, _TASKS, _ROW_CHECK)
    none_yet = Journal(Path("absent.jsonl"))
    asked = (as_table(plan), _TASKS, _prompts(plan), still_open, earlier, _RETRY)
    none_sent = no_batches()
    batches = generate(*asked, _FAKE, llm, generation, _PRICES, none_yet, "run-1", _ROW_CHECK, stops or {}, none_sent)
    return [line for batch in batches for line in batch]


def test_a_closed_row_is_asked_with_its_labels_quoted_and_braces_are_text() -> None:
    plan = _plan(1).assign(task_id=_CLOSED.task_id, label='so "so"', misleading_label="Straße", language="German")
    (asked,) = _prompts(plan).rendered(plan)
    (message,) = wire_form(asked.messages)
    content = str(message["content"])
    assert content.startswith('Sort {a} review.|- so "so": {x}\n- Straße|"so \\"so\\""|"Straße"|German|')


def test_rows_of_a_task_share_one_schema_with_its_label_set() -> None:
    plan = _plan()
    schemas: dict[str, list[dict[str, Any]]] = {task_id: [] for task_id in (_CLOSED.task_id, _OPEN.task_id)}
    for asked in _prompts(plan).rendered(plan):
        schemas[asked.row["task_id"]].append(asked.schema)
    closed, opened = schemas.values()
    assert closed[0]["schema"]["properties"]["label"]["enum"] == ['so "so"', "Straße"]
    assert all(schema is closed[0] for schema in closed)
    assert "enum" not in opened[0]["schema"]["properties"]["label"]


def test_a_schema_may_allow_the_planned_labels_only(tmp_path: Path) -> None:
    plan = _plan()
    planned = LlmParameters.model_validate({**_LLM.model_dump(), "labels_in_schema": "planned"})
    for asked, usual in zip(
        _prompts(plan).rendered(plan, planned_labels=True), _prompts(plan).rendered(plan), strict=True
    ):
        if asked.row["label"] is None:
            assert asked.schema == usual.schema
            continue
        fields = asked.schema["schema"]["properties"]
        assert list(fields) == asked.schema["schema"]["required"] == ["label", "misleading_label", "input_text"]
        assert [fields[name]["const"] for name in ("label", "misleading_label")] == [
            asked.row["label"],
            asked.row["misleading_label"],
        ]
    calls = _calls(plan, labels_in_schema="planned")
    lines = _generate(plan, calls, Journal(tmp_path / "absent.jsonl"), llm=planned)
    assert {line.fingerprint for line in lines} == set(calls["fingerprint"])
    closed = plan["label"].notna()
    moved = calls["fingerprint"] != _calls(plan)["fingerprint"]
    assert list(moved) == list(closed)  # rows of open label sets are asked as before
    for mode in ("json_object", "none"):  # the server is given no schema
        unmoved = _calls(plan, structured_output=mode, labels_in_schema="planned")
        pd.testing.assert_frame_equal(unmoved, _calls(plan, structured_output=mode))


@each_of(
    ("closed", "opened", "says"),
    [
        (CLOSED + "{colour}", OPEN, r"closed_labels has the unknown placeholder \{colour\}"),
        (CLOSED.replace("{label}", ""), OPEN, r"closed_labels lacks the placeholder \{label\}"),
        (CLOSED.replace("{num_words}", ""), OPEN, r"closed_labels lacks the placeholder \{num_words\}"),
        (CLOSED, OPEN.replace("{language}", ""), r"open_labels lacks the placeholder \{language\}"),
        (CLOSED, OPEN + "{label}", r"open_labels has the unknown placeholder \{label\}"),
    ],
)
def test_a_prompt_that_can_not_be_filled_is_reported_before_any_call(closed: str, opened: str, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        _prompts(_plan(), closed, opened)


def test_every_planned_row_has_a_call_of_its_own_in_plan_order() -> None:
    plan = _plan(40)
    calls = _calls(plan)
    assert list(calls.columns) == list(CALLS)
    assert list(calls["request_id"]) == list(plan["request_id"])
    assert calls["fingerprint"].is_unique


def test_more_rows_keep_the_calls_of_the_first_and_another_model_keeps_none() -> None:
    calls = _calls(_plan(6))
    pd.testing.assert_frame_equal(_calls(_plan(12)).head(6), calls)
    assert set(_calls(_plan(6), model="n")["fingerprint"]).isdisjoint(calls["fingerprint"])


def test_only_what_the_journal_does_not_answer_is_asked(tmp_path: Path) -> None:
    plan = _plan()
    calls = _calls(plan)
    first = _generate(plan, calls, Journal(tmp_path / "absent.jsonl"))
    assert {line.request_id for line in first} == set(plan["request_id"])
    path = write_journal(tmp_path / "journal.jsonl", first)
    assert _generate(plan, calls, Journal(path)) == []
    write_journal(path, first[2:])
    assert {line.request_id for line in _generate(plan, calls, Journal(path))} == {x.request_id for x in first[:2]}


def test_each_row_is_a_candidate_or_failed_or_not_run(tmp_path: Path) -> None:
    plan = _plan(5)
    calls = _calls(plan)
    names = list(calls.itertuples(index=False, name=None))
    own = [{"request_id": request_id, "fingerprint": fingerprint} for request_id, fingerprint in names]
    lines = [
        completion(**own[0]),
        completion(BAD, **own[1]),
        completion(BAD, attempt=2, **own[1]),
        no_reply("server_error", **own[2]),
        completion(BAD, **own[3]),
        completion(attempt=2, **own[3]),
    ]
    settled = settle_rows(as_table(plan), as_table(calls), Journal(write_journal(tmp_path / "j.jsonl", lines)))
    assert {str(x): str(kind) for x, kind in settled.candidates.to_pandas().dtypes.items()} == CANDIDATES
    assert {str(x): str(kind) for x, kind in settled.failed.to_pandas().dtypes.items()} == FAILED
    assert list(settled.candidates["request_id"]) == [names[0][0], names[3][0]]
    ends = [
        (row["request_id"], row["failure_cause"], row["attempts"]) for row in records_of(settled.failed.to_pandas())
    ]
    assert ends == [(names[1][0], "invalid_json", 2), (names[2][0], "server_error", 1)]
    planned = plan.set_index("request_id")
    for row in records_of(settled.candidates.to_pandas()):
        assert row["language"] == planned.loc[row["request_id"], "language"]
        assert (row["input_text"], row["model_name"]) == ("a text", "model-1")


def test_a_row_of_a_journal_is_what_follows_the_thoughts_and_its_detail_says_so(tmp_path: Path) -> None:
    plan = _plan(2)
    calls = _calls(plan)
    own = [dict(zip(("request_id", "fingerprint"), names, strict=True)) for names in calls.itertuples(index=False)]
    draft = GOOD.replace("a text", "a draft")
    lines = [completion(f"<think>Perhaps {draft}?</think>\n{GOOD}", **own[0]), completion(**own[1])]
    settled = settle_rows(as_table(plan), as_table(calls), Journal(write_journal(tmp_path / "j.jsonl", lines)))
    assert list(settled.candidates["input_text"]) == ["a text", "a text"]
    first, second = settled.candidates["detail"]
    assert first == "read from the object behind the thoughts, which hold a draft"
    assert pd.isna(second)


def test_without_a_journal_both_tables_are_empty_with_all_columns(tmp_path: Path) -> None:
    settled = settle_rows(as_table(_plan()), as_table(_calls(_plan())), Journal(tmp_path / "absent.jsonl"))
    assert {str(x): str(kind) for x, kind in settled.candidates.to_pandas().dtypes.items()} == CANDIDATES
    assert {str(x): str(kind) for x, kind in settled.failed.to_pandas().dtypes.items()} == FAILED
    assert (len(settled.candidates), len(settled.failed), len(settled.paid_calls)) == (0, 0, 0)


@pytest.mark.parametrize(
    "changes", [{"refusal": "no \ud83d"}, {"model_name": "m \ud83d"}, {"status": "timeout", "error": "\ud83d"}]
)
def test_a_lone_surrogate_outside_the_text_costs_no_other_row(changes: dict[str, Any], tmp_path: Path) -> None:
    plan = _plan(1)
    calls = _calls(plan)
    line = completion(request_id=calls["request_id"][0], fingerprint=calls["fingerprint"][0], **changes)
    settled = settle_rows(as_table(plan), as_table(calls), Journal(write_journal(tmp_path / "j.jsonl", [line])))
    for table in settled:
        write_rows(tmp_path / "table.parquet", table)
    assert len(settled.candidates) + len(settled.failed) == 1


def test_no_control_character_of_a_reply_gets_into_a_table(tmp_path: Path) -> None:
    plan = _plan(1)
    calls = _calls(plan)
    reply = {"input_text": "f\x00fcr\tmich\n", "label": "A\x07", "misleading_label": "\x1b[31mB"}
    own = {"request_id": calls["request_id"][0], "fingerprint": calls["fingerprint"][0], "model_name": "m\x00"}
    for text in (json.dumps(reply), f"```json\n{json.dumps(reply)}\n```"):
        settled = settle_rows(
            as_table(plan), as_table(calls), Journal(write_journal(tmp_path / "j.jsonl", [completion(text, **own)]))
        )
        (row,) = records_of(settled.candidates[["input_text", "label", "misleading_label", "model_name"]])
        assert list(row.values()) == ["f\\u0000fcr\tmich\n", "A\\u0007", "\\u001b[31mB", "m\\u0000"]
