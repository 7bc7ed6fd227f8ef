"""Every planned row in exactly one place, or no ledger at all.

Names and values of the metrics, and the outcome of each planned row.

Thresholds are measured on the rows of the tasks that are not paused.

Why most of the rows without a reply got none.
"""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.quality_report.concerns import assess, complaint
from synthetic_textcat.pipelines.quality_report.ledger import (
    count,
    merged,
    most_common_failure,
    row_metrics,
    without_paused,
)
from synthetic_textcat.pipelines.quality_report.plan_slices import PlanSlices, yield_metrics
from synthetic_textcat.pipelines.quality_report.row_ends import (
    LedgerError,
    PaidRows,
    find_ends,
    list_rows,
    paid_by_row,
    read_ends,
)
from synthetic_textcat.pipelines.quality_report.spending import spending_metrics, sum_spending
from synthetic_textcat.schemas.outcomes import FAILURE_CAUSES, REJECT_REASONS
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.rows import FAILED, OUTCOMES, records_of, to_frame
from synthetic_textcat.schemas.stops import Outage, PausedTask, Stops
from synthetic_textcat.tables import RowTable, as_table
from tests.llm.builders import completion, fingerprint, no_reply
from tests.pipelines.quality_report.builders import (
    COST,
    PRICES,
    ROW,
    end_tables,
    ends_of,
    example_frame,
    ledger,
    planned_calls_of,
)
from tests.support.each_case import each_of
from tests.support.examples import examples

_ENDS = st.sampled_from(["accepted", "surplus", "not_run", *REJECT_REASONS, *FAILURE_CAUSES])

_REQUESTS = pd.DataFrame(
    {
        "request_id": ["r0", "r1", "r2", "r3"],
        "task_id": ["t0", "t1", "t0", "t1"],
        "language": ["English", "German", "German", "English"],
    }
)

_SLICES = PlanSlices.of(as_table(_REQUESTS))
_NOTHING_RUN = ends_of(dict.fromkeys(_REQUESTS["request_id"], "not_run"))

_REFUSED = ("t1", "failed", "refused")
_LEAKED = ("t2", "rejected", "label_leaked")
_GOOD = ("t0", "accepted", None)
_METRICS = {"rate/parsed": 40 / 60, "rate/label_leaked": 0.5, "language/agreement": 0.9}


@examples(80)
@given(st.lists(_ENDS, max_size=60))
def test_any_partition_of_the_plan_adds_up(ends: list[str]) -> None:
    rows = {f"r{place}": end for place, end in enumerate(ends)}
    made = count(ends_of(rows))
    assert made["planned"] == len(ends)
    assert made["accepted"] == ends.count("accepted")
    assert made["not_run"] == ends.count("not_run")
    assert made["surplus"] == ends.count("surplus")
    for end, number in {**made["rejected"], **made["failed"]}.items():
        assert number == ends.count(end) > 0
    ended = sum(made["rejected"].values()) + sum(made["failed"].values())
    assert made["accepted"] + made["surplus"] + ended + made["not_run"] == made["planned"]


@pytest.mark.parametrize(
    ("one", "other"), [("accepted", "label_leaked"), ("accepted", "timeout"), ("refused", "near_duplicate")]
)
def test_a_row_in_two_places_is_refused_by_name(one: str, other: str) -> None:
    first, second = (end_tables({"r0": end}) for end in (one, other))
    tables = {name: first[name] if len(first[name]) else second[name] for name in first}
    with pytest.raises(LedgerError, match="Row r0 has two outcomes"):
        find_ends(_plan("r0", "r1"), tables)


@each_of("end", ["accepted", "surplus", "label_leaked", "timeout"])
def test_a_row_that_was_not_planned_is_refused(end: str) -> None:
    with pytest.raises(StaleTableError, match=r"Row x of the dataset .* is not in the plan.*Next: run"):
        find_ends(_plan("r0"), end_tables({"x": end}))


def test_a_row_that_is_planned_twice_is_refused() -> None:
    with pytest.raises(LedgerError, match="The plan lists a row twice"):
        find_ends(_plan("r0", "r1", "r0"), end_tables({}))


@pytest.mark.parametrize("names", [[], ["accepted", "not_run", "label_leaked", "timeout", "surplus"]])
def test_ends_are_read_back_from_the_table_of_outcomes(names: list[str]) -> None:
    found = ends_of({f"r{place}": name for place, name in enumerate(names)})
    rows = [found.kinds[code] for code in found.codes]
    outcomes = pd.DataFrame(rows, columns=["outcome", "reason"], dtype="str")
    again = read_ends(as_table(outcomes))
    assert [again.kinds[code] for code in again.codes] == rows
    assert [row.name for row in rows] == names
    assert count(again) == count(found)


def _plan(*ids: str) -> RowTable:
    return as_table(pd.DataFrame({"request_id": ids}, dtype="str"))


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
    ends = ends_of({"r0": "accepted", "r1": "accepted", "r2": "surplus", "r3": "not_run"})
    assert yield_metrics(_SLICES, ends) == {
        "yield/all": 0.75,
        "yield/language/en": 0.5,
        "yield/language/de": 1.0,
        "yield/task/t0": 1.0,
        "yield/task/t1": 0.5,
    }


def test_nothing_accepted_is_a_yield_of_zero() -> None:
    assert set(yield_metrics(_SLICES, _NOTHING_RUN).values()) == {0.0}


def test_what_can_not_be_known_is_null_in_the_file() -> None:
    nothing = spending_metrics(sum_spending((), _SLICES, PriceList.read(PRICES), "x", "model-1"), accepted=0)
    metrics = merged(row_metrics(ledger()), yield_metrics(_SLICES, _NOTHING_RUN), nothing)
    assert metrics["tokens/per_accepted"] is None
    assert metrics["cost/usd_per_accepted"] is None
    assert metrics["calls/dataset"] == 0
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def test_each_planned_row_has_one_outcome_with_what_it_cost() -> None:
    rows = ("r0", "r1", "r2", "r3", "r4")
    requests = pd.DataFrame({"request_id": rows, "task_id": "t0", "language": "English"})
    calls = pd.DataFrame({"request_id": rows, "fingerprint": [fingerprint(row) for row in rows]})
    candidates = {
        "examples": as_table(example_frame([{"request_id": "r0"}])),
        "surplus": as_table(example_frame([{"request_id": "r4"}])),
        "rejected": as_table(example_frame([{"request_id": "r1"}]).assign(reject_reason="label_leaked")),
    }
    failed = as_table(
        to_frame([{**ROW, "request_id": "r2", "failure_cause": "timeout"}], {**FAILED, "attempts": "float64"})
    )
    findings = pd.DataFrame({"request_id": ["r0", "r1", "r4"], "language_verdict": "agrees"}, dtype="str")
    lines = [completion(request_id=row) for row in ("r0", "r1", "r4", "r0")]
    lines += [no_reply(request_id="r2"), completion(request_id="another plan's")]
    lines.append(completion(request_id="r3", fingerprint=fingerprint("another prompt")))
    plan = as_table(requests)
    paid = paid_by_row(planned_calls_of(lines, requests, calls), len(rows), PriceList.read(PRICES))
    ends = find_ends(plan, {**candidates, "failed": failed})
    outcomes = list_rows(plan, candidates, as_table(findings), ends, paid).to_pandas()
    found = list(records_of(outcomes))
    seen = [(row["outcome"], row["reason"], row["attempts"], row["input_text"]) for row in found]
    assert seen == [
        ("accepted", None, 2, ROW["input_text"]),
        ("rejected", "label_leaked", 1, ROW["input_text"]),
        ("failed", "timeout", 1, None),
        ("not_run", None, 0, None),
        ("surplus", None, 1, ROW["input_text"]),
    ]
    assert {(row["task_id"], row["language"]) for row in found} == {("t0", "English")}
    assert [row["language_verdict"] for row in found] == ["agrees", "agrees", None, None, "agrees"]
    assert [row["tokens"] for row in found] == [30, 15, None, 0, 15]
    cost = [row["cost"] for row in found]
    assert cost.pop(2) is None  # unknown for a call that timed out
    assert cost == pytest.approx([2 * COST, COST, 0, COST])
    assert {name: str(kind) for name, kind in outcomes.dtypes.items()} == OUTCOMES


def test_a_reply_that_was_not_settled_is_reported() -> None:
    paid = PaidRows(np.array([0, 1], np.int32), np.zeros(2), np.zeros(2))
    with pytest.raises(StaleTableError, match=r"Row r1 has a reply in the journal.*Next: run"):
        list_rows(_plan("r0", "r1"), {}, _plan(), ends_of({"r0": "not_run", "r1": "not_run"}), paid)


def _outcomes(rows: Sequence[tuple[str, str, str | None]]) -> RowTable:
    return as_table(pd.DataFrame(list(rows), columns=["task_id", "outcome", "reason"], dtype="str"))


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


def _failed(*rows: tuple[str, str]) -> RowTable:
    return as_table(pd.DataFrame(list(rows), columns=["failure_cause", "detail"], dtype="str"))


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
    made = count(ends_of({"r0": "accepted", "r1": "invalid_json", "r2": "not_run", "r3": "not_run"}), in_batch=1)
    assert (made["not_run"], made["in_batch"]) == (2, 1)
