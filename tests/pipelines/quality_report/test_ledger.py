"""Every planned row in exactly one place, or no ledger at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report.ledger import LedgerError, count
from synthetic_textcat.schemas.outcomes import FAILURE_CAUSES, REJECT_REASONS

_ENDS = st.sampled_from(["accepted", "surplus", "not_run", *REJECT_REASONS, *FAILURE_CAUSES])


@settings(deadline=None, max_examples=80)
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
