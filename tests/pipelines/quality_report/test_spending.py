"""What was paid, by run, task and language; unknown stays unknown."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.hooks.summary_lines import cost_in_words, cost_lines
from synthetic_textcat.pipelines.quality_report.ledger import reached_cap, stopped_by
from synthetic_textcat.pipelines.quality_report.spending import spending_metrics, sum_spending
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.stops import Outage, Stops
from tests.llm.builders import NO_COUNTS, completion, no_reply, nothing_taken
from tests.pipelines.quality_report.builders import COST, PRICES

_REQUESTS = pd.DataFrame(
    {"request_id": ["r0", "r1", "r2"], "task_id": ["t0", "t1", "t0"], "language": ["English", "German", "German"]}
)


def _metrics(lines: list[Completion], accepted: int = 2, prices: dict[str, Any] = PRICES) -> dict[str, float | None]:
    return spending_metrics(sum_spending(lines, _REQUESTS, PriceList.read(prices), "new", "model-1"), accepted)


def test_calls_tokens_and_cost_are_summed_over_all_lines_over_this_run_and_by_group() -> None:
    lines = [
        completion(request_id="r0", run_id="old"),
        completion(request_id="r0", run_id="new", attempt=2),
        completion(request_id="r1", run_id="new"),
        nothing_taken(request_id="r2", run_id="new"),
        completion(request_id="0", run_id="new"),  # a brainstorming call, of no row: this run's, not the dataset's
    ]
    assert _metrics(lines) == pytest.approx(
        {
            "calls/dataset": 4,
            "calls/this_run": 4,
            "calls/unknown_usage_dataset": 0,
            "calls/unknown_usage_this_run": 0,
            "tokens/prompt": 30,
            "tokens/cached": 12,
            "tokens/completion": 15,
            "tokens/all": 45,
            "tokens/this_run": 45,
            "tokens/known_dataset": 45,
            "tokens/known_this_run": 45,
            "tokens/unknown_at_most_dataset": 0,
            "tokens/unknown_at_most_this_run": 0,
            "tokens/per_accepted": 22.5,
            "cost/usd_dataset": 3 * COST,
            "cost/usd_this_run": 3 * COST,
            "cost/usd_known_dataset": 3 * COST,
            "cost/usd_known_this_run": 3 * COST,
            "cost/usd_unknown_at_most_dataset": 0.0,
            "cost/usd_unknown_at_most_this_run": 0.0,
            "cost/usd_per_accepted": 1.5 * COST,
            "cost/made_up": 0.0,
            "time/call_s_dataset": 1.0,
            "time/call_s_per_accepted": 0.5,
            "cost/usd_task/t0": 2 * COST,
            "cost/usd_task/t1": COST,
            "cost/usd_language/en": 2 * COST,
            "cost/usd_language/de": COST,
        }
    )


@pytest.mark.parametrize("unknown", [{"model_name": "another"}, {"model_name": None}, {"completion_tokens": None}])
def test_one_unknown_cost_makes_its_sums_unknown_and_no_others(unknown: dict[str, Any]) -> None:
    metrics = _metrics(
        [completion(request_id="r0", run_id="old", **unknown), completion(request_id="r1", run_id="new")]
    )
    assert metrics["cost/usd_dataset"] is None
    assert metrics["cost/usd_per_accepted"] is None
    assert metrics["cost/usd_task/t0"] is None
    assert metrics["cost/usd_this_run"] == pytest.approx(COST)
    assert metrics["cost/usd_task/t1"] == pytest.approx(COST)


@pytest.mark.parametrize(
    ("not_run", "failed", "usd", "tokens", "named"),
    [
        (1, 0, 2.0, 0, "generation.max_cost_usd"),
        (1, 0, 1.0, 900, "generation.max_tokens_total"),
        (0, 1, 2.0, 900, "generation.max_cost_usd"),  # it might have been asked again
        (0, 0, 2.0, 900, ""),
        (1, 0, 1.9, 899, ""),
        (1, 0, None, 0, ""),
    ],
)
def test_a_cap_is_named_where_it_left_rows_unasked(
    not_run: int, failed: int, usd: float | None, tokens: int, named: str
) -> None:
    metrics: dict[str, float | None] = {"rows/not_run": not_run, "rows/failed": failed}
    metrics |= {"cost/usd_known_this_run": usd, "cost/usd_unknown_at_most_this_run": 0.0}
    metrics |= {"tokens/known_this_run": tokens, "tokens/unknown_at_most_this_run": 0}
    assert reached_cap(metrics, GenerationParameters(max_cost_usd=2, max_tokens_total=900)) == named
    assert reached_cap(metrics, GenerationParameters()) == ""


def test_an_outage_is_named_before_a_cap() -> None:
    metrics = {"rows/not_run": 1, "rows/failed": 0, "cost/usd_known_this_run": 2.0, "tokens/known_this_run": 0}
    metrics |= {"cost/usd_unknown_at_most_this_run": 0.0, "tokens/unknown_at_most_this_run": 0}
    limits = GenerationParameters(max_cost_usd=2)
    assert stopped_by(Stops(), metrics, limits) == "generation.max_cost_usd"
    assert stopped_by(Stops(outage=Outage(cause="timeout", words="slow")), metrics, limits) == "timeout"


def test_calls_of_unknown_usage_are_distinguished_from_what_is_known() -> None:
    lines = [completion(request_id="r0", run_id="new"), no_reply(request_id="r1", run_id="new")]
    metrics = _metrics(lines)
    unknown = ("tokens/all", "tokens/this_run", "tokens/prompt", "tokens/per_accepted", "cost/usd_dataset")
    assert {metrics[name] for name in (*unknown, "cost/usd_this_run", "cost/usd_per_accepted")} == {None}
    assert (metrics["calls/this_run"], metrics["calls/unknown_usage_this_run"]) == (2, 1)
    assert (metrics["tokens/known_this_run"], metrics["tokens/unknown_at_most_this_run"]) == (15, 100)
    assert metrics["cost/usd_known_this_run"] == pytest.approx(COST)
    assert metrics["cost/usd_unknown_at_most_this_run"] == pytest.approx((60 * 2 + 40 * 8) / 1e6)
    assert metrics["cost/usd_task/t0"] == pytest.approx(COST)
    assert metrics["cost/usd_task/t1"] is None

    capped = metrics | {"rows/not_run": 1, "rows/failed": 1}
    assert reached_cap(capped, GenerationParameters(max_tokens_total=115)) == "generation.max_tokens_total"
    assert reached_cap(capped, GenerationParameters(max_tokens_total=116)) == ""


def test_a_line_of_an_older_journal_without_an_upper_bound_leaves_the_bound_unknown() -> None:
    old: dict[str, Any] = {"prompt_tokens_at_most": None, "completion_tokens_at_most": None}
    metrics = _metrics([no_reply(request_id="r0", run_id="new", **old)])
    assert metrics["tokens/unknown_at_most_this_run"] is None
    assert metrics["cost/usd_unknown_at_most_this_run"] is None


def test_cached_tokens_are_unknown_where_a_server_says_nothing_of_them() -> None:
    metrics = _metrics([completion(request_id="r0"), completion(request_id="r1", cached_tokens=None)])
    assert metrics["tokens/cached"] is None
    assert metrics["tokens/prompt"] == 20
    assert metrics["cost/usd_dataset"] == pytest.approx(COST + (10 * 2 + 5 * 8) / 1e6)


def test_cost_is_said_with_known_and_bounded_parts_apart() -> None:
    def said(*lines: Completion) -> list[str]:
        return list(cost_lines(_metrics([replace(line, run_id="new") for line in lines])))

    assert said() == []
    assert said(completion()) == ["cost      $0.000056"]
    assert said(completion(model_name="another")) == []
    assert said(completion(), no_reply()) == [
        "cost      unknown: 1 call of unknown usage, charged at most $0.00044",
        "          $0.000056 for the other 1 call",
    ]
    assert said(completion(**NO_COUNTS)) == ["cost      unknown: 1 call of unknown usage, no upper bound is known"]
    assert cost_in_words(_metrics([no_reply(run_id="new")])).startswith(
        "cost unknown: 1 call of unknown usage, charged"
    )
    assert said(completion(model_name=OFFLINE_MODEL)) == []  # the list has no price for it, and so none that is made up
    priced = {**PRICES, "usd_per_million_tokens": {OFFLINE_MODEL: {"input": 2.0, "output": 8.0}}}
    metrics = _metrics([completion(run_id="new", model_name=OFFLINE_MODEL)], prices=priced)
    assert list(cost_lines(metrics)) == ["cost      $0.000060, made up: the offline model charges nothing"]
    assert cost_in_words(metrics) == "$0.000060 in this run (made up: the offline model charges nothing)"
    assert max(len(line) for line in said(*[no_reply()] * 12_345, completion())) <= 80
