"""Prediction-powered inference of a share: the same estimate as by its formula, and sound at the edges."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from synthetic_textcat.text.intervals import jeffreys_interval
from synthetic_textcat.text.prediction_powered import Strata, effective_rows, estimated_share, judge_weight

_SIZES = st.tuples(st.integers(1, 2_000), st.integers(1, 2_000))
_PART = st.floats(0, 1)


def _strata(sizes: tuple[int, int], labelled: tuple[int, int], hits: tuple[int, int]) -> Strata:
    return Strata.of_counts(sizes, labelled, hits)


def test_the_estimate_is_that_of_power_tuned_prediction_powered_inference() -> None:
    rng = np.random.default_rng(3)
    agrees = rng.random(4_000) < 0.8
    right = rng.random(4_000) < np.where(agrees, 0.95, 0.4)
    odds = np.where(agrees, 0.02, 0.05)  # disputed rows are drawn more often
    drawn = rng.random(4_000) < odds
    a, c, weights = agrees[drawn].astype(float), right[drawn].astype(float), 1 / odds[drawn]

    covariance = np.cov(a, c, aweights=weights)
    tuned = covariance[0, 1] / covariance[0, 0]
    expected = tuned * agrees.mean() + np.average(c - tuned * a, weights=weights)

    kinds = (agrees, ~agrees)
    strata = _strata(*(tuple(int((kind & given).sum()) for kind in kinds) for given in (True, drawn, drawn & right)))  # type: ignore[arg-type]
    assert judge_weight(strata) == pytest.approx(tuned)
    assert estimated_share(strata, 4_000).share == pytest.approx(expected)


@given(_SIZES, st.tuples(_PART, _PART, _PART, _PART))
def test_the_interval_holds_the_estimate_and_no_impossible_number_of_rows(
    sizes: tuple[int, int], parts: tuple[float, ...]
) -> None:
    labelled = (int(parts[0] * sizes[0]), int(parts[1] * sizes[1]))
    hits = (int(parts[2] * labelled[0]), int(parts[3] * labelled[1]))
    rows = sum(sizes)
    found = estimated_share(_strata(sizes, labelled, hits), rows)

    assert 0 <= found.low <= found.share + 1e-9 <= found.high + 2e-9 <= 1 + 3e-9
    assert found.low * rows == pytest.approx(round(float(found.low * rows)), abs=1e-6)
    assert found.high * rows == pytest.approx(round(float(found.high * rows)), abs=1e-6)


@given(_SIZES, st.tuples(_PART, _PART))
def test_all_rows_labelled_leave_no_doubt(sizes: tuple[int, int], parts: tuple[float, ...]) -> None:
    hits = (int(parts[0] * sizes[0]), int(parts[1] * sizes[1]))
    found = estimated_share(_strata(sizes, sizes, hits), sum(sizes))

    assert [found.low, found.high] == pytest.approx([sum(hits) / sum(sizes)] * 2)


@pytest.mark.parametrize(("hits", "ends"), [((40, 10), (0.9, 1.0)), ((0, 0), (0.0, 0.1))])
def test_all_right_or_none_right_still_leaves_doubt(hits: tuple[int, int], ends: tuple[float, float]) -> None:
    found = estimated_share(_strata((800, 200), (40, 10), hits), 1_000)

    assert ends[0] <= found.low < found.high <= ends[1]


def test_a_stratum_without_a_label_is_unknown() -> None:
    found = estimated_share(_strata((900, 100), (45, 0), (45, 0)), 1_000)

    assert found.share == pytest.approx(0.95)
    assert found.high == 1.0
    assert found.low < 0.9  # were all of the 100 wrong, and one of the others
    nothing = estimated_share(_strata((900, 100), (0, 0), (0, 0)), 1_000)
    assert nothing.high - nothing.low > 0.9


def test_an_empty_stratum_does_not_matter() -> None:
    alone = estimated_share(Strata.of_counts([1_000], [50], [45]), 1_000)

    strata = _strata((1_000, 0), (50, 0), (45, 0))
    assert estimated_share(strata, 1_000) == pytest.approx(alone)
    assert judge_weight(strata) == 0.0


def test_without_a_judge_it_is_the_interval_of_a_share() -> None:
    found = estimated_share(Strata.of_counts([10**9], [50], [45]), 10**9)

    assert [float(found.low), float(found.high)] == pytest.approx([*map(float, jeffreys_interval(0.9, 50))], abs=1e-6)


@given(_SIZES, st.integers(2, 40), st.tuples(_PART, _PART))
def test_fewer_verdicts_leave_more_doubt(sizes: tuple[int, int], labelled: int, parts: tuple[float, ...]) -> None:
    assume(min(sizes) >= labelled)
    hits = (int(parts[0] * labelled), int(parts[1] * labelled))
    strata, rows = _strata(sizes, (labelled, labelled), hits), sum(sizes)
    few, many = (estimated_share(strata, rows, judged) for judged in (max(1, rows // 4), rows))

    assert few.high - few.low >= many.high - many.low


def test_the_doubt_about_the_sizes_of_the_strata_has_the_variance_of_a_sample() -> None:
    strata = Strata.of_counts([600_000, 400_000], [600_000, 400_000], [600_000, 0])  # all agreed rows are right
    found = estimated_share(strata, 1_000_000, 1_000)

    assert found.high - found.share == pytest.approx(1.96 * np.sqrt(0.6 * 0.4 / 1_000 * (1 - 1 / 1_000)), rel=0.001)


@pytest.mark.parametrize("hits", [(580, 10), (300, 200), (594, 280)])
def test_a_judge_is_worth_as_many_labels_by_hand_as_the_variance_says(hits: tuple[int, int]) -> None:
    strata = _strata((800_000, 200_000), (600, 400), hits)
    found = estimated_share(strata, 1_000_000)
    variance = float((strata.size**2 * strata.share * (1 - strata.share) / strata.labelled).sum())

    expected = float(found.share * (1 - found.share)) / variance
    assert effective_rows(found, 1_000_000) == pytest.approx(expected, rel=0.05)
