"""Calls go out evenly, and stay under the limits."""

import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from synthetic_textcat.errors import FatalAnswerError, TransportError
from tests.llm.builders import call
from tests.llm.running import run
from tests.support.chat_models import GOOD, Script, ScriptedChatModel, counted


def _timed(script: Script) -> tuple[ScriptedChatModel, list[float]]:
    begun: list[float] = []

    def timed(messages: Sequence[BaseMessage], number: int) -> str | AIMessage:
        begun.append(time.monotonic())
        return script(messages, number)

    return ScriptedChatModel(script=timed), begun


def _always(_messages: Sequence[BaseMessage], _number: int) -> str:
    return GOOD


@pytest.mark.whole_run  # it waits for seconds
def test_requests_go_out_one_by_one_at_the_limits_pace() -> None:
    model, begun = _timed(_always)
    run(model, [call(f"r{place}") for place in range(16)], max_concurrency=8, requests_per_minute=600)
    gaps = [later - earlier for earlier, later in pairwise(begun)]
    assert sum(gap < 0.05 for gap in gaps) <= 2  # no burst, but for what a busy machine lets wait
    assert 1.5 <= begun[-1] - begun[0] < 10


def test_tokens_are_spread_over_the_minute_by_what_calls_really_take() -> None:
    model, begun = _timed(counted(tokens=100))
    run(model, [call(f"r{place}") for place in range(16)], max_concurrency=8, tokens_per_minute=60_000)
    # 1,000 tokens a second, of which a second's worth may go at once: 15 calls after the first are 0.5 s at least.
    assert begun[-1] - begun[0] >= 0.45
    model, begun = _timed(counted(tokens=100))
    run(model, [call(f"r{place}") for place in range(16)], max_concurrency=8, tokens_per_minute=600_000)
    assert begun[-1] - begun[0] < 5  # ten times the limit, a tenth of the time, and a busy machine


@pytest.mark.whole_run  # it waits for seconds
def test_a_server_that_counts_no_tokens_is_paced_by_the_length_of_texts() -> None:
    model, begun = _timed(lambda _messages, _number: GOOD + " " * 4000)
    run(model, [call(f"r{place}") for place in range(3)], max_concurrency=3, tokens_per_minute=60_000)
    assert begun[-1] - begun[0] > 1


def test_who_waits_for_a_turn_does_not_hold_up_the_end() -> None:
    def quota(_messages: Sequence[BaseMessage], number: int) -> str:
        if number == 1:
            raise FatalAnswerError("The account's quota is used up")
        return GOOD

    began = time.monotonic()
    with pytest.raises(FatalAnswerError):
        run(
            ScriptedChatModel(script=quota),
            [call(f"r{n}") for n in range(9)],
            max_concurrency=9,
            requests_per_minute=60,
        )
    assert time.monotonic() - began < 6  # in line they would wait for nine seconds


def test_before_the_first_count_a_call_is_taken_to_need_what_its_prompt_and_a_usual_reply_do() -> None:
    def slow_down(messages: Sequence[BaseMessage], number: int) -> str | AIMessage:
        if number == 0:
            raise TransportError("rate_limited", "slow down")
        return counted(tokens=300)(messages, number)

    model, begun = _timed(slow_down)
    run(model, [call(f"r{place}") for place in range(8)], max_concurrency=8, tokens_per_minute=60_000)
    assert begun[-1] - begun[0] > 0.9  # 7 x 300 tokens at 1,000 a second, a second's worth at once


@pytest.mark.whole_run  # it waits for seconds
def test_a_bad_reply_after_the_end_waits_for_no_turn() -> None:
    began = time.monotonic()
    bad = counted(tokens=900, text="I would rather not.")
    run(
        ScriptedChatModel(script=bad, delay_s=0.2),
        [call(f"r{n}") for n in range(4)],
        4,
        tokens_per_minute=6_000,
        max_tokens_total=900,
    )
    assert time.monotonic() - began < 8
