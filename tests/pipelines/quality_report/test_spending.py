"""What was paid, by run, task and language; unknown stays unknown."""

from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.pipelines.quality_report.caps import reached_cap, stopped_by
from synthetic_textcat.pipelines.quality_report.spending import add_up, spending_metrics
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.stops import Outage, Stops
from tests.llm.builders import completion, no_reply
from tests.pipelines.quality_report.builders import COST, PRICES

_REQUESTS = pd.DataFrame(
    {"request_id": ["r0", "r1", "r2"], "task_id": ["t0", "t1", "t0"], "language": ["English", "German", "German"]}
)
_NOTHING: dict[str, Any] = {"prompt_tokens": None, "cached_tokens": None, "completion_tokens": None}


def _metrics(lines: list[Completion], accepted: int = 2) -> dict[str, float | None]:
    return spending_metrics(add_up(lines, _REQUESTS, PriceList.read(PRICES), "new"), accepted)


def test_calls_tokens_and_cost_are_summed_over_all_lines_over_this_run_and_by_group() -> None:
    lines = [
        completion(request_id="r0", run_id="old"),
        completion(request_id="r0", run_id="new", attempt=2),
        completion(request_id="r1", run_id="new"),
        no_reply(request_id="r2", run_id="new", **_NOTHING),
        completion(request_id="0", run_id="new"),  # a brainstorming call, of no row: this run's, not the dataset's
    ]
    assert _metrics(lines) == pytest.approx(
        {
            "calls/dataset": 4,
            "calls/this_run": 4,
            "tokens/prompt": 30,
            "tokens/cached": 12,
            "tokens/completion": 15,
            "tokens/all": 45,
            "tokens/this_run": 45,
            "tokens/per_accepted": 22.5,
            "cost/usd_dataset": 3 * COST,
            "cost/usd_this_run": 3 * COST,
            "cost/usd_per_accepted": 1.5 * COST,
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
    metrics = {"rows/not_run": not_run, "rows/failed": failed, "cost/usd_this_run": usd, "tokens/this_run": tokens}
    assert reached_cap(metrics, GenerationParameters(max_cost_usd=2, max_tokens_total=900)) == named
    assert reached_cap(metrics, GenerationParameters()) == ""


def test_an_outage_is_named_before_a_cap() -> None:
    metrics = {"rows/not_run": 1, "rows/failed": 0, "cost/usd_this_run": 2.0, "tokens/this_run": 0}
    limits = GenerationParameters(max_cost_usd=2)
    assert stopped_by(Stops(), metrics, limits) == "generation.max_cost_usd"
    assert stopped_by(Stops(outage=Outage(cause="timeout", words="slow")), metrics, limits) == "timeout"
