"""Calls as traces in a real store: request, reply, tokens, cost, status; and no key."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synthetic_textcat.hooks.tracking.run_log import RunLog
from synthetic_textcat.hooks.tracking.traces import write_traces
from tests.hooks.tracking.project import MlflowClient, make_project
from tests.hooks.tracking.sampled import Plan
from tests.llm.builders import BAD, no_reply
from tests.pipelines.quality_report.builders import COST

Traced = Callable[..., list[Any]]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunLog:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    client: MlflowClient = make_project(tmp_path / "project").client()
    return RunLog(client, "0", client.create_run("0").info.run_id)


@pytest.fixture
def traced(log: RunLog) -> Traced:
    """Writes these completions of a plan, and finds the run's traces, the newest first."""

    def write(plan: Plan, *completions: Any) -> list[Any]:
        sample = plan.sample(1.0)
        sample.note(completions)
        write_traces(log, sample.take())
        found = log.client.search_traces(locations=["0"], filter_string=f"attributes.run_id = '{log.run_id}'")
        return list(found)

    return write


def test_a_trace_holds_the_call(traced: Traced) -> None:
    plan = Plan(3)
    (row, *_) = plan.requests["request_id"]
    good = plan.completion(row)
    (trace,) = traced(plan, good)

    (span,) = trace.data.spans
    assert span.inputs["messages"] == [{"role": "user", "content": f"~~~\n{plan.messages(row)[0].content}\n~~~"}]
    assert span.outputs["choices"][0]["message"] == {"role": "assistant", "content": f"~~~\n{good.raw_text}\n~~~"}
    assert trace.info.state == "OK"
    assert trace.info.execution_duration == 250
    assert (span.end_time_ns - span.start_time_ns) == 250_000_000
    assert span.end_time_ns == 1_767_225_600 * 10**9  # when the call ended, not when it was written
    assert trace.info.token_usage["input_tokens"] == 10
    assert trace.info.token_usage["output_tokens"] == 5
    assert trace.info.cost["total_cost"] == pytest.approx(COST)
    told = {name: trace.info.tags[name] for name in ("request_id", "attempt", "status", "outcome")}
    assert told == {"request_id": row, "attempt": "1", "status": "replied", "outcome": "usable"}


def test_what_went_wrong_is_the_state_and_the_cause(traced: Traced) -> None:
    plan = Plan(3)
    bad, lost, _ = plan.requests["request_id"]
    traces = traced(plan, plan.completion(bad, raw_text=BAD), no_reply("timeout", request_id=lost))

    by_row = {trace.info.tags["request_id"]: trace for trace in traces}
    assert {trace.info.state for trace in traces} == {"ERROR"}
    assert by_row[bad].info.tags["outcome"] == "invalid_json"
    assert by_row[lost].info.tags["outcome"] == "timeout"
    (span,) = by_row[lost].data.spans
    assert span.status.description == "timeout"
    assert span.outputs == {"error": "~~~\nit failed\n~~~"}
    assert "can't be told" in span.inputs["messages"][0]["content"]  # its hash is of no messages


def test_an_unknown_price_stays_unknown(traced: Traced) -> None:
    plan = Plan(3)
    (row, *_) = plan.requests["request_id"]
    (trace,) = traced(plan, plan.completion(row, model_name="gpt-4o"))  # MLflow knows one, the project does not

    assert trace.info.cost is None
    assert trace.data.spans[0].attributes["model_name"] == "gpt-4o"


def test_no_text_of_the_models_is_markdown(traced: Traced) -> None:
    plan = Plan(3)
    (row, *_) = plan.requests["request_id"]
    evil = "~~~\n![x](http://evil.example/x.png)\n~~~~\n![x](http://evil.example/x.png)"
    (trace,) = traced(plan, plan.completion(row, raw_text=evil))
    (choice,) = trace.data.spans[0].outputs["choices"]
    assert choice["message"]["content"] == f"~~~~~\n{evil}\n~~~~~"


def test_no_key_and_no_endless_reply_gets_into_a_trace(traced: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-real-one")
    plan = Plan(3)
    (row, *_) = plan.requests["request_id"]
    (trace,) = traced(plan, plan.completion(row, raw_text="sk-a-real-one" + "x" * 50_000, refusal="sk-a-real-one"))

    text = trace.to_json()
    assert "sk-a-real-one" not in text
    assert "***" in text
    assert len(text) < 30_000


def test_nothing_is_written_of_nothing() -> None:
    write_traces(RunLog(None, "0", "run"), [])  # type: ignore[arg-type]
