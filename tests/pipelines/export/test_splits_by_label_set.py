"""Splits by label set: every label and every set has its shares at every prefix, and no row ever changes its split."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.export.splits import LabelSetSplits
from synthetic_textcat.schemas.parameters import SplitShares
from tests.support.examples import examples

_BOUND = 4  # rows, as the docstring of `LabelSetSplits` says

LabelSet = tuple[str, ...]


_SIZES = {6: {0: 1, 1: 3, 2: 3, 3: 1}, 4: {1: 1, 2: 1}, 50: {2: 1, 5: 1}}
"""By number of labels: the odds of each number of labels a text."""


@cache
def _sets(labels: int, rows: int, seed: int) -> list[LabelSet]:
    drawn, sizes = np.random.default_rng(seed), _SIZES[labels]
    odds, names = np.array([*sizes.values()]), [f"label {number}" for number in range(labels)]
    weights = drawn.dirichlet(np.full(labels, 2.0))
    picked = (
        sorted(drawn.choice(labels, size=size, replace=False, p=weights).tolist())
        for size in drawn.choice([*sizes], p=odds / odds.sum(), size=rows).tolist()
    )
    return [tuple(names[number] for number in own) for own in picked]


def _shares(train: float, validation: float, test: float) -> SplitShares:
    return SplitShares(train=train, validation=validation, test=test)


def _furthest(keys: list[tuple[object, ...]], splits: list[int], shares: SplitShares) -> float:
    """Most rows by which a split of a stratum, after any number of rows, differs from its share."""
    asked = (shares.train, shares.validation, shares.test)
    rows, dealt, furthest = Counter[object](), Counter[tuple[object, int]](), 0.0
    for own, split in zip(keys, splits, strict=True):
        for key in own:
            rows[key] += 1
            dealt[key, split] += 1
            furthest = max(furthest, *(abs(dealt[key, code] - asked[code] * rows[key]) for code in range(3)))
    return furthest


@pytest.mark.parametrize(
    "shares", [(0.8, 0.1, 0.1), (0.7, 0.15, 0.15), (0.9, 0, 0.1), (0.5, 0.25, 0.25), (1, 0, 0)], ids=str
)
@pytest.mark.parametrize("labels", _SIZES)
def test_labels_sets_and_all_rows_have_their_shares_at_every_prefix(
    shares: tuple[float, float, float], labels: int
) -> None:
    sets, asked = _sets(labels, 500, seed=labels), _shares(*shares)
    splits = LabelSetSplits(asked, 42).codes(["t"] * len(sets), sets).tolist()
    assert _furthest([(*labels, labels, None) for labels in sets], splits, asked) <= _BOUND
    assert set(splits) == {code for code, share in enumerate(shares) if share}


_SETS = st.lists(st.lists(st.sampled_from("abcdef"), unique=True, max_size=3).map(lambda own: tuple(sorted(own))))


@examples(30)
@given(rows=_SETS, more=_SETS, seed=st.integers(0, 1000), cut=st.integers(0, 20))
def test_later_rows_and_other_tasks_move_no_row(
    rows: list[LabelSet], more: list[LabelSet], seed: int, cut: int
) -> None:
    asked = _shares(0.8, 0.1, 0.1)
    alone = LabelSetSplits(asked, seed).codes(["t"] * len(rows), rows).tolist()
    dealer = LabelSetSplits(asked, seed)
    mixed = [pair for own in rows for pair in (("other", ("x",)), ("t", own))] + [("t", own) for own in more]
    parts = [mixed[:cut], mixed[cut:]]  # as record batches
    dealt = [code for part in parts for code in dealer.codes([task for task, _ in part], [own for _, own in part])]
    assert [code for code, (task, _) in zip(dealt, mixed, strict=True) if task == "t"][: len(rows)] == alone


def test_the_order_of_labels_in_the_tasks_file_moves_no_row() -> None:
    sets = _sets(6, 200, seed=1)
    first, other = (
        LabelSetSplits(_shares(0.8, 0.1, 0.1), 42).codes(["t"] * len(sets), own).tolist()
        for own in (sets, [labels[::-1] for labels in sets])
    )
    assert first == other


def test_over_many_seeds_a_row_has_each_split_by_its_share() -> None:
    sets = _sets(6, 40, seed=1)
    dealt = np.array([LabelSetSplits(_shares(0.8, 0.1, 0.1), seed).codes(["t"] * 40, sets) for seed in range(200)])
    tested = (dealt == 2).mean(axis=0)
    assert tested.mean() == pytest.approx(0.1, abs=0.01)
    assert tested[5:].min() > 0.01
    assert tested[5:].max() < 0.25
