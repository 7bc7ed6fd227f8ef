"""Splits: shares, strata, what stays together, and that no row ever changes sides."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.export.splits import (
    LEFT_OUT,
    TEST,
    TRAIN,
    VALIDATION,
    Codes,
    drop_cross_split_duplicates,
    planned_splits,
)
from synthetic_textcat.schemas.parameters import SplitShares
from synthetic_textcat.schemas.rows import REQUESTS, records_of, to_frame
from synthetic_textcat.schemas.seed_examples import ShownTexts
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable
from synthetic_textcat.text.minhash import grams_of, jaccard
from tests.support.each_case import each_of
from tests.support.examples import examples

_PLAIN = Task.model_validate({"task": "Sort a mail.", "labels": ["work", "home", "spam"]})
_OPEN = Task.model_validate({"task": "Say what a question is about."})
_SEEDED = Task.model_validate(
    {
        "task": "Sort a review.",
        "labels": ["good", "bad"],
        "seed_examples": {
            "good": [f"Good text {number}" for number in range(6)],
            "bad": [f"Bad text {number}" for number in range(6)],
        },
    }
)
_SHARES = SplitShares()
_COLOURS = ["red", "green", "blue", "amber", "coral", "olive", "ivory", "khaki"]
_WORDS = st.lists(st.sampled_from(_COLOURS), min_size=4, max_size=12)


def _plan(tasks: Sequence[Task], rows: int) -> pd.DataFrame:
    records = []
    for number in range(rows):
        task, replicate = tasks[number % len(tasks)], number // len(tasks)
        names = task.label_names
        records.append(
            {
                "request_id": f"{task.task_id}-{replicate}",
                "task_id": task.task_id,
                "replicate": replicate,
                "task": task.task,
                "language": "English",
                "difficulty": "PhD",
                "clarity": "clear",
                "num_words": "less than 10",
                "label": names[replicate % len(names)] if names else None,
                "misleading_label": names[(replicate + 1) % len(names)] if names else None,
                "seed": 1,
            }
        )
    return to_frame(records, REQUESTS)


def _planned(plan: pd.DataFrame, tasks: Sequence[Task], shown: int, shares: SplitShares, seed: int) -> Codes:
    return planned_splits(FrameTable(plan), tasks, shown, shares, seed)


def _shares(codes: Codes) -> list[float]:
    return [float((codes == code).mean()) for code in (TRAIN, VALIDATION, TEST)]


def test_of_each_ten_rows_of_a_label_eight_are_for_training() -> None:
    plan = _plan([_PLAIN, _OPEN], 600)
    codes = pd.Series(_planned(plan, [_PLAIN, _OPEN], 3, _SHARES, 42))
    strata = plan["task_id"] + plan["label"].fillna("")
    assert strata.nunique() == 4
    for _, own in codes.groupby(strata):
        for start in range(0, len(own), 10):
            assert sorted(own.iloc[start : start + 10]) == [TRAIN] * 8 + [VALIDATION, TEST]


@each_of("shares", [(0.8, 0.1, 0.1), (0.73, 0.02, 0.25), (0.9, 0.05, 0.05), (0.5, 0, 0.5), (1, 0, 0)])
def test_shares_are_near_those_asked_for(shares: tuple[float, float, float]) -> None:
    asked = SplitShares(train=shares[0], validation=shares[1], test=shares[2])
    codes = _planned(_plan([_PLAIN, _OPEN], 1000), [_PLAIN, _OPEN], 3, asked, 42)
    assert _shares(codes) == pytest.approx(shares, abs=0.02)


def test_shares_are_near_those_asked_for_where_tasks_have_three_rows_each() -> None:
    tasks = [Task.model_validate({"task": f"Sort pile {number}."}) for number in range(400)]
    codes = _planned(_plan(tasks, 1200), tasks, 3, _SHARES, 42)
    assert _shares(codes) == pytest.approx((0.8, 0.1, 0.1), abs=0.03)


def test_another_seed_deals_otherwise() -> None:
    plan = _plan([_PLAIN], 300)
    one, other = (_planned(plan, [_PLAIN], 3, _SHARES, seed) for seed in (1, 2))
    assert (one != other).any()


@examples(30)
@given(rows=st.integers(1, 150), more=st.integers(0, 150), seed=st.integers(0, 1000))
def test_rows_that_come_later_move_none(rows: int, more: int, seed: int) -> None:
    tasks = [_PLAIN, _SEEDED, _OPEN]
    few = _planned(_plan(tasks, rows), tasks, 3, _SHARES, seed)
    many = _planned(_plan(tasks, rows + more), tasks, 3, _SHARES, seed)
    assert many[:rows].tolist() == few.tolist()


@examples(20)
@given(seed=st.integers(0, 1000), shown=st.integers(1, 5))
def test_rows_that_lead_with_one_seed_example_are_on_one_side(seed: int, shown: int) -> None:
    plan = _plan([_SEEDED], 120)
    codes = _planned(plan, [_SEEDED], shown, _SHARES, seed)
    shown_texts = ShownTexts(plan, [_SEEDED], shown)
    leads = [shown_texts.texts(row)[0] for row in records_of(plan)]
    sides = pd.Series(codes).groupby(leads).nunique()
    assert len(sides) == 12
    assert set(sides) == {1}
    assert set(codes) == {TRAIN, VALIDATION, TEST}


def test_seed_examples_that_are_not_shown_count_for_nothing() -> None:
    plan = _plan([_SEEDED], 200)
    codes = _planned(plan, [_SEEDED], 0, _SHARES, 42)
    assert _shares(codes) == pytest.approx((0.8, 0.1, 0.1))


@examples(60)
@given(
    rows=st.lists(st.tuples(_WORDS.map(" ".join), st.sampled_from([TRAIN, VALIDATION, TEST])), max_size=25),
    kept=st.data(),
)
def test_near_texts_are_on_one_side_and_rows_in_between_move_none(
    rows: list[tuple[str, int]], kept: st.DataObject
) -> None:
    texts = [text for text, _ in rows]
    planned = np.array([code for _, code in rows], np.int8)
    codes = drop_cross_split_duplicates([texts], planned, 0.6)
    sided = [(text, code) for text, code in zip(texts, codes, strict=True) if code != LEFT_OUT]
    for text, code in sided:
        for other, side in sided:
            # 98 % of the pairs right at the threshold are found, and nearly all of these
            assert code == side or jaccard(grams_of(text), grams_of(other)) < 0.8
    assert ((codes == planned) | (codes == LEFT_OUT)).all()
    assert (codes[planned == TEST] == TEST).all()
    before = kept.draw(st.sets(st.integers(0, max(0, len(rows) - 1)))) if rows else set()
    some = [place for place in range(len(rows)) if place in before]
    earlier = drop_cross_split_duplicates([[texts[place] for place in some]], planned[some], 0.6)
    for place, code in zip(some, earlier, strict=True):
        assert codes[place] in (code, LEFT_OUT) or code == LEFT_OUT


def test_training_gives_way_to_validation_and_validation_to_test() -> None:
    text, other = "The courier left my parcel in the rain again.", "A quite different sentence about a bank account."
    planned = np.array([TRAIN, VALIDATION, TEST, TRAIN, VALIDATION], np.int8)
    codes = drop_cross_split_duplicates([[text, f"{text} "], [text.upper(), other, other]], planned, 0.6)
    assert codes.tolist() == [LEFT_OUT, LEFT_OUT, TEST, LEFT_OUT, VALIDATION]


def test_no_rows_no_splits() -> None:
    assert not len(drop_cross_split_duplicates([], np.array([], np.int8), 0.6))
    assert not len(_planned(_plan([_PLAIN], 0), [_PLAIN], 3, _SHARES, 42))
