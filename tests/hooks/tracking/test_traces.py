"""Calls as traces in a real store: request, reply, tokens, cost, status; and no key.

Which calls are looked at, and with which messages.
"""

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from synthetic_textcat.hooks.tracking.run_log import RunLog
from synthetic_textcat.hooks.tracking.traces import SampledCall, SampledCalls, write_traces
from synthetic_textcat.llm.prompts.messages import wire_form
from synthetic_textcat.schemas.completions import Completion
from tests.hooks.tracking.sampled import Plan
from tests.llm.builders import BAD, no_reply
from tests.pipelines.quality_report.builders import COST

if TYPE_CHECKING:
    from mlflow import MlflowClient

Traced = Callable[..., list[Any]]


@pytest.fixture
def log(shared_client: "MlflowClient") -> RunLog:
    return RunLog(shared_client, "0", shared_client.create_run("0").info.run_id)


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
    assert span.attributes["cost_usd"] == pytest.approx(COST)  # MLflow's page shows its own figure in whole cents
    tags = {name: trace.info.tags[name] for name in ("request_id", "attempt", "status", "outcome")}
    assert tags == {"request_id": row, "attempt": "1", "status": "replied", "outcome": "usable"}


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
    assert "messages are unknown" in span.inputs["messages"][0]["content"]  # its hash is of no messages


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


def _ids(calls: Sequence[SampledCall]) -> set[str]:
    return {call.completion.request_id for call in calls}


def _taken(sample: SampledCalls, completions: Sequence[Completion], chunk: int = 7) -> list[SampledCall]:
    taken = []
    for start in range(0, len(completions), chunk):
        sample.note(completions[start : start + chunk])
        taken += sample.take()
    sample.release_plan()  # on a slow machine some come at the end only
    return taken + sample.take()


def test_the_sample_is_the_same_rows_in_whatever_order_they_come() -> None:
    plan = Plan(400)
    completions = plan.completions()
    first = _ids(_taken(plan.sample(0.1), completions))

    assert 20 <= len(first) <= 60
    assert _ids(_taken(plan.sample(0.1), completions[::-1], chunk=100)) == first
    assert _ids(_taken(plan.sample(0.25), completions, chunk=50)) > first


@pytest.mark.parametrize(
    ("rows", "share", "fewest", "most"), [(20, 0.01, 1, 12), (4, 0.01, 4, 4), (300, 1.0, 120, 200)]
)
def test_a_small_run_has_some_and_a_large_one_not_too_many(rows: int, share: float, fewest: int, most: int) -> None:
    plan = Plan(rows)
    assert fewest <= len(_taken(plan.sample(share), plan.completions(), chunk=50)) <= most


def test_rows_that_are_asked_again_and_again_do_not_go_beyond_the_most() -> None:
    plan = Plan(100)
    again = [completion for _ in range(3) for completion in plan.completions()]
    assert len(_taken(plan.sample(1.0), again, chunk=50)) == 200


def test_a_share_of_nothing_holds_and_picks_nothing() -> None:
    plan = Plan(10)
    sample = plan.sample(0.0)
    assert not sample._parts
    assert _taken(sample, plan.completions()) == []


def test_the_messages_are_those_that_were_sent() -> None:
    plan = Plan(5)
    (call, *_) = _taken(plan.sample(1.0, namespace="quote."), plan.completions())
    assert call.messages == wire_form(plan.messages(call.completion.request_id))
    assert call.problem is None


def test_a_second_attempt_shows_the_conversation_up_to_it() -> None:
    plan = Plan(5)
    (row, *_) = plan.requests["request_id"]
    attempts = [plan.completion(row, raw_text=BAD), plan.completion(row, BAD)]
    for chunk in (1, 2):
        first, second = _taken(plan.sample(1.0), attempts, chunk)
        assert first.problem is not None
        assert first.problem.cause == "invalid_json"
        assert second.messages is not None
        assert [message["role"] for message in second.messages] == ["user", "assistant", "user"]
        assert second.messages[1]["content"] == BAD
        assert "(invalid_json)" in str(second.messages[2]["content"])


def test_messages_without_the_recorded_hash_are_not_reported() -> None:
    plan = Plan(5)
    (row, *_) = plan.requests["request_id"]
    of_an_earlier_run = plan.completion(row, BAD)
    (call,) = _taken(plan.sample(1.0), [of_an_earlier_run])
    assert call.messages is None


def test_a_call_without_a_reply_is_in_it_and_adds_nothing_to_the_conversation() -> None:
    plan = Plan(5)
    (row, *_) = plan.requests["request_id"]
    failed = no_reply(request_id=row, prompt_sha256=plan.completion(row).prompt_sha256)
    lost, good = _taken(plan.sample(1.0), [failed, plan.completion(row)])
    assert lost.messages == good.messages is not None
    assert lost.problem is None


def test_when_the_calls_are_made_the_plan_is_let_go_and_what_was_picked_is_kept() -> None:
    plan = Plan(5)
    sample = plan.sample(1.0)
    sample.note(plan.completions())
    sample.release_plan()
    assert not sample._parts
    sample.note(plan.completions())
    assert len(sample.take()) == 5
    assert sample.take() == []


def test_rows_of_a_long_plan_are_looked_up_seldom_and_none_is_lost() -> None:
    plan = Plan(5)
    sample, seconds = plan.sample(1.0), count()
    sample._now = lambda: float(next(seconds))  # so that a search takes a second
    first, second, *rest = plan.completions()
    sample.note([first])
    assert len(sample.take()) == 1
    sample.note([second])
    assert [len(sample.take()) for _ in range(100)].index(1) in range(95, 100)
    sample.note(rest)
    assert sample.take() == []
    sample.release_plan()
    assert len(sample.take()) == len(rest)
