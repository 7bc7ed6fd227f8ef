"""What a run may spend."""

from typing import Any

import pytest

from synthetic_textcat.errors import PriceListError
from synthetic_textcat.llm.budget import Budget
from synthetic_textcat.llm.engine import complete
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import PriceList
from tests.llm.builders import BAD, call, completion, no_reply
from tests.llm.running import manner, run
from tests.support.chat_models import ScriptedChatModel, counted

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
    budget.note(no_reply(prompt_tokens=None, completion_tokens=None))
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


def test_a_prompt_that_a_filter_refused_costs_nothing_and_ends_nothing() -> None:
    budget = _budget(max_cost_usd=1, max_tokens_total=10)
    budget.note(completion("", model_name=None, prompt_tokens=0, cached_tokens=0, completion_tokens=0))
    assert not budget.is_spent


@pytest.mark.parametrize("caps", [{"max_cost_usd": 0.1}, {"max_tokens_total": 100}])
def test_the_engine_stops_at_a_cap_and_overshoots_by_what_is_in_flight(caps: dict[str, Any]) -> None:
    model = ScriptedChatModel(script=counted(tokens=10), delay_s=0.005)
    made = run(model, [call(f"r{place}") for place in range(500)], max_concurrency=8, **caps)
    assert 10 <= len(made) <= 10 + 8
    assert len(made) == len(model.heard)


def test_nothing_is_asked_again_once_the_cap_is_reached() -> None:
    model = ScriptedChatModel(script=counted(tokens=10, text=BAD))
    made = run(model, [call(f"r{place}") for place in range(3)], max_concurrency=1, max_tokens_total=20)
    assert [(line.request_id, line.attempt) for line in made] == [("r0", 1), ("r0", 2)]


def test_a_run_that_has_spent_its_budget_before_asks_nothing() -> None:
    model = ScriptedChatModel()
    spent = manner(max_tokens_total=1)
    spent.budget.note(completion(model_name="scripted-1"))
    assert list(complete(model.as_chat, iter([call()]), spent)) == []
    assert model.heard == []


def test_a_server_that_does_not_count_ends_a_run_with_a_cap_in_usd_after_one_call() -> None:
    model = ScriptedChatModel()
    with pytest.raises(PriceListError):
        run(model, [call(f"r{place}") for place in range(50)], max_cost_usd=1)
    assert len(model.heard) == 1
