"""Train, validation and test splits, fixed by the plan.

Every planned row is assigned to a split before its text exists. The rows of a stratum (task and planned label, or task
if the model invents labels) are numbered in plan order, and each block of ten is distributed by the shares, in an order
drawn from the seed: at a share of 0.8, eight rows of every block are for training. Later rows never move earlier ones.

Rows with several labels are distributed one after another. Iterative stratification (Sechidis, Tsoumakas and Vlahavas
2011) deals rows to the subset that lacks most of their labels. It needs all rows at once, and a row added later can
move any other. This is its online form: rows are dealt in plan order, so the split of a row depends on earlier rows
only. A row belongs to several strata: each of its labels, its whole set, and all rows of the task. Each stratum knows
how many rows each split lacks of its share. The row goes to the split with the largest sum of these. Rare sets
therefore have no blocks to fill: their labels decide. Each stratum starts at a random point of its cycle, else the
first rows of each label would all be for training.

Rows with seed examples are grouped by the first seed example of their prompt, and these examples are numbered instead
of the rows, in the order of the task. So all rows with the same leading example share a split. A prompt shows further
examples by rotation; if these counted too, all rows of a label would form one group, and no label would be in both
train and test. Since a task has few examples, its shares are coarse.

The plan can't know which texts are similar. A training row that is a near duplicate of a validation or test row, and a
validation row that is a near duplicate of a test row, is left out of the splits. So a test set only ever grows; a row
can drop out, but never move to another split.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw, key64, shuffled, uniform
from synthetic_textcat.schemas.label_sets import LABELS, LabelSet, labels_of
from synthetic_textcat.schemas.parameters import SplitShares
from synthetic_textcat.schemas.publications import SPLITS
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.schemas.seed_examples import SeedTurns, planned_alike
from synthetic_textcat.schemas.task_table import as_task_table
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowGroups, RowTable, factorized
from synthetic_textcat.text.comparison import sentence_key
from synthetic_textcat.text.cross_set import CrossSetMatcher
from synthetic_textcat.text.sketched_texts import SketchedTexts, SketchParts

TRAIN, VALIDATION, TEST = range(len(SPLITS))
LEFT_OUT = -1

_AT_ONCE = 10  # rows of a block
_DIGITS = 12
_STARTS = 20  # points of the cycle at which a stratum can start: all, if shares are multiples of a twentieth
_NOISE = 0.3  # of a row: less than what a row changes, and enough to part equal sums
_NEVER = float("-inf")

Lacking = list[float]
"""Rows that each split lacks of its share of a stratum; negative if it has too many."""

Codes = NDArray[np.int8]
"""Split of each row, as its position in `SPLITS`, or `LEFT_OUT`."""


class LabelSetSplits:
    """Dealer of rows to splits by their label sets, in plan order.

    Of each label, of each set and of all rows of a task, a split has its share within 4 rows after any number of rows:
    measured with up to 50 labels and 5 of them a row (`tests/pipelines/export/test_splits_by_label_set.py`).

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


def planned_splits(
    requests: RowTable, tasks: Sequence[Task], num_seed_examples: int, shares: SplitShares, seed: int
) -> Codes:
    """Split of each planned row, as described in the module docstring.

    Args:
        requests: The whole plan.
        tasks: Its tasks.
        num_seed_examples: Seed examples in a prompt; with 0 rows are not grouped by them.
        shares: Share of each split.
        seed: Seed of the run.
    """
    turns = SeedTurns(tasks, min(num_seed_examples, 1))
    columns = ["task_id", *(planned_alike(requests) if turns.tasks else ["label"])]
    columns += [LABELS] if as_task_table(tasks).with_several_labels else []
    by_label_set = LabelSetSplits(shares, seed)
    cuts = np.round(np.cumsum([shares.train, shares.validation]), _DIGITS)
    before: Counter[str] = Counter()
    codes = np.empty(len(requests), np.int8)
    start = 0
    for rows in requests.frames(columns):
        strata = rows["task_id"] + "\x1f" + rows["label"].fillna("")
        numbers = _numbers(strata, before)
        if (led := (leads := _lead_examples(rows, turns)) >= 0).any():
            strata, numbers = strata.mask(led, rows["task_id"]), np.where(led, leads, numbers)
        own = codes[start : start + len(rows)]
        own[:] = np.searchsorted(cuts, _positions(strata, numbers, seed), side="right")
        if LABELS in rows and (several := rows["label"].isna().to_numpy() & ~led).any():
            _deal_label_sets(by_label_set, rows, several, own)
        start += len(rows)
    return codes


def drop_cross_split_duplicates(
    texts: Iterable[Sequence[str]], planned: Codes, similarity: float, sketch_parts: SketchParts = map
) -> Codes:
    """Split of each row, with `LEFT_OUT` for near duplicates of rows in another split.

    Args:
        texts: As written, in batches, which are read once.
        planned: Splits by the plan.
        similarity: Jaccard similarity of character 5-grams at or above which texts must not be in different splits.
        sketch_parts: As of `SketchedTexts`.
    """
    codes = planned.copy()
    if not len(codes):
        return codes
    keys = ([sentence_key(text) for text in batch] for batch in texts)
    matcher = CrossSetMatcher(SketchedTexts(keys, similarity, sketch_parts), similarity)
    codes[matcher.near(codes == VALIDATION, codes == TEST)] = LEFT_OUT
    codes[matcher.near(codes == TRAIN, (codes == VALIDATION) | (codes == TEST))] = LEFT_OUT
    return codes


def split_codes(splits: RowTable) -> Codes:
    """The column `split` of the table `splits` as codes."""
    codes, names = factorized(splits, "split")
    of_name = np.array([*(SPLITS.index(name) for name in names), LEFT_OUT], np.int8)
    return of_name[codes]


def rows_of_parts(by_task: RowGroups, splits: Codes) -> dict[tuple[str, str], int]:
    """Number of rows of each task and split that has any; `splits` is in the order of the table, not of the groups."""
    of_task, found = splits[by_task.order], dict[tuple[str, str], int]()
    for number, task_id in enumerate(by_task.values):
        first, end = by_task.bounds(number)
        counts = np.bincount(of_task[first:end] + 1, minlength=len(SPLITS) + 1)[1:]
        found |= {(task_id, split): rows for split, rows in zip(SPLITS, counts.tolist(), strict=True) if rows}
    return found


def _deal_label_sets(dealer: LabelSetSplits, rows: pd.DataFrame, among: NDArray[np.bool_], codes: Codes) -> None:
    """Changes the splits of rows of multi-label tasks; open label sets have no labels before the model invents them."""
    sets = labels_of(rows)
    places = [place for place in np.flatnonzero(among).tolist() if sets[place] is not None]
    task_ids = plain(rows["task_id"].iloc[places])
    codes[places] = dealer.codes(task_ids, [sets[place] or () for place in places])


def _numbers(strata: "pd.Series[str]", before: Counter[str]) -> NDArray[np.int64]:
    """Number of each row within its stratum, after the rows of earlier batches, which are counted on."""
    codes, names = pd.factorize(strata)
    first = np.array([before[name] for name in names], np.int64)
    before.update(dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True)))
    numbers: NDArray[np.int64] = first[codes] + strata.groupby(codes).cumcount().to_numpy()
    return numbers


def _positions(strata: "pd.Series[str]", numbers: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Position of a row number in [0, 1), stratified: each block of ten numbers has one position in each tenth."""
    codes, names = pd.factorize(strata)
    blocks, places = np.divmod(numbers, _AT_ONCE)
    size = int(blocks.max(initial=0)) + 1
    drawn, which = np.unique(codes * size + blocks, return_inverse=True)
    tens = [_ten(str(names[key // size]), key % size, seed) for key in drawn.tolist()]
    positions: NDArray[np.float64] = np.array(tens, np.float64).reshape(-1, _AT_ONCE)[which, places]
    return positions


def _ten(stratum: str, block: int, seed: int) -> list[float]:
    key = (seed, "split", stratum, block)
    within = draw(*key, "within")  # for shares that are not multiples of a tenth
    return [(tenth + within) / _AT_ONCE for tenth in shuffled(range(_AT_ONCE), *key)]


def _lead_examples(rows: pd.DataFrame, turns: SeedTurns) -> NDArray[np.int64]:
    """Number of the first seed example in each row's prompt, among those of its task; -1 without any."""
    places = {
        task_id: {example.text: place for place, example in enumerate(task.seed_examples)}
        for task_id, task in turns.tasks.items()
    }
    task_ids, leads = plain(rows["task_id"]), np.full(len(rows), -1, np.int64)
    for row, (lead,) in turns.texts(rows):
        leads[row] = places[task_ids[row]][lead]
    return leads
