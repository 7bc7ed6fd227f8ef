"""Rounds of calls: the next one is asked for when all of the last one has been handed on."""

import time
from collections.abc import Iterator, Sequence

import pytest
from langchain_core.messages import BaseMessage

from synthetic_textcat.errors import FatalAnswerError
from synthetic_textcat.llm.calls.first_streak import ENOUGH
from synthetic_textcat.llm.calls.policy import Call
from synthetic_textcat.llm.engine.engine import complete_rounds
from tests.llm.builders import BAD, call
from tests.llm.running import policy
from tests.support.chat_models import ScriptedChatModel, counted


def _rounds(number: int, size: int = 4) -> Iterator[Iterator[Call]]:
    return (iter([call(f"{turn}.{row}") for row in range(size)]) for turn in range(number))


def test_rounds_follow_one_another_and_only_the_very_first_call_goes_alone() -> None:
    model = ScriptedChatModel(delay_s=0.02)
    handed_on: list[str] = []
    known_before: list[int] = []

    def rounds() -> Iterator[Iterator[Call]]:
        for calls in _rounds(3):
            known_before.append(len(handed_on))
            yield calls
            yield iter([])  # what the journal answers is a round without a call

    for batch in complete_rounds(model.as_chat, rounds(), policy(max_concurrency=4)):
        handed_on += [completion.request_id for completion in batch]

    assert known_before == [0, 4, 8]
    assert [name[0] for name in handed_on] == ["0"] * 4 + ["1"] * 4 + ["2"] * 4
    assert model.most_in_flight == 4  # if each round's first call went alone, it would be three


def test_no_model_is_built_for_rounds_without_calls() -> None:
    assert list(complete_rounds(pytest.fail, (iter([]) for _ in range(3)), policy())) == []


def test_a_budget_that_is_spent_ends_all_rounds() -> None:
    model = ScriptedChatModel(script=counted(100))
    batches = complete_rounds(model.as_chat, _rounds(5), policy(1, max_tokens_total=550))
    assert sum(map(len, batches)) == 6


def test_like_failures_are_told_over_rounds() -> None:
    def refuse(_messages: Sequence[BaseMessage], _number: int) -> str:
        return BAD

    model = ScriptedChatModel(script=refuse)
    with pytest.raises(FatalAnswerError, match=f"first {ENOUGH} replies to calls for rows"):
        list(complete_rounds(model.as_chat, _rounds(20), policy(2, max_attempts=1)))
    assert ENOUGH <= len(model.heard) <= ENOUGH + 2


def test_the_pace_is_one_for_all_rounds() -> None:
    model, begun = ScriptedChatModel(), time.monotonic()
    list(complete_rounds(model.as_chat, _rounds(5, size=1), policy(1, requests_per_minute=600)))
    assert time.monotonic() - begun > 0.4  # a tenth of a second between two calls
