"""Spending of a run, of its configuration and of the whole history; unknown amounts stay unknown."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.hooks.summary_lines import cost_lines
from synthetic_textcat.pipelines.quality_report.call_costs import CallCosts
from synthetic_textcat.pipelines.quality_report.ledger import reached_cap, stopped_by
from synthetic_textcat.pipelines.quality_report.plan_slices import PlanSlices
from synthetic_textcat.pipelines.quality_report.spending import (
    spending_metrics,
    sum_spending,
    sum_verdict_spending,
    verdict_metrics,
    with_verdicts,
)
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.cost_figures import PER_ACCEPTED, figure_rows
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.stops import Outage, Stops
from synthetic_textcat.tables import as_table
from tests.llm.builders import NO_COUNTS, completion, fingerprint, no_reply, nothing_taken, paid_calls
from tests.pipelines.quality_report.builders import COST, PRICES, planned_calls_of
from tests.support.each_case import each_of

_REQUESTS = pd.DataFrame(
    {"request_id": ["r0", "r1", "r2"], "task_id": ["t0", "t1", "t0"], "language": ["English", "German", "German"]}
)


_SLICES = PlanSlices.of(as_table(_REQUESTS))

_A = {row: fingerprint(row) for row in ("r0", "r1", "r2")}
_B = {row: fingerprint(f"{row} with another prompt") for row in _A}


def _metrics(
    lines: list[Completion], accepted: int = 2, own: dict[str, str] = _A, run_id: str = "new"
) -> dict[str, float | None]:
    calls = pd.DataFrame({"request_id": [*own], "fingerprint": [*own.values()]})
    sums = sum_spending([planned_calls_of(lines, _REQUESTS, calls)], _SLICES, PriceList.read(PRICES), run_id, "model-1")
    return spending_metrics(sums, accepted)


def _calls(own: dict[str, str], run_id: str, **fields: Any) -> list[Completion]:
    return [completion(request_id=row, fingerprint=own[row], run_id=run_id, **fields) for row in own]


def _judged_by(metrics: dict[str, float | None]) -> dict[str, float | None]:
    """What runs are compared by."""
    apart = ("this_run", "dataset")
    return {name: value for name, value in metrics.items() if not name.endswith(apart)}


def test_verdicts_are_summed_apart_and_added_to_the_rows() -> None:
    own = pd.DataFrame({"fingerprint": [fingerprint("v0"), fingerprint("v1")]})
    lines = [
        completion(request_id="r0", fingerprint=fingerprint("v0"), run_id="old"),
        completion(request_id="r0/2", fingerprint=fingerprint("v1"), run_id="new"),
        completion(request_id="r1/3", fingerprint=fingerprint("another judge"), run_id="new"),
        completion(request_id="r9", fingerprint=fingerprint("of another plan"), run_id="old"),
    ]
    asked = paid_calls(lines)
    asked = asked.assign(position=[0, 0, 1, -1], is_configuration=False)
    prices = PriceList.read(PRICES)
    verdicts = sum_verdict_spending(as_table(asked), as_table(own), prices, "new", "model-1")[False]
    calls = {name.removeprefix("judge/"): value for name, value in verdict_metrics(verdicts).items()}
    assert [calls[f"calls_{figure}"] for figure in ("this_run", "this_configuration", "dataset")] == [2, 2, 3]
    assert calls["usd_this_run"] == pytest.approx(2 * COST)
    table = pd.DataFrame({"request_id": [*_A], "fingerprint": [*_A.values()]})
    rows = sum_spending([planned_calls_of(_calls(_A, "new"), _REQUESTS, table)], _SLICES, prices, "new", "model-1")
    both = spending_metrics(with_verdicts(rows, verdicts), 2)
    assert (both["calls/this_run"], both["calls/this_configuration"], both["calls/dataset"]) == (5, 5, 6)
    assert both["cost/usd_per_accepted"] == pytest.approx(5 * COST / 2)
    assert both["cost/usd_task/t0"] == pytest.approx(2 * COST)
    nothing = sum_verdict_spending(as_table(asked.head(0)), None, prices, "new", "model-1")
    assert verdict_metrics(nothing[False]) == verdict_metrics(nothing[True]) == {}


def test_each_figure_sums_its_own_lines() -> None:
    lines = [
        completion(request_id="r0", run_id="old", fingerprint=_B["r0"]),  # another prompt: of the history only
        completion(request_id="r0", run_id="old"),
        completion(request_id="r0", run_id="new", attempt=2),
        completion(request_id="r1", run_id="new"),
        nothing_taken(request_id="r2", run_id="new"),
        completion(request_id="0", run_id="new"),  # a brainstorming call, of no row: of this run only
    ]
    assert _metrics(lines) == pytest.approx(
        {
            **_figure("this_run", 4, 45, 3 * COST, 1.0),
            **_figure("this_configuration", 4, 45, 3 * COST, 1.0),
            **_figure("dataset", 5, 60, 4 * COST, 1.25),
            "tokens/prompt": 30,
            "tokens/cached": 12,
            "tokens/completion": 15,
            "tokens/all": 45,
            "calls/per_accepted": 2,
            "tokens/per_accepted": 22.5,
            "cost/usd_per_accepted": 1.5 * COST,
            "time/call_s_per_accepted": 0.5,
            "cost/usd_task/t0": 2 * COST,
            "cost/usd_task/t1": COST,
            "cost/usd_language/en": 2 * COST,
            "cost/usd_language/de": COST,
        }
    )


def _figure(figure: str, calls: int, tokens: int, cost: float, seconds: float) -> dict[str, float]:
    return {
        f"calls/{figure}": calls,
        f"calls/unknown_usage_{figure}": 0,
        f"tokens/{figure}": tokens,
        f"tokens/known_{figure}": tokens,
        f"tokens/unknown_at_most_{figure}": 0,
        f"cost/usd_{figure}": cost,
        f"cost/usd_known_{figure}": cost,
        f"cost/usd_unknown_at_most_{figure}": 0.0,
        f"time/call_s_{figure}": seconds,
    }


def test_a_prompt_is_judged_by_its_own_calls_in_whatever_order_prompts_run() -> None:
    of_a, of_b = _calls(_A, "run-a", latency_s=0.1), _calls(_B, "run-b", completion_tokens=7, latency_s=0.7)
    first = _metrics(of_a, 3, _A, "run-a")
    second = _metrics(of_a + of_b, 3, _B, "run-b")
    again = _metrics(of_a + of_b, 3, _A, "run-a2")
    assert _judged_by(first) == _judged_by(again)  # to the last digit
    assert _judged_by(second) == _judged_by(_metrics(of_b + of_a, 3, _B, "run-b2"))
    assert second["tokens/per_accepted"] == 17
    assert (first["tokens/per_accepted"], again["calls/this_run"], again["calls/dataset"]) == (15, 0, 6)
    assert again["cost/usd_dataset"] == pytest.approx(
        (first["cost/usd_this_run"] or 0) + (second["cost/usd_this_run"] or 0)
    )


def test_a_figure_does_not_depend_on_the_run_that_paid() -> None:
    costs = {"prompt_tokens": 7, "cached_tokens": None, "latency_s": 0.1}
    at_once = _calls(_A, "new", **costs)
    resumed = [replace(line, run_id=run_id) for line, run_id in zip(at_once, ("killed", "new", "killed"), strict=True)]
    assert _judged_by(_metrics(at_once)) == _judged_by(_metrics(resumed))


@given(st.lists(st.tuples(st.sampled_from(["r0", "r1", "r2"]), st.integers(1, 9**9), st.floats(0, 99)), max_size=20))
def test_sums_are_exact_in_any_order_of_the_lines(calls: list[tuple[str, int, float]]) -> None:
    lines = [completion(request_id=row, completion_tokens=n, latency_s=s, run_id="new") for row, n, s in calls]
    metrics = _metrics(lines)
    for figure in ("calls/{}", "tokens/{}", "cost/usd_{}", "time/call_s_{}"):
        assert len({metrics[figure.format(name)] for name in ("this_run", "this_configuration", "dataset")}) == 1
    assert _metrics(lines[::-1]) == metrics


def test_a_renamed_label_changes_the_figures_of_its_task_only() -> None:
    renamed = _A | {row: _B[row] for row in ("r0", "r2")}  # rows of the task t0
    lines = _calls(_A, "old") + [line for line in _calls(renamed, "new") if line.request_id != "r1"]
    metrics = _metrics(lines, 3, renamed)
    assert (metrics["calls/this_run"], metrics["calls/this_configuration"], metrics["calls/dataset"]) == (2, 3, 5)
    assert metrics["tokens/per_accepted"] == 15
    assert metrics["cost/usd_task/t0"] == pytest.approx(2 * COST)
    assert metrics["cost/usd_task/t1"] == pytest.approx(COST)


def test_all_pages_list_the_figures_in_the_same_words() -> None:
    rows = {row.figure: row for row in figure_rows(_metrics(_calls(_A, "old") + _calls(_B, "new"), 2))}
    assert list(rows) == ["this configuration", PER_ACCEPTED, "this run", "whole history"]
    assert [row.calls for row in rows.values()] == ["3", "1.50", "3", "6"]
    assert rows[PER_ACCEPTED][1:5] == ("1.50", "22", "$0.000084", "0.38 s")
    assert [row.figure for row in figure_rows(_metrics([]), "dataset")] == ["whole history"]
    assert list(figure_rows({})) == []


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


@each_of(
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
    def said(*lines: Completion, run_id: str = "new") -> list[str]:
        return list(cost_lines(_metrics([replace(line, run_id=run_id) for line in lines])))

    assert said() == []
    assert said(completion()) == [
        "cost      this run: $0.000056",
        "          this configuration: $0.000056, $0.000028 an accepted row",
    ]
    assert said(completion(), run_id="old") == ["cost      this configuration: $0.000056, $0.000028 an accepted row"]
    assert said(completion(), completion(fingerprint=_B["r0"]))[-1] == "          whole history: $0.00011"
    assert said(completion(model_name="another")) == []
    assert said(completion(), no_reply())[:2] == [
        "cost      this run: unknown (1 call of unknown usage, charged at most $0.00044;",
        "          $0.000056 for the other 1 call)",
    ]
    assert said(completion(**NO_COUNTS))[0] == (
        "cost      this run: unknown (1 call of unknown usage, no upper bound is known)"
    )
    made_up = [*cost_lines(_metrics([completion(run_id="new")]) | {"cost/made_up": 1.0})]
    assert made_up[0] == "cost      this run: $0.000056 (made up)"
    metrics = _metrics([replace(line, run_id="new") for line in (no_reply(), completion())])
    many = {name: value and 12_345 * value for name, value in metrics.items()}
    assert max(map(len, cost_lines(many))) <= 80


_COUNTS = st.none() | st.integers(0, 10**7)


@given(
    st.builds(
        completion,
        model_name=st.sampled_from(["model-1", "model-1-2026-01-01", "another", None]),
        prompt_tokens=_COUNTS,
        cached_tokens=_COUNTS,
        completion_tokens=_COUNTS,
        prompt_tokens_at_most=_COUNTS,
        completion_tokens_at_most=_COUNTS,
        status=st.sampled_from(["replied", "rate_limited", "timeout"]),
    )
)
def test_columns_cost_what_their_calls_cost_one_by_one(line: Completion) -> None:
    prices = PriceList.read(PRICES)
    costs = CallCosts(paid_calls([line]), prices, "model-1")
    assert costs.is_counted.tolist() == [line.is_counted]
    assert _known(costs.usd) == [prices.cost_usd(line)]
    if not line.is_counted:
        assert _known(costs.usd_at_most) == [prices.at_most_usd(line, "model-1")]


def _known(amounts: Any) -> list[float | None]:
    return [None if np.isnan(amount) else amount for amount in amounts.tolist()]


def test_sums_are_exact_beyond_what_a_column_can_hold() -> None:
    most = 2**63 - 1
    metrics = _metrics([completion(prompt_tokens=most, cached_tokens=0, completion_tokens=0)] * 3)
    assert metrics["tokens/known_dataset"] == 3 * most
    assert (metrics["cost/usd_dataset"] or 0) > 10**10


def test_a_call_in_a_batch_has_the_price_of_a_batch_or_an_unknown_one() -> None:
    price = {"input": 2.0, "output": 4.0, "batch_input": 1.0, "batch_output": 2.0}
    listed = {"model-1": price, "model-2": {"input": 2.0, "output": 4.0}}
    prices = PriceList.read({"as_of": "2026-01-01", "usd_per_million_tokens": listed})
    lines = [completion(model_name=name, batch=batch) for name in listed for batch in (None, "b")]
    usd = CallCosts(paid_calls(lines), prices).usd
    np.testing.assert_allclose(usd, [4e-05, 2e-05, 4e-05, np.nan])
    assert [prices.cost_usd(line) for line in lines] == pytest.approx([4e-05, 2e-05, 4e-05, None], nan_ok=True)


def test_a_file_without_calls_costs_nothing(tmp_path: Path) -> None:
    paid_calls([]).to_parquet(tmp_path / "paid.parquet")
    costs = CallCosts(pd.read_parquet(tmp_path / "paid.parquet"), PriceList.read(PRICES))
    assert costs.usd.sum() == 0
