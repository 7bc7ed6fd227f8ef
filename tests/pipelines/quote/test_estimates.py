"""From a pilot to the plan: expected values whose ranges hold what comes.

The pilot: rows of the plan, spread over tasks and languages, the same ones each time.

What a quota takes at a yield.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.pipelines.quote.estimates import quote, quote_with_verdicts, rows_of_quota, spread_sample
from synthetic_textcat.pipelines.quote.nodes import choose_pilot
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, GenerationParameters, QuoteParameters
from synthetic_textcat.schemas.rows import REQUESTS
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.support.each_case import each_of

_FREE = GenerationParameters(max_concurrency=10)
_TASKS = pd.DataFrame([Task(task=f"Sort pile {number}.").to_row("file") for number in range(9)])


def _pilot(rows: int, **columns: Any) -> pd.DataFrame:
    fields = {"outcome": "accepted", "attempts": 1, "tokens": 100, "cost": 0.01, "latency_s": 2.0, "usd_batch": 0.005}
    fields |= {"unknown_usage": 0, **columns}
    return pd.DataFrame(
        {name: [value] * rows if not isinstance(value, list) else value for name, value in fields.items()}
    )


def test_the_plan_takes_as_many_times_what_a_row_takes() -> None:
    found = quote(1000, _pilot(20), _FREE)
    assert (found["quote/planned"], found["quote/pilot/rows"]) == (1000, 20)
    assert found["quote/pilot/usd"] == pytest.approx(0.2)
    assert found["quote/tokens/expected"] == pytest.approx(100_000)
    assert found["quote/usd/expected"] == pytest.approx(10)
    assert found["quote/seconds/expected"] == pytest.approx(200)  # 1,000 x 2 s, ten at a time
    assert found["quote/accepted/expected"] == 1000
    assert found["quote/accepted/low"] == pytest.approx(838.9, abs=0.1)  # Wilson's interval of 20 in 20


def test_rows_answered_in_a_batch_say_nothing_of_the_time_of_a_call() -> None:
    found = quote(1000, _pilot(20, latency_s=[float("nan")] * 15 + [2.0] * 5), _FREE)
    assert found["quote/seconds/expected"] == pytest.approx(200)
    assert found["quote/usd/expected"] == pytest.approx(10)
    assert quote(1000, _pilot(20, latency_s=float("nan")), _FREE)["quote/seconds/expected"] is None


def test_verdicts_are_priced_at_their_share_next_to_the_rows() -> None:
    judged = pd.DataFrame(
        {"attempts": 1.0, "tokens": 40.0, "cost": 0.002, "latency_s": 1.0, "unknown_usage": 0.0}, range(20)
    )
    judged.loc[:4] = 0.0  # a quarter of the pilot was rejected before it could be judged
    found = quote_with_verdicts(1000, _pilot(20), judged, 0.5, _FREE)
    assert found["quote/usd_rows/expected"] == pytest.approx(10)
    assert found["quote/usd_verdicts/expected"] == pytest.approx(1000 * 0.75 * 0.5 * 0.002)
    assert found["quote/usd/expected"] == pytest.approx(10.75)
    assert found["quote/tokens/expected"] == pytest.approx(100_000 + 15_000)
    assert found["quote/seconds/expected"] == pytest.approx(200 + 37.5)
    assert found["quote/pilot/usd"] == pytest.approx(20 * 0.01 + 15 * 0.002)  # the pilot's were all asked about
    assert found["quote/pilot/verdicts"] == 15
    judged.loc[0, ["cost", "unknown_usage"]] = [float("nan"), 1]
    unknown = quote_with_verdicts(1000, _pilot(20), judged, 0.5, _FREE)
    assert unknown["quote/usd/expected"] is None
    assert unknown["quote/usd_rows/expected"] == pytest.approx(10)


@each_of(
    ("limits", "seconds"),
    [
        ({"requests_per_minute": 60}, 1500),  # 1.5 calls a row
        ({"tokens_per_minute": 3000}, 2000),
        ({"requests_per_minute": 60, "tokens_per_minute": 3000}, 2000),
        ({"requests_per_minute": 10**6}, 200),
    ],
)
def test_time_is_that_of_the_slowest_limit(limits: dict[str, int], seconds: float) -> None:
    generation = GenerationParameters.model_validate({"max_concurrency": 10, **limits})
    found = quote(1000, _pilot(20, attempts=[1, 2] * 10), generation)
    assert found["quote/seconds/expected"] == pytest.approx(seconds)


def test_a_plan_that_is_all_tried_is_known() -> None:
    found = quote(4, _pilot(4, tokens=[1, 2, 3, 4], outcome=["accepted", "rejected", "failed", "accepted"]), _FREE)
    assert [found[f"quote/tokens/{end}"] for end in ("low", "expected", "high")] == pytest.approx([10, 10, 10])
    assert [found[f"quote/accepted/{end}"] for end in ("low", "expected", "high")] == [2, 2, 2]


def test_one_row_gives_no_range_and_an_unknown_cost_no_cost() -> None:
    found = quote(100, _pilot(1, cost=float("nan")), _FREE)
    assert found["quote/tokens/expected"] == 100 * 100
    assert found["quote/tokens/low"] is found["quote/tokens/high"] is None
    assert [found[f"quote/usd/{end}"] for end in ("low", "expected", "high")] == [None] * 3
    assert found["quote/pilot/usd"] is None


def test_rows_that_were_not_run_tell_nothing() -> None:
    found = quote(100, _pilot(3, outcome=["accepted", "not_run", "not_run"], tokens=[50, 0, 0]), _FREE)
    assert (found["quote/pilot/rows"], found["quote/tokens/expected"]) == (1, 5000)
    nothing = quote(100, _pilot(2, outcome="not_run"), _FREE)
    known = ("quote/pilot/rows", "quote/rows")
    assert {value for name, value in nothing.items() if name.count("/") == 2 and not name.startswith(known)} == {None}


@pytest.mark.slow
def test_ranges_hold_the_truth_about_as_often_as_they_say() -> None:
    chance = np.random.default_rng(7)
    tokens = chance.lognormal(5, 0.5, 2000)
    good = chance.random(2000) < 0.8
    held = np.zeros(2)
    for _ in range(300):
        taken = chance.choice(2000, 40, replace=False)
        outcome = ["accepted" if good[place] else "rejected" for place in taken]
        found = quote(2000, _pilot(40, tokens=tokens[taken].tolist(), outcome=outcome), _FREE)
        held += [
            found["quote/tokens/low"] <= tokens.sum() <= found["quote/tokens/high"],
            found["quote/accepted/low"] <= good.sum() <= found["quote/accepted/high"],
        ]
    assert all(0.9 <= share <= 0.99 for share in held / 300)


def _plan(rows: int, language: object = "English") -> pd.DataFrame:
    sampling = AttributeSamplingParameters.model_validate({"num_examples": rows, "language": language})
    return plan_requests(_TASKS, sampling, 42).to_pandas()


@given(planned=st.integers(1, 60), rows=st.integers(1, 80), seed=st.integers(0, 2**31))
def test_it_is_as_many_rows_as_asked_each_once_in_plan_order(planned: int, rows: int, seed: int) -> None:
    plan = pd.DataFrame(
        {
            "request_id": [f"r{n}" for n in range(planned)],
            "task_id": "t",
            "language": ["English", "German"][planned % 2],
        }
    )
    taken = spread_sample(as_table(plan), rows, seed)
    assert len(taken) == min(rows, planned)
    assert taken == sorted(set(taken))
    assert set(taken) <= set(range(planned))


@pytest.mark.parametrize("seed", range(8))
def test_tasks_and_languages_have_the_share_that_they_have_in_the_plan(seed: int) -> None:
    plan = _plan(1800, {"English": 3, "German": 1})
    pilot = plan.iloc[spread_sample(as_table(plan), 36, seed)]
    of_tasks = pilot["task_id"].value_counts()
    assert len(of_tasks) == 9
    assert set(of_tasks) <= {3, 4, 5}
    assert 6 <= (pilot["language"] == "German").sum() <= 12


def test_it_depends_on_the_seed_and_on_nothing_else() -> None:
    plan = _plan(300)
    taken = spread_sample(as_table(plan), 20, 42)
    assert taken == spread_sample(as_table(plan), 20, 42) != spread_sample(as_table(plan), 20, 43)
    backwards = plan.iloc[::-1]
    taken_backwards = spread_sample(as_table(backwards), 20, 42)
    assert set(backwards["request_id"].iloc[taken_backwards]) == set(plan["request_id"].iloc[taken])


def test_the_pilot_is_a_part_of_the_plan_with_all_its_columns() -> None:
    plan = _plan(100)
    pilot = choose_pilot(as_table(plan), QuoteParameters(pilot_rows=10), 42)
    assert {str(name): str(kind) for name, kind in pilot.dtypes.items()} == REQUESTS
    pd.testing.assert_frame_equal(plan[plan["request_id"].isin(pilot["request_id"])].reset_index(drop=True), pilot)


@pytest.mark.parametrize(("cells", "target", "share"), [(78, 4, 0.5), (10, 200, 0.6), (1, 50, 0.25)])
def test_it_takes_more_rows_than_the_yield_alone_says_and_the_more_the_smaller_the_cells(
    cells: int, target: int, share: float
) -> None:
    least = cells * target / share
    most = least * (1.4 if target < 10 else 1.2)
    assert 0.98 * least < rows_of_quota({target: cells}, share) < most


def test_at_a_yield_of_one_the_first_round_is_all() -> None:
    assert rows_of_quota({5: 7}, 1.0) == 35


def test_it_is_the_same_each_time_and_grows_with_the_cells() -> None:
    assert (
        rows_of_quota({6: 40}, 0.7)
        == rows_of_quota({6: 40}, 0.7)
        == pytest.approx(40 * rows_of_quota({6: 1}, 0.7), rel=0.05)
    )


def test_an_accepted_row_costs_what_all_rows_cost_over_the_good_ones() -> None:
    outcome, cost = ["accepted", "rejected"] * 10, [0.01, 0.03] * 10
    found = quote(1000, _pilot(20, outcome=outcome, cost=cost, tokens=float("nan")), _FREE)
    assert found["quote/usd_per_accepted/expected"] == pytest.approx(0.04)
    assert found["quote/usd_per_accepted/expected"] == pytest.approx(
        (found["quote/usd/expected"] or 0) / (found["quote/accepted/expected"] or 1)
    )
    assert found["quote/tokens_per_accepted/expected"] is None
    nothing = quote(1000, _pilot(20, outcome="rejected"), _FREE)
    assert nothing["quote/usd_per_accepted/expected"] is None


def test_the_range_of_an_accepted_rows_cost_holds_what_the_plan_comes_to_in_95_of_100_pilots() -> None:
    random, hits, plans = np.random.default_rng(7), 0, 120
    for _ in range(plans):
        good, tokens = random.random(500) < 0.7, random.gamma(4, 30, 500)
        pilot = random.choice(500, 40, replace=False)
        outcome = [("accepted" if is_good else "rejected") for is_good in good[pilot]]
        found = quote(500, _pilot(40, outcome=outcome, tokens=list(tokens[pilot])), _FREE)
        low, high = (found[f"quote/tokens_per_accepted/{end}"] or 0 for end in ("low", "high"))
        hits += low <= tokens.sum() / good.sum() <= high
    assert 0.92 < hits / plans < 0.98
