"""Every planned row in exactly one place, or no ledger at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report.ledger import LedgerError, count
from synthetic_textcat.pipelines.quality_report.thresholds import too_low
from synthetic_textcat.schemas.outcomes import FAILURE_CAUSES, REJECT_REASONS
from tests.pipelines.quality_report.builders import ledger

_ENDS = st.sampled_from(["accepted", "not_run", *REJECT_REASONS, *FAILURE_CAUSES])


@settings(deadline=None, max_examples=80)
@given(st.lists(_ENDS, max_size=60))
def test_any_partition_of_the_plan_adds_up(ends: list[str]) -> None:
    rows = {f"r{place}": end for place, end in enumerate(ends)}
    made = count(
        rows,
        [row for row, end in rows.items() if end == "accepted"],
        {row: end for row, end in rows.items() if end in REJECT_REASONS},
        {row: end for row, end in rows.items() if end in FAILURE_CAUSES},
    )
    assert made["planned"] == len(ends)
    assert made["accepted"] == ends.count("accepted")
    assert made["not_run"] == ends.count("not_run")
    for end, number in {**made["rejected"], **made["failed"]}.items():
        assert number == ends.count(end) > 0
    ended = sum(made["rejected"].values()) + sum(made["failed"].values())
    assert made["accepted"] + ended + made["not_run"] == made["planned"]


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
    with pytest.raises(LedgerError, match="Row r0 ended in two places"):
        count(["r0", "r1"], accepted, rejected, failed)


@pytest.mark.parametrize(
    ("accepted", "rejected", "failed"), [(["x"], {}, {}), ([], {"x": "label_leaked"}, {}), ([], {}, {"x": "timeout"})]
)
def test_a_row_that_was_not_planned_is_refused(
    accepted: list[str], rejected: dict[str, str], failed: dict[str, str]
) -> None:
    with pytest.raises(LedgerError, match=r"1 rows \(such as x\) are not in the plan.*Next: run"):
        count(["r0"], accepted, rejected, failed)


def test_a_yield_below_the_threshold_is_told_with_its_causes() -> None:
    line = too_low(ledger(accepted=4, rejected={"label_leaked": 2}, failed={"invalid_json": 3}), 0.5)
    assert line is not None
    assert line.startswith("Only 4 of 9 rows were accepted; quality_report.min_yield=0.5 asks for more")
    assert "Most common: invalid_json 3, label_leaked 2" in line


@pytest.mark.parametrize(
    ("accepted", "not_run", "is_low"), [(4, 2, False), (3, 2, True), (5, 0, False), (0, 10, False)]
)
def test_the_yield_is_measured_on_the_rows_that_were_run(accepted: int, not_run: int, is_low: bool) -> None:
    rest = 10 - accepted - not_run
    made = ledger(accepted=accepted, rejected={"label_leaked": rest}, failed={}, not_run=not_run)
    assert (too_low(made, 0.5) is not None) is is_low


def test_no_threshold_is_ever_missed_by_a_whole_run_or_by_a_threshold_of_nothing() -> None:
    assert too_low(ledger(accepted=10, rejected={}, failed={}, not_run=0), 1.0) is None
    assert too_low(ledger(accepted=0, rejected={"label_leaked": 10}, failed={}, not_run=0), 0.0) is None
