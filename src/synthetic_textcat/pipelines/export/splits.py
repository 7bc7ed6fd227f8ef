"""Train, validation and test splits, fixed by the plan.

Every planned row is assigned to a split before its text exists. The rows of a stratum (task and planned label, or task
if the model invents labels) are numbered in plan order, and each block of ten is distributed by the shares, in an order
drawn from the seed: at a share of 0.8, eight rows of every block are for training. Later rows never move earlier ones.
Rows with several labels are distributed by `label_set_splits`.

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

from synthetic_textcat.hashing import draw, shuffled
from synthetic_textcat.pipelines.export.label_set_splits import LabelSetSplits
from synthetic_textcat.schemas.label_sets import LABELS, labels_of
from synthetic_textcat.schemas.parameters import SplitShares
from synthetic_textcat.schemas.publications import SPLITS
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.schemas.seed_examples import SeedTurns, planned_alike
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowGroups, RowTable, factorized
from synthetic_textcat.text.comparison import sentence_key
from synthetic_textcat.text.cross_set import CrossSetMatcher
from synthetic_textcat.text.sketched_texts import SketchedTexts, SketchParts

TRAIN, VALIDATION, TEST = range(len(SPLITS))
LEFT_OUT = -1

_AT_ONCE = 10  # rows of a block
_DIGITS = 12

Codes = NDArray[np.int8]
"""Split of each row, as its position in `SPLITS`, or `LEFT_OUT`."""


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
    columns += [LABELS] if any(task.task_type == "multi_label" for task in tasks) else []
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
    resemblance = CrossSetMatcher(SketchedTexts(keys, similarity, sketch_parts), similarity)
    codes[resemblance.near(codes == VALIDATION, codes == TEST)] = LEFT_OUT
    codes[resemblance.near(codes == TRAIN, (codes == VALIDATION) | (codes == TEST))] = LEFT_OUT
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
