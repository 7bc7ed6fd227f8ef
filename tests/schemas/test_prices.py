"""The price list, and money from token counts."""

import datetime
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.errors import PriceListError
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.prices import PriceList, is_made_up, total_of
from tests.llm.builders import completion, no_reply, nothing_taken
from tests.support.each_case import each_of

_COUNT = st.integers(0, 10**7)

_LIST = Path(__file__).parents[2] / "conf" / "base" / "prices.yml"


def _list(**models: Any) -> PriceList:
    return PriceList.read({"as_of": "2026-01-01", "usd_per_million_tokens": models})


def test_the_projects_own_list_can_be_read_and_makes_up_a_price_of_templates() -> None:
    content = yaml.safe_load(_LIST.read_text(encoding="utf-8"))
    prices = PriceList.read(content)
    assert prices.as_of > datetime.date(2025, 1, 1)
    assert prices.price(OFFLINE_MODEL) is not None
    assert [model for model in content["usd_per_million_tokens"] if is_made_up(model)] == [OFFLINE_MODEL]
    assert "MADE UP" in _LIST.read_text(encoding="utf-8").partition(f"  {OFFLINE_MODEL}:")[0]
    mini = prices.price("gpt-4o-mini-2024-07-18")
    assert mini is not None
    assert mini == prices.price("gpt-4o-mini")


@each_of(
    ("content", "says"),
    [
        ({"usd_per_million_tokens": {}}, "as_of"),
        ({"as_of": "2026-01-01", "usd_per_million_tokens": {"m": {"input": -1, "output": 1}}}, "m.input"),
        ({"as_of": "2026-01-01", "usd_per_million_tokens": {"m": {"input": 1}}}, "m.output"),
        ({"as_of": "2026-01-01", "usd_per_million_tokens": {"m": {"input": 1, "output": math.inf}}}, "m.output"),
        ({"as_of": "2026-01-01", "usd_per_million_tokens": {"m": {"input": 1, "output": 1, "in": 1}}}, "m.in"),
        (None, "catalog entry prices"),
        ([], "catalog entry prices"),
    ],
)
def test_a_wrong_list_is_told_in_one_line_with_the_place(content: Any, says: str) -> None:
    with pytest.raises(PriceListError, match=says) as caught:
        PriceList.read(content)
    assert "\n" not in str(caught.value)


@given(read=_COUNT, cached=_COUNT, written=_COUNT)
def test_cost_is_each_kind_of_token_at_its_price(read: int, cached: int, written: int) -> None:
    prices = _list(m={"input": 3, "cached_input": 1, "output": 7})
    line = completion(model_name="m", prompt_tokens=read, cached_tokens=cached, completion_tokens=written)
    from_cache = min(read, cached)
    assert prices.cost_usd(line) == pytest.approx(((read - from_cache) * 3 + from_cache + written * 7) / 1e6)


def test_without_a_price_for_cached_tokens_they_cost_what_others_do() -> None:
    prices = _list(m={"input": 3, "output": 0})
    assert prices.cost_usd(completion(model_name="m", prompt_tokens=10, cached_tokens=4)) == pytest.approx(30 / 1e6)


@pytest.mark.parametrize("unknown", [{"model_name": "n"}, {"model_name": None}, {"prompt_tokens": None}])
def test_what_is_not_known_is_none_and_never_zero(unknown: dict[str, Any]) -> None:
    line = completion(**{"model_name": "m", **unknown})
    assert _list(m={"input": 3, "output": 0}, n=None).cost_usd(line) is None


@pytest.mark.parametrize("line", [nothing_taken(), no_reply("rate_limited")])
def test_a_call_that_was_not_worked_on_costs_nothing(line: Completion) -> None:
    assert _list().cost_usd(line) == 0.0


def test_a_call_without_a_reply_that_was_sent_is_of_unknown_cost_with_an_upper_bound() -> None:
    prices = _list(m={"input": 3, "cached_input": 1, "output": 7})
    assert prices.cost_usd(no_reply()) is None
    assert prices.at_most_usd(no_reply(), "m") == pytest.approx((60 * 3 + 40 * 7) / 1e6)
    assert prices.at_most_usd(no_reply(), "n") is None
    assert prices.at_most_usd(no_reply(prompt_tokens_at_most=None), "m") is None


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    assert total_of([1.0, 2.0], 0.0) == 3.0
    assert total_of([], 0) == 0
    assert total_of([1.0, None], 0.0) is None
