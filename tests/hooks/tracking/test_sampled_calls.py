"""Which calls are looked at, and with which messages."""

from collections.abc import Sequence

import pytest

from synthetic_textcat.hooks.tracking.sampled_calls import SampledCall, SampledCalls
from synthetic_textcat.llm.prompts import wire_form
from synthetic_textcat.schemas.completions import Completion
from tests.hooks.tracking.sampled import Plan
from tests.llm.builders import BAD, no_reply


def _ids(calls: Sequence[SampledCall]) -> set[str]:
    return {call.completion.request_id for call in calls}


def _taken(sample: SampledCalls, completions: Sequence[Completion], chunk: int = 7) -> list[SampledCall]:
    taken = []
    for start in range(0, len(completions), chunk):
        sample.note(completions[start : start + chunk])
        taken += sample.take()
    return taken


def test_the_sample_is_the_same_rows_in_whatever_order_they_come() -> None:
    plan = Plan(2000)
    completions = plan.completions()
    first = _ids(_taken(plan.sample(0.02), completions))

    assert 20 <= len(first) <= 60
    assert _ids(_taken(plan.sample(0.02), completions[::-1], chunk=500)) == first
    assert _ids(_taken(plan.sample(0.05), completions)) > first


@pytest.mark.parametrize(
    ("rows", "share", "fewest", "most"), [(20, 0.01, 1, 12), (4, 0.01, 4, 4), (900, 1.0, 120, 200)]
)
def test_a_small_run_has_some_and_a_large_one_not_too_many(rows: int, share: float, fewest: int, most: int) -> None:
    plan = Plan(rows)
    assert fewest <= len(_taken(plan.sample(share), plan.completions())) <= most


def test_rows_that_are_asked_again_and_again_do_not_go_beyond_the_most() -> None:
    plan = Plan(100)
    again = [completion for _ in range(3) for completion in plan.completions()]
    assert len(_taken(plan.sample(1.0), again)) == 200


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


def test_messages_without_the_recorded_hash_are_not_told() -> None:
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
    sample.let_go()
    assert not sample._parts
    sample.note(plan.completions())
    assert len(sample.take()) == 5
    assert sample.take() == []
