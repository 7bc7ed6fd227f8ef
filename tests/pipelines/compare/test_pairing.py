"""Which rows of two runs belong together."""

from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.compare.pairing import pair
from tests.pipelines.compare.builders import leaked, outcomes


def test_rows_pair_up_by_their_id_and_the_others_are_counted() -> None:
    made = pair(outcomes([{}] * 4), outcomes([{}] * 3, first=2)[::-1])
    assert made.is_paired
    assert list(made.baseline["request_id"]) == list(made.candidate["request_id"]) == ["r0002", "r0003"]
    assert (made.only_baseline, made.only_candidate) == (2, 1)


def test_a_row_that_one_run_has_not_asked_for_is_left_out() -> None:
    made = pair(outcomes([{}, {"outcome": "not_run"}, leaked()]), outcomes([{}, {}, {}]))
    assert list(made.baseline["request_id"]) == ["r0000", "r0002"]
    assert made.only_candidate == 1


def test_runs_of_other_plans_stay_unpaired_and_whole() -> None:
    made = pair(outcomes([{}] * 4), outcomes([{}] * 5, first=3))
    assert not made.is_paired
    assert (len(made.baseline), len(made.candidate)) == (4, 5)
    assert not pair(outcomes([]), outcomes([])).is_paired


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_a_pair_is_always_two_of_one_id(before: int, after: int, first: int) -> None:
    made = pair(outcomes([{}] * before), outcomes([{}] * after, first=first))
    if made.is_paired:
        assert list(made.baseline["request_id"]) == list(made.candidate["request_id"])
        assert made.only_baseline + len(made.baseline) == before
        assert made.only_candidate + len(made.candidate) == after
