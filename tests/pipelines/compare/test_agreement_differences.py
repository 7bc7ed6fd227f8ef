"""The paired difference in a judge's agreement with the labels."""

import pytest

from synthetic_textcat.pipelines.compare.agreement_differences import agreement_differences
from synthetic_textcat.pipelines.compare.changes import changes
from synthetic_textcat.pipelines.compare.differences import Difference
from synthetic_textcat.pipelines.compare.nodes import measure_differences
from synthetic_textcat.pipelines.compare.page import Comparison, render_html, render_markdown
from synthetic_textcat.pipelines.compare.pairing import pair
from synthetic_textcat.schemas.label_verdicts import LABEL_VERDICTS
from synthetic_textcat.schemas.rows import to_frame
from synthetic_textcat.tables import RowTable, as_table
from tests.pipelines.compare.builders import leaked, outcomes, run

_ROWS = 200


def _verdicts(disputed: int, rows: int = _ROWS, first: int = 0, judge: str = "judge-1") -> RowTable:
    """Verdicts of which the first so many dispute the label."""
    made = (
        (f"r{number:04}", "good" if number < disputed else "bad", 1, number >= disputed, False, judge)
        for number in range(first, first + rows)
    )
    return as_table(to_frame(made, LABEL_VERDICTS))


def _found(baseline: RowTable | None, candidate: RowTable | None, **changed: int) -> list[Difference]:
    before, after = outcomes([{}] * _ROWS), outcomes([{}] * _ROWS, changed.get("first", 0))
    return list(agreement_differences(pair(before, after), baseline, candidate, 42))


def test_rows_judged_in_both_runs_are_compared_pair_by_pair() -> None:
    agreement, ambiguous = _found(_verdicts(40), _verdicts(10))

    assert (agreement.measure, agreement.unit) == ("label/agreement", "share")
    assert (agreement.baseline, agreement.candidate) == (0.8, 0.95)
    assert agreement.difference == pytest.approx(0.15)
    assert agreement.low is not None
    assert 0.08 < agreement.low < 0.15 < (agreement.high or 0) < 0.22
    assert agreement.p_value == pytest.approx(2 * 0.5**30)
    assert agreement.basis == "200 rows judged in both, by judge-1"
    assert (ambiguous.measure, ambiguous.difference) == ("label/ambiguous_share", 0.0)


def test_rows_that_only_one_run_judged_do_not_count() -> None:
    agreement = _found(_verdicts(40, rows=100), _verdicts(10))[0]

    assert (agreement.baseline, agreement.candidate) == (0.6, 0.9)
    assert agreement.basis.startswith("100 rows")


def test_rejected_rows_count() -> None:
    before = outcomes([leaked()] * 40 + [{}] * 160)
    found = list(agreement_differences(pair(before, outcomes([{}] * _ROWS)), _verdicts(40), _verdicts(10), 42))

    assert (found[0].baseline, found[0].candidate) == (0.8, 0.95)


@pytest.mark.parametrize(("baseline", "candidate"), [(None, _verdicts(1)), (_verdicts(1), None), (None, None)])
def test_a_run_without_verdicts_has_no_difference(baseline: RowTable | None, candidate: RowTable | None) -> None:
    assert _found(baseline, candidate) == []


def test_no_common_row_has_no_difference() -> None:
    assert _found(_verdicts(1, rows=50), _verdicts(1, rows=50, first=100)) == []


def test_unpaired_runs_are_two_samples_without_mcnemar() -> None:
    agreement = _found(_verdicts(40), _verdicts(510, first=500), first=500)[0]

    assert (agreement.baseline, agreement.candidate, agreement.p_value) == (0.8, 0.95, None)
    assert agreement.basis == "200 and 200 judged rows, by judge-1"


def test_other_judges_are_named() -> None:
    found = _found(_verdicts(40), _verdicts(10, judge="judge-2"))

    assert "by other judges (judge-1; judge-2)" in found[0].basis


def test_the_page_has_the_measure_in_a_section_of_its_own() -> None:
    before, after = (
        run(verdicts=_verdicts(2, rows=4)),
        run(run_id="b2", name="generate-b", verdicts=_verdicts(1, rows=4)),
    )
    pairing = pair(before.outcomes, after.outcomes)
    found = [Difference(**row) for row in measure_differences(pairing, before, after, 42)]
    comparison = Comparison(before, after, pairing, changes(before, after), found)

    assert [row.measure for row in comparison.in_labels] == ["label/agreement", "label/ambiguous_share"]
    assert not any(row.measure.startswith("label/") for row in comparison.of_corpus)
    assert "Labels, judged blind" in render_html(comparison)
    assert "4 rows judged in both, by judge-1" in render_markdown(comparison)


def test_runs_without_verdicts_are_compared_as_before() -> None:
    before, after = run(), run(run_id="b2")
    pairing = pair(before.outcomes, after.outcomes)
    found = [Difference(**row) for row in measure_differences(pairing, before, after, 42)]
    comparison = Comparison(before, after, pairing, changes(before, after), found)

    assert "judged" not in render_html(comparison) + render_markdown(comparison)
