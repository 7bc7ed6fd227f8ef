"""The sample has known probabilities, is spread over tasks and verdicts, and does not depend on the order of rows."""

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.label_check.sampling import draw_sample
from synthetic_textcat.schemas.label_verdicts import AGREED, DISPUTED, UNJUDGED
from synthetic_textcat.schemas.parameters import LabelCheckParameters
from synthetic_textcat.tables import FrameTable

_STRATA = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([AGREED, DISPUTED, UNJUDGED])), min_size=1)
_MANY = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([AGREED, DISPUTED])), min_size=40)


def _rows(kinds: list[tuple[str, str]]) -> pd.DataFrame:
    tasks, strata = zip(*kinds, strict=True)
    ids = [f"r{number}" for number in range(len(kinds))]
    labels = {"label": "x", "misleading_label": "y"}
    return pd.DataFrame({"request_id": ids, "task_id": tasks, "input_text": ids, "stratum": strata}).assign(**labels)


def _drawn(rows: pd.DataFrame, wanted: int, seed: int = 1, weight: float = 2.0) -> pd.DataFrame:
    judged = rows[rows["stratum"] != UNJUDGED]
    verdicts = pd.DataFrame({"request_id": judged["request_id"], "agrees": judged["stratum"] == AGREED})
    settings = LabelCheckParameters(sample_rows=wanted, disputed_weight=weight)
    return draw_sample(FrameTable(rows), FrameTable(verdicts), settings, seed)


@given(_STRATA | _MANY, st.integers(1, 40), st.integers(0, 5), st.sampled_from([0.5, 2.0, 10.0]))
def test_each_stratum_gets_its_expected_number(
    kinds: list[tuple[str, str]], wanted: int, seed: int, weight: float
) -> None:
    judged = [kind for kind in kinds if kind[1] != UNJUDGED]
    eligible = judged or kinds
    drawn = _drawn(_rows(kinds), wanted, seed, weight)

    assert len(drawn) == min(wanted, len(eligible))
    assert set(drawn["rows"]) == {len(kinds)}
    rates = dict(zip(drawn["stratum"], drawn["probability"], strict=True))
    assert drawn.groupby("stratum")["probability"].nunique().eq(1).all()
    assert all(0 < rate <= 1 for rate in rates.values())
    if {AGREED, DISPUTED} <= rates.keys() and max(rates.values()) < 1:
        assert rates[DISPUTED] == pytest.approx(weight * rates[AGREED])
    counts = Counter(zip(drawn["task_id"], drawn["stratum"], strict=True))
    for kind, there in Counter(eligible).items():
        if kind[1] in rates:
            assert abs(counts[kind] - rates[kind[1]] * there) < 1 + 1e-6


@given(_STRATA, st.integers(1, 40), st.randoms())
def test_the_order_of_the_rows_does_not_matter(kinds: list[tuple[str, str]], wanted: int, random: object) -> None:
    rows = _rows(kinds)
    shuffled = rows.sample(frac=1, random_state=random.randrange(1_000))  # type: ignore[attr-defined]

    pd.testing.assert_frame_equal(
        _drawn(rows, wanted).reset_index(drop=True), _drawn(shuffled, wanted).reset_index(drop=True)
    )


def test_each_row_is_drawn_as_often_as_its_probability_says() -> None:
    rows = _rows([("a", AGREED)] * 13 + [("b", AGREED)] * 4 + [("a", DISPUTED)] * 5 + [("b", DISPUTED)])
    samples = [_drawn(rows, 7, seed) for seed in range(40)]

    drawn = Counter(row for sample in samples for row in sample["request_id"])
    rates = {
        row: rate for sample in samples for row, rate in zip(sample["request_id"], sample["probability"], strict=True)
    }
    assert {row: drawn[row] / 40 for row in rates} == pytest.approx(rates, abs=0.16)
    assert len(rates) == len(rows)


def test_a_later_sample_has_most_rows_of_an_earlier_one_again() -> None:
    before = _rows([("a", UNJUDGED)] * 300 + [("b", UNJUDGED)] * 200)
    judged = before.assign(stratum=[AGREED if number % 5 else DISPUTED for number in range(500)])

    first, second = (set(_drawn(rows, 50)["request_id"]) for rows in (before, judged))
    assert len(first & second) >= 35
