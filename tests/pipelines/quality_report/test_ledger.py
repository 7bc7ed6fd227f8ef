"""Every planned row in exactly one place, or no ledger at all.

Names and values of the metrics, and the outcome of each planned row.

Thresholds are measured on the rows of the tasks that are not paused.

Why most of the rows without a reply got none.
"""

import json
from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report.concerns import assess, complaint
from synthetic_textcat.pipelines.quality_report.ledger import (
    LedgerError,
    count,
    merged,
    most_common_failure,
    outcome_rows,
    outcomes_of,
    paid_by_row,
    row_metrics,
    without_paused,
    yield_metrics,
)
from synthetic_textcat.pipelines.quality_report.spending import spending_metrics, sum_spending
from synthetic_textcat.schemas.outcomes import FAILURE_CAUSES, REJECT_REASONS
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.rows import EXAMPLES, FAILED, OUTCOMES, REJECTED, records_of, to_frame
from synthetic_textcat.schemas.stops import Outage, PausedTask, Stops
from tests.llm.builders import completion, fingerprint, no_reply, paid_calls
from tests.pipelines.quality_report.builders import COST, PRICES, ROW, example_frame, ledger
from tests.support.examples import examples

_ENDS = st.sampled_from(["accepted", "surplus", "not_run", *REJECT_REASONS, *FAILURE_CAUSES])

_REQUESTS = pd.DataFrame(
    {
        "request_id": ["r0", "r1", "r2", "r3"],
        "task_id": ["t0", "t1", "t0", "t1"],
        "language": ["English", "German", "German", "English"],
    }
)

_REFUSED = ("t1", "failed", "refused")
_LEAKED = ("t2", "rejected", "label_leaked")
_GOOD = ("t0", "accepted", None)
_METRICS = {"rate/parsed": 40 / 60, "rate/label_leaked": 0.5, "language/agreement": 0.9}


@examples(80)
@given(st.lists(_ENDS, max_size=60))
def test_any_partition_of_the_plan_adds_up(ends: list[str]) -> None:
    rows = {f"r{place}": end for place, end in enumerate(ends)}
    made = count(
        rows,
        [row for row, end in rows.items() if end == "accepted"],
        {row: end for row, end in rows.items() if end in REJECT_REASONS},
        {row: end for row, end in rows.items() if end in FAILURE_CAUSES},
        [row for row, end in rows.items() if end == "surplus"],
    )
    assert made["planned"] == len(ends)
    assert made["accepted"] == ends.count("accepted")
    assert made["not_run"] == ends.count("not_run")
    assert made["surplus"] == ends.count("surplus")
    for end, number in {**made["rejected"], **made["failed"]}.items():
        assert number == ends.count(end) > 0
    ended = sum(made["rejected"].values()) + sum(made["failed"].values())
    assert made["accepted"] + made["surplus"] + ended + made["not_run"] == made["planned"]


@pytest.mark.parametrize(
    ("accepted", "rejected", "failed"),
    [
        (["r0"], {"r0": "label_leaked"}, {}),
        (["r0"], {}, {"r0": "timeout"}),
        ([], {"r0": "label_leaked"}, {"r0": "timeout"}),
        (["r0", "r0"], {}, {}),
    ],
)
def test_a_row_in_two_places_is_refused_by_name(
    accepted: list[str], rejected: dict[str, str], failed: dict[str, str]
) -> None:
    with pytest.raises(LedgerError, match="Row r0 has two outcomes"):
        count(["r0", "r1"], accepted, rejected, failed)


@pytest.mark.parametrize(
    ("accepted", "rejected", "failed"), [(["x"], {}, {}), ([], {"x": "label_leaked"}, {}), ([], {}, {"x": "timeout"})]
)
def test_a_row_that_was_not_planned_is_refused(
    accepted: list[str], rejected: dict[str, str], failed: dict[str, str]
) -> None:
    with pytest.raises(LedgerError, match=r"1 rows \(such as x\) are not in the plan.*Next: run"):
        count(["r0"], accepted, rejected, failed)


def test_every_reason_and_cause_has_its_metric_also_at_zero() -> None:
    metrics = row_metrics(ledger())
    assert metrics["rejected/label_leaked"] == 2
    assert metrics["failed/invalid_json"] == 1
    assert {name for name, value in metrics.items() if value == 0} == {
        *(f"rejected/{reason}" for reason in REJECT_REASONS if reason != "label_leaked"),
        *(f"failed/{cause}" for cause in FAILURE_CAUSES if cause != "invalid_json"),
        "rows/in_batch",
        "rows/surplus",
    }


def test_the_counts_of_rows_are_the_ledgers() -> None:
    metrics = row_metrics(ledger())
    rows = {name: value for name, value in metrics.items() if name.startswith("rows/")}
    counts = {"planned": 10, "accepted": 6, "rejected": 2, "failed": 1, "not_run": 1, "in_batch": 0, "surplus": 0}
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
    calls = _REQUESTS[["request_id"]].assign(fingerprint="f0")
    nothing = spending_metrics(
        sum_spending(paid_calls([]), _REQUESTS, calls, PriceList.read(PRICES), "x", "model-1"), accepted=0
    )
    metrics = merged(row_metrics(ledger()), yield_metrics(_REQUESTS, []), nothing)
    assert metrics["tokens/per_accepted"] is None
    assert metrics["cost/usd_per_accepted"] is None
    assert metrics["calls/dataset"] == 0
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def _planned(*ids: str) -> pd.DataFrame:
    return pd.DataFrame({"request_id": ids, "task_id": "t0", "language": "English", "language_verdict": "agrees"})


def test_each_planned_row_has_one_outcome_with_what_it_cost() -> None:
    failed = to_frame([{**ROW, "request_id": "r2", "failure_cause": "timeout"}], {**FAILED, "attempts": "float64"})
    ends = outcomes_of(
        example_frame([{"request_id": "r0"}]),
        example_frame([{"request_id": "r4"}]),
        example_frame([{"request_id": "r1"}]).assign(reject_reason="label_leaked"),
        failed,
    )
    rows = ("r0", "r1", "r2", "r3", "r4")
    lines = [completion(request_id=row) for row in ("r0", "r1", "r4", "r0")]
    paid = paid_by_row(
        paid_calls([*lines, no_reply(request_id="r2"), completion(request_id="another plan's")]),
        pd.Series([fingerprint(row) for row in rows]),
        PriceList.read(PRICES),
    )
    outcomes = outcome_rows(_planned(*rows), paid, ends)
    found = list(records_of(outcomes))
    seen = [(row["outcome"], row["reason"], row["attempts"], row["input_text"]) for row in found]
    assert seen == [
        ("accepted", None, 2, ROW["input_text"]),
        ("rejected", "label_leaked", 1, ROW["input_text"]),
        ("failed", "timeout", 1, None),
        ("not_run", None, 0, None),
        ("surplus", None, 1, ROW["input_text"]),
    ]
    assert {(row["task_id"], row["language"], row["language_verdict"]) for row in found} == {
        ("t0", "English", "agrees")
    }
    assert [row["tokens"] for row in found] == [30, 15, None, 0, 15]
    cost = [row["cost"] for row in found]
    assert cost.pop(2) is None  # unknown for a call that timed out
    assert cost == pytest.approx([2 * COST, COST, 0, COST])
    assert {name: str(kind) for name, kind in outcomes.dtypes.items()} == OUTCOMES


def test_rows_and_calls_that_do_not_match_are_a_bug_that_shows() -> None:
    nothing = to_frame([], EXAMPLES)
    ends = outcomes_of(nothing, nothing, to_frame([], REJECTED), to_frame([], FAILED))
    with pytest.raises(ValueError, match="2 rows, but the calls of 1"):
        outcome_rows(_planned("r0", "r1"), pd.DataFrame({"attempts": [0], "tokens": 0.0, "cost": 0.0}), ends)


def _outcomes(rows: Sequence[tuple[str, str, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["task_id", "outcome", "reason"])


def _paused(task_id: str, reason: str) -> PausedTask:
    return PausedTask(task_id=task_id, task="Sort.", reason=reason, replies=20, not_asked=5)


_PAUSED = (_paused("t1", "refused"), _paused("t2", "label_leaked"))


def test_paused_tasks_fail_no_run_in_which_the_others_went_well() -> None:
    outcomes = _outcomes([_REFUSED] * 20 + [_LEAKED] * 20 + [_GOOD] * 30)
    seen = without_paused(_METRICS, outcomes, _PAUSED)
    assert seen == {
        "rate/parsed": 1.0,
        "rate/label_leaked": 0.0,
        "language/agreement": 0.9,
        "rows/answered": 30,
        "rows/candidates": 30,
    }
    made, settings = ledger(accepted=3_000, rejected={}, failed={}, not_run=0), QualityReportParameters()
    assert [concern["level"] for concern in assess(made, _METRICS, settings, {})][:2] == ["fail", "fail"]
    assert "fail" not in [concern["level"] for concern in assess(made, seen, settings, {})]


@pytest.mark.parametrize("others", [[], [("t0", "not_run", None)] * 5, [("t0", "failed", "timeout")]])
def test_where_no_other_task_got_a_reply_all_rows_count(others: list[tuple[str, str, str | None]]) -> None:
    outcomes = _outcomes([_REFUSED] * 20 + [_LEAKED] * 20 + others)
    assert without_paused(_METRICS, outcomes, _PAUSED) == _METRICS


def test_without_a_pause_nothing_changes() -> None:
    assert without_paused(_METRICS, _outcomes([_GOOD] * 60), ()) == _METRICS


def _failed(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["failure_cause", "detail"])


def test_the_most_common_transport_cause_is_reported_in_its_most_common_words() -> None:
    rows = [("invalid_json", "no JSON")] * 5 + [("timeout", "slow")] * 2
    rows += [("server_error", "busy. Next: wait")] * 2 + [("server_error", "another")]
    assert most_common_failure(_failed(*rows)) == "3 rows failed as server_error (busy)"
    assert most_common_failure(_failed(("timeout", "slow"))) == "1 row failed as timeout (slow)"


def test_without_such_a_row_there_is_nothing_to_tell() -> None:
    assert most_common_failure(_failed()) == ""
    assert most_common_failure(_failed(("refused", "no"))) == ""


def test_a_yield_that_is_low_for_it_says_so_in_the_servers_words() -> None:
    made = ledger(accepted=1, rejected={}, failed={"timeout": 9}, not_run=0)
    reason = most_common_failure(_failed(*[("timeout", "still loading")] * 9))
    line = complaint(assess(made, {}, QualityReportParameters(), {}, unanswered=reason))
    assert line is not None
    assert line.startswith("Only 1 of 10 rows were accepted; 9 rows failed as timeout (still loading) (quality")
    assert "Next: run the same command again when the server answers, or look at the most common causes" in line
    after_outage = Stops(outage=Outage(cause="timeout", words="still loading"))
    assert assess(made, {}, QualityReportParameters(), {}, after_outage, reason) == []


def test_rows_at_the_provider_are_a_part_of_the_rows_not_run() -> None:
    made = count(["r0", "r1", "r2", "r3"], ["r0"], {}, {"r1": "invalid_json"}, at_provider={"r1", "r2", "elsewhere"})
    assert (made["not_run"], made["in_batch"]) == (2, 1)
