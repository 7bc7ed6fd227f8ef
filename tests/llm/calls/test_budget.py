"""What a run may spend."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from synthetic_textcat.errors import PriceListError
from synthetic_textcat.llm.calls.budget import Budget, SpendingGate
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import PriceList
from tests.llm.builders import BAD, NO_COUNTS, call, completion, no_reply, nothing_taken
from tests.llm.running import policy, run
from tests.support.chat_models import GOOD, ScriptedChatModel, counted

_PRICES = PriceList.read({"as_of": "2026-01-01", "usd_per_million_tokens": {"model-1": {"input": 1, "output": 1}}})
_USD = 15e-6  # of a completion of the builders


def _budget(model: str = "model-1", spent: list[Completion] | None = None, **caps: Any) -> Budget:
    return Budget(GenerationParameters.model_validate(caps), _PRICES, model, spent or [])


def test_without_caps_nothing_needs_a_price_and_nothing_is_ever_spent() -> None:
    budget = _budget("unheard-of")
    budget.note(completion(model_name="unheard-of", prompt_tokens=None))
    assert not budget.is_spent


@pytest.mark.parametrize("caps", [{"max_cost_usd": 2 * _USD}, {"max_tokens_total": 30}])
def test_a_cap_is_reached_by_what_was_spent_before_and_now(caps: dict[str, Any]) -> None:
    budget = _budget(spent=[completion()], **caps)
    assert not budget.is_spent
    budget.note(nothing_taken())
    assert not budget.is_spent
    budget.note(completion())
    assert budget.is_spent


def test_a_cap_in_usd_on_a_model_without_a_price_is_refused_before_any_call() -> None:
    with pytest.raises(PriceListError, match="no price for unheard-of"):
        _budget("unheard-of", max_cost_usd=1)


@pytest.mark.parametrize(
    ("caps", "line", "says"),
    [
        ({"max_cost_usd": 1}, {"model_name": "m-by-another-name"}, "m-by-another-name"),
        ({"max_cost_usd": 1}, {"prompt_tokens": None}, "how many tokens"),
        ({"max_tokens_total": 10}, {"completion_tokens": None}, "how many tokens"),
    ],
)
def test_what_can_not_be_known_is_no_guess(caps: dict[str, Any], line: dict[str, Any], says: str) -> None:
    with pytest.raises(PriceListError, match=says):
        _budget(**caps).note(completion(**line))


_BOUND = {"prompt_tokens_at_most": 60, "completion_tokens_at_most": 40}


@pytest.mark.parametrize("caps", [{"max_cost_usd": 100e-6}, {"max_tokens_total": 100}])
@pytest.mark.parametrize(
    "line",
    [
        no_reply("timeout"),
        no_reply("connection_error"),
        completion("", **NO_COUNTS, **_BOUND),
        completion(" \n", **NO_COUNTS, **_BOUND),
        completion("", **NO_COUNTS, **_BOUND, refusal="I can't."),
        completion("", **NO_COUNTS, **_BOUND, finish_reason="content_filter", model_name=None),
        completion("Groq's", **NO_COUNTS, **_BOUND, error="Failed to call a function.", model_name=None),
    ],
)
def test_calls_whose_usage_only_they_lack_are_charged_their_upper_bound(caps: dict[str, Any], line: Completion) -> None:
    budget = _budget(**caps)
    budget.note(line)
    assert budget.is_spent
    assert not _budget(**{name: cap * 1.01 for name, cap in caps.items()}, spent=[line]).is_spent


def test_an_unanswered_call_to_a_model_by_another_name_is_charged_at_the_price_of_the_one_asked() -> None:
    budget = _budget(max_cost_usd=1)
    budget.note(no_reply(model_name=None))
    with pytest.raises(PriceListError, match="m-by-another-name"):
        budget.note(completion("", **NO_COUNTS, **_BOUND, refusal="no", model_name="m-by-another-name"))


def test_there_is_room_for_as_many_calls_as_calls_take_on_average() -> None:
    budget = _budget(max_tokens_total=100)
    assert budget.has_room(in_flight=0)
    assert not budget.has_room(in_flight=1)  # nobody knows yet what a call takes
    budget.note(nothing_taken())
    assert not budget.has_room(in_flight=1)
    budget.note(completion())
    budget.note(completion(prompt_tokens=20, completion_tokens=5))  # 20 a call
    assert budget.has_room(in_flight=2)
    assert not budget.has_room(in_flight=3)


@pytest.mark.parametrize("caps", [{"max_cost_usd": 0.1}, {"max_tokens_total": 100}])
def test_the_engine_stops_at_a_cap_and_overshoots_by_what_is_in_flight(caps: dict[str, Any]) -> None:
    model = ScriptedChatModel(script=counted(tokens=10), delay_s=0.005)
    made = run(model, [call(f"r{place}") for place in range(500)], max_concurrency=8, **caps)
    assert len(made) == 10  # all take the same, so the average foretells the last one
    assert len(made) == len(model.heard)
    assert model.most_in_flight > 4


def test_a_cap_holds_where_all_rows_could_be_asked_at_once() -> None:
    model = ScriptedChatModel(script=counted(tokens=2380), delay_s=0.01)
    made = run(model, [call(f"r{place}") for place in range(20)], max_concurrency=32, max_tokens_total=20_000)
    assert len(made) == 9


def test_calls_of_uneven_size_overshoot_a_cap_by_less_than_all_in_flight() -> None:
    sizes = [counted(tokens=tokens) for tokens in (10, 400, 30, 90, 200)]
    model = ScriptedChatModel(script=lambda messages, number: sizes[number % 5](messages, number), delay_s=0.003)
    made = run(model, [call(f"r{place}") for place in range(500)], max_concurrency=32, max_tokens_total=5000)
    assert 5000 <= sum(line.tokens for line in made) <= 5000 + 3 * 400


def test_a_second_call_waits_for_the_first_one_however_long_it_takes() -> None:
    async def started_before_the_first_landed() -> list[str]:
        budget, started = _budget(max_tokens_total=1000), list[str]()
        gate = SpendingGate(budget)

        async def ask(name: str) -> None:
            async with gate.slot():
                started.append(name)
                await first_landed.wait()
                budget.note(completion())

        first_landed = asyncio.Event()
        asked = asyncio.gather(*map(ask, "abc"))
        await asyncio.sleep(0.05)
        before = list(started)
        first_landed.set()
        await asked
        assert sorted(started) == ["a", "b", "c"]
        return before

    assert asyncio.run(started_before_the_first_landed()) == ["a"]


@pytest.mark.parametrize("caps", [{"max_tokens_total": 10**6}, {"max_cost_usd": 1e6}])
def test_a_server_that_counts_nothing_ends_a_capped_run_before_the_second_call(caps: dict[str, Any]) -> None:
    model = ScriptedChatModel(delay_s=0.05)
    with pytest.raises(PriceListError, match=f"{next(iter(caps))} can't be kept: no further call was made") as caught:
        run(model, [call(f"r{place}") for place in range(50)], **caps)
    assert "\n" not in str(caught.value)
    assert len(model.heard) == 1


def test_a_reply_that_is_not_counted_in_mid_run_ends_it_and_what_is_in_flight_comes_home() -> None:
    sizes = [*[counted(tokens=10)] * 20, lambda _messages, _number: GOOD, *[counted(tokens=10)] * 100]
    model = ScriptedChatModel(script=lambda messages, number: sizes[number](messages, number), delay_s=0.01)
    seen: list[Completion] = []
    batches = complete(model.as_chat, iter([call(f"r{n}") for n in range(90)]), policy(4, max_tokens_total=10**6))
    with pytest.raises(PriceListError):
        seen.extend(line for batch in batches for line in batch)
    assert len(seen) == len(model.heard) <= 21 + 4
    assert sum(not line.is_counted for line in seen) == 1


def test_refusals_that_are_not_counted_run_on_until_their_bounds_reach_the_cap() -> None:
    refused = AIMessage("", additional_kwargs={"refusal": "no"}, response_metadata={"model_name": "scripted-1"})
    model = ScriptedChatModel(script=lambda _messages, _number: refused)
    made = run(model, [call(f"r{n}") for n in range(15)], max_concurrency=2, max_attempts=1, max_tokens_total=20_000)
    assert 20_000 / 5_000 <= len(made) <= 5
    assert all(line.completion_tokens is None and line.completion_tokens_at_most == 4096 for line in made)


def test_nothing_is_asked_again_once_the_cap_is_reached() -> None:
    model = ScriptedChatModel(script=counted(tokens=10, text=BAD))
    made = run(model, [call(f"r{place}") for place in range(3)], max_concurrency=1, max_tokens_total=20)
    assert [(line.request_id, line.attempt) for line in made] == [("r0", 1), ("r0", 2)]


def test_a_run_that_has_spent_its_budget_before_asks_nothing() -> None:
    model = ScriptedChatModel()
    spent = policy(max_tokens_total=1)
    spent.budget.note(completion(model_name="scripted-1"))
    assert list(complete(model.as_chat, iter([call()]), spent)) == []
    assert model.heard == []
