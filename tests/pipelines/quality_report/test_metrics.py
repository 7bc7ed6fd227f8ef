"""Names and values of the metrics, and the outcome of each planned row."""

import json

import pandas as pd
import pytest

from synthetic_textcat.pipelines.quality_report.metrics import merged, row_metrics, yield_metrics
from synthetic_textcat.pipelines.quality_report.outcomes import ends_of, outcome_rows
from synthetic_textcat.pipelines.quality_report.spending import add_up, spending_metrics
from synthetic_textcat.schemas.outcomes import FAILURE_CAUSES, REJECT_REASONS
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.rows import EXAMPLES, FAILED, OUTCOMES, REJECTED, records_of, to_frame
from tests.llm.builders import completion, no_reply
from tests.pipelines.quality_report.builders import COST, PRICES, ROW, example_frame, ledger

_REQUESTS = pd.DataFrame(
    {
        "request_id": ["r0", "r1", "r2", "r3"],
        "task_id": ["t0", "t1", "t0", "t1"],
        "language": ["English", "German", "German", "English"],
    }
)


def test_every_reason_and_cause_has_its_metric_also_at_zero() -> None:
    metrics = row_metrics(ledger())
    assert metrics["rejected/label_leaked"] == 2
    assert metrics["failed/invalid_json"] == 1
    assert {name for name, value in metrics.items() if value == 0} == {
        *(f"rejected/{reason}" for reason in REJECT_REASONS if reason != "label_leaked"),
        *(f"failed/{cause}" for cause in FAILURE_CAUSES if cause != "invalid_json"),
        "rows/surplus",
    }


def test_the_counts_of_rows_are_the_ledgers() -> None:
    metrics = row_metrics(ledger())
    rows = {name: value for name, value in metrics.items() if name.startswith("rows/")}
    counts = {"planned": 10, "accepted": 6, "rejected": 2, "failed": 1, "not_run": 1, "surplus": 0}
    assert rows == {f"rows/{end}": count for end, count in counts.items()}


def test_yield_is_accepted_by_planned_in_all_by_language_code_and_by_task() -> None:
    assert yield_metrics(_REQUESTS, ["r0", "r1", "r2"]) == {
        "yield/all": 0.75,
        "yield/language/en": 0.5,
        "yield/language/de": 1.0,
        "yield/task/t0": 1.0,
        "yield/task/t1": 0.5,
    }


def test_nothing_accepted_is_a_yield_of_zero() -> None:
    assert set(yield_metrics(_REQUESTS, []).values()) == {0.0}


def test_what_can_not_be_known_is_null_in_the_file() -> None:
    nothing = spending_metrics(add_up([], _REQUESTS, PriceList.read(PRICES), "x", "model-1"), accepted=0)
    metrics = merged(row_metrics(ledger()), yield_metrics(_REQUESTS, []), nothing)
    assert metrics["tokens/per_accepted"] is None
    assert metrics["cost/usd_per_accepted"] is None
    assert metrics["calls/dataset"] == 0
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def _planned(*ids: str) -> pd.DataFrame:
    return pd.DataFrame({"request_id": ids, "task_id": "t0", "language": "English", "language_verdict": "agrees"})


def test_each_planned_row_has_one_outcome_with_what_it_cost() -> None:
    failed = to_frame([{**ROW, "request_id": "r2", "failure_cause": "timeout"}], {**FAILED, "attempts": "float64"})
    ends = ends_of(
        example_frame([{"request_id": "r0"}]),
        example_frame([{"request_id": "r4"}]),
        example_frame([{"request_id": "r1"}]).assign(reject_reason="label_leaked"),
        failed,
    )
    own = [[completion(), completion()], [completion()], [no_reply()], [], [completion()]]
    outcomes = outcome_rows(_planned("r0", "r1", "r2", "r3", "r4"), own, ends, PriceList.read(PRICES))
    rows = list(records_of(outcomes))
    seen = [(row["outcome"], row["reason"], row["attempts"], row["input_text"]) for row in rows]
    assert seen == [
        ("accepted", None, 2, ROW["input_text"]),
        ("rejected", "label_leaked", 1, ROW["input_text"]),
        ("failed", "timeout", 1, None),
        ("not_run", None, 0, None),
        ("surplus", None, 1, ROW["input_text"]),
    ]
    assert {(row["task_id"], row["language"], row["language_verdict"]) for row in rows} == {("t0", "English", "agrees")}
    assert [row["tokens"] for row in rows] == [30, 15, None, 0, 15]
    cost = [row["cost"] for row in rows]
    assert cost.pop(2) is None  # of a call that timed out nobody tells
    assert cost == pytest.approx([2 * COST, COST, 0, COST])
    assert {name: str(kind) for name, kind in outcomes.dtypes.items()} == OUTCOMES


def test_rows_and_completions_that_do_not_match_are_a_bug_that_shows() -> None:
    nothing = to_frame([], EXAMPLES)
    ends = ends_of(nothing, nothing, to_frame([], REJECTED), to_frame([], FAILED))
    with pytest.raises(ValueError, match="2 rows, but the completions of 1"):
        outcome_rows(_planned("r0", "r1"), [[]], ends, PriceList.read(PRICES))
