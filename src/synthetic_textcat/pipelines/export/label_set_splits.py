"""Splits stratified by label set, one row after another, for tasks with several labels a text.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011) deals rows to the subset that lacks most of their
labels. It needs all rows at once, and a row added later can move any other. This is its online form: rows are dealt in
plan order, so the split of a row depends on earlier rows only.

A row belongs to several strata: each of its labels, its whole set, and all rows of the task. Each stratum knows how
many rows each split lacks of its share. The row goes to the split with the largest sum of these. Rare sets therefore
have no blocks to fill: their labels decide. Each stratum starts at a random point of its cycle, else the first rows of
each label would all be for training.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw, key64, uniform
from synthetic_textcat.schemas.parameters import SplitShares

_STARTS = 20  # points of the cycle at which a stratum can start: all, if shares are multiples of a twentieth
_NOISE = 0.3  # of a row: less than what a row changes, and enough to part equal sums
_NEVER = float("-inf")

LabelSet = tuple[str, ...]
Lacking = list[float]
"""Rows that each split lacks of its share of a stratum; negative if it has too many."""


class LabelSetSplits:
    """Dealer of rows to splits by their label sets, in plan order.

    Of each label, of each set and of all rows of a task, a split has its share within 4 rows after any number of rows:
    measured with up to 50 labels and 5 of them a row (`tests/pipelines/export/test_label_set_splits.py`).

    Args:
        shares: Share of each split.
        seed: Seed of the run.
    """

    def __init__(self, shares: SplitShares, seed: int) -> None:
        self._shares = [shares.train, shares.validation, shares.test]
        self._starts = _cycle(self._shares)
        self._seed = seed
        self._strata: dict[tuple[str, LabelSet | str | None], Lacking] = {}
        self._dealt: dict[str, int] = {}

    def codes(self, task_ids: Sequence[str], sets: Sequence[LabelSet]) -> NDArray[np.int8]:
        """Split of each row, as its position in `SPLITS`.

        Args:
            task_ids: Task of each row.
            sets: Labels of each row; their order, which is that of the tasks file, does not count.
        """
        noise = self._noise(task_ids).tolist()
        rows = zip(task_ids, sets, noise, strict=True)
        return np.array([self._deal(task_id, tuple(sorted(labels)), own) for task_id, labels, own in rows], np.int8)

    def _noise(self, task_ids: Sequence[str]) -> NDArray[np.float64]:
        """Three small numbers for each row, a function of seed, task and number of the row among those dealt."""
        keys, numbers = np.empty(len(task_ids), np.uint64), np.empty(len(task_ids), np.int64)
        key_of = {task_id: key64(self._seed, "split by labels", task_id) for task_id in dict.fromkeys(task_ids)}
        for row, task_id in enumerate(task_ids):
            keys[row] = key_of[task_id]
            numbers[row] = self._dealt[task_id] = self._dealt.get(task_id, -1) + 1
        splits = len(self._shares)
        return _NOISE * uniform(keys[:, None], numbers[:, None] * splits + np.arange(splits))

    def _deal(self, task_id: str, labels: LabelSet, noise: Lacking) -> int:
        train, validation, test = self._shares
        strata = [self._stratum(task_id, key) for key in (*labels, labels, None)]
        sums = noise
        for lacking in strata:
            lacking[0] += train
            lacking[1] += validation
            lacking[2] += test
            sums[0] += lacking[0]
            sums[1] += lacking[1]
            sums[2] += lacking[2]
        chosen = max(range(len(sums)), key=lambda split: sums[split] if self._shares[split] else _NEVER)
        for lacking in strata:
            lacking[chosen] -= 1
        return chosen

    def _stratum(self, task_id: str, key: LabelSet | str | None) -> Lacking:
        """State of a label (a text), a label set (a tuple), or all rows of a task (None)."""
        name = (task_id, key)
        if (found := self._strata.get(name)) is None:
            start = draw(self._seed, "split stratum", task_id, key)
            found = self._strata[name] = list(self._starts[int(start * len(self._starts))])
        return found


def _cycle(shares: Sequence[float]) -> list[Lacking]:
    """States of a stratum that is dealt alone, after 0, 1, 2, … rows: both ways where two splits have equal shares."""
    states = []
    for later in (False, True):
        lacking = [0.0] * len(shares)
        for _ in range(_STARTS):
            states.append([*lacking])
            lacking = [value + share for value, share in zip(lacking, shares, strict=True)]
            most = max(value for value, share in zip(lacking, shares, strict=True) if share)
            tied = [split for split, value in enumerate(lacking) if shares[split] and value > most - 1e-9]
            lacking[tied[-1] if later else tied[0]] -= 1
    return states
