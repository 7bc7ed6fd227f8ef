"""Differences in learnability and diversity of two runs' texts, with confidence intervals.

Diversity is resampled by leaving groups of rows out (jackknife), never with replacement: a row drawn twice repeats
itself word for word, which the measures would count as repetition.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthetic_textcat.hashing import draw, draw_int
from synthetic_textcat.pipelines.compare.differences import (
    Difference,
    Floats,
    Places,
    Variance,
    bootstrapped_difference,
    difference_of,
)
from synthetic_textcat.pipelines.compare.pairing import Accepted
from synthetic_textcat.tables import RowTable, filtered, mapped
from synthetic_textcat.text.diversity import MEASURES
from synthetic_textcat.text.diversity_sample import OTHER_MIX, SIZES, Sample, mixes_differ, pool_of_examples
from synthetic_textcat.text.label_samples import FOLDS, TaskSample, label_rows, task_samples
from synthetic_textcat.text.label_set_samples import LabelSetSample, label_set_rows, label_set_samples
from synthetic_textcat.text.linear_models import (
    Labels,
    Resampled,
    macro_f1,
    micro_f1,
    reader_probabilities,
    word_counts,
)

MOST_ROWS_IN_ALL = 5_000
_YES = 0.5  # probability from which on a text has a label
_TRAINING_VARIANCE = 1 + FOLDS / (FOLDS - 1)
GROUPS = 20
MOST_ROWS = 2_000
_FEWEST = SIZES[0]
_SLOW = {"self_bleu"}  # takes a second, and would be measured 42 times
_MEASURES = {name: measure for name, measure in MEASURES.items() if name not in _SLOW}


class _Guessed(NamedTuple):
    """Sample of a task with cross-validated predictions."""

    sample: TaskSample | LabelSetSample
    labels: Labels
    guessed: Labels


class _F1(NamedTuple):
    """A kind of F1, 0 to 1.

    Attributes:
        of: From labels and predictions.
        of_resamples: The same of resamples.
    """

    of: Callable[[Labels, Labels], float]
    of_resamples: Callable[[Resampled, Places, int], Floats]


_MACRO, _MICRO = _F1(macro_f1, Resampled.__call__), _F1(micro_f1, Resampled.micro)


def learnability_differences(accepted: Accepted, seed: int) -> Iterator[Difference]:
    """Difference in `learnability/macro_f1`, 0 to 1: macro-F1 of a linear model on single words (TF-IDF).

    Of a task with several labels a text each label has a model of its own (one-vs-rest); `learnability/micro_f1` is the
    micro-F1 of such tasks, if both runs have any.
    Cross-validated in each task with enough rows in both runs, averaged over the tasks by their rows, as in the
    quality report; on equally many rows of a task in both runs, since more training rows raise the score, and on at
    most `MOST_ROWS_IN_ALL` in total. For paired runs: the rows that both runs accepted.

    Interval: the variance of a task's difference is that of the bootstrap over its held-out rows (Efron 1979), paired
    if both runs have the same test rows, times 1 + k / (k - 1) for k folds. The factor accounts for the choice of
    training rows, which the bootstrap does not see: the correction of Nadeau and Bengio (2003, Machine Learning 52),
    1 / k + n_test / n_train instead of 1 / k. The tasks' variances add up, and the interval is a normal interval.

    Limits: there is no unbiased estimator of the variance of cross-validation (Bengio and Grandvalet 2004, JMLR 5). In
    our trials the bootstrap alone covered the difference in 83 to 95 of 100 cases, and with the factor in 95 to 99. The
    interval covers sampling error over rows, for a fixed set of tasks.
    """
    tasks = list(_tasks(accepted, seed))
    of_sets = [sides for sides in tasks if isinstance(sides[0].sample, LabelSetSample)]
    for name, own, f1 in (("macro_f1", tasks, _MACRO), ("micro_f1", of_sets, _MICRO)):
        if own:
            yield _f1_difference(f"learnability/{name}", own, f1, seed)


def _f1_difference(measure: str, tasks: list[tuple[_Guessed, _Guessed]], f1: _F1, seed: int) -> Difference:
    """Difference in one kind of F1: the mean over the tasks by their rows."""
    weights = np.array([before.sample.rows for before, _ in tasks], dtype=np.float64)
    weights /= weights.sum()
    before, after = (
        float(weights @ [f1.of(side.labels, side.guessed) for side in sides]) for sides in zip(*tasks, strict=True)
    )
    of = float(weights**2 @ [_variance(*sides, f1, seed) for sides in tasks])
    return difference_of(measure, before, after, Variance(of * _TRAINING_VARIANCE, np.inf), _basis_of_tasks(tasks))


def _tasks(accepted: Accepted, seed: int) -> Iterator[tuple[_Guessed, _Guessed]]:
    """Predictions of both runs for each task with enough rows in both."""
    sides = _as_many(accepted, seed)
    before, after = ({sample.task_id: sample for sample in _task_samples(rows, seed)} for rows in sides)
    for task_id in sorted(before.keys() & after.keys()):
        yield _guessed(before[task_id]), _guessed(after[task_id])
    of_sets = [{sample.task_id: sample for sample in _set_samples(rows, seed)} for rows in sides]
    for task_id in sorted(of_sets[0].keys() & of_sets[1].keys()):
        yield _guessed_sets(of_sets[0][task_id]), _guessed_sets(of_sets[1][task_id])


def _as_many(accepted: Accepted, seed: int) -> list[RowTable]:
    """Equally many rows of each task in both runs, drawn by hash; all rows if paired."""
    sides = [accepted.baseline, accepted.candidate]
    if accepted.is_paired:
        return sides
    ids = [rows.to_pandas(["request_id", "task_id"]) for rows in sides]
    counts = pd.concat([rows["task_id"].value_counts() for rows in ids], axis=1).fillna(0).min(axis=1)
    masks = [_ranks(rows, seed) <= rows["task_id"].map(counts).astype("float64") for rows in ids]
    return [filtered(rows, mask.to_numpy(bool)) for rows, mask in zip(sides, masks, strict=True)]


def _ranks(rows: pd.DataFrame, seed: int) -> pd.Series:
    drawn = pd.Series([draw(seed, "equal rows", row) for row in rows["request_id"]], rows.index, dtype="float64")
    return drawn.groupby(rows["task_id"]).rank(method="first")


def _task_samples(rows: RowTable, seed: int) -> list[TaskSample]:
    single = filtered(rows, rows["label"].notna().to_numpy(bool))
    examples = mapped(single, lambda frame: frame.assign(task=frame["task_id"]))
    return task_samples(label_rows(examples), examples, seed, MOST_ROWS_IN_ALL).samples


def _set_samples(rows: RowTable, seed: int) -> list[LabelSetSample]:
    """Samples of the tasks with several labels a text."""
    examples = filtered(rows, rows["label"].isna().to_numpy(bool))
    sets = label_set_rows(examples, examples["task_id"].unique().tolist())
    return label_set_samples(sets, examples, sets.task_ids, seed).samples


def _guessed(sample: TaskSample) -> _Guessed:
    counts, _ = word_counts(sample.texts)
    odds = reader_probabilities(counts, sample.labels, sample.folds)
    return _Guessed(sample, sample.labels, odds.argmax(axis=1))


def _guessed_sets(sample: LabelSetSample) -> _Guessed:
    counts, _ = word_counts(sample.texts)
    labels = sample.members.astype(np.int64)
    return _Guessed(sample, labels, (reader_probabilities(counts, labels, sample.folds) > _YES).astype(np.int64))


def _variance(before: _Guessed, after: _Guessed, f1: _F1, seed: int) -> float:
    """Bootstrap variance of the difference over the test rows."""
    ids = [side.sample.request_ids for side in (before, after)]
    rows = [len(own) for own in ids]
    scores = [Resampled(side.labels, side.guessed) for side in (before, after)]

    def difference(one: Places, other: Places, axis: int) -> Floats:
        return f1.of_resamples(scores[1], other, axis) - f1.of_resamples(scores[0], one, axis)

    is_paired = ids[0] == ids[1]  # false if the model invents the labels: the rows with frequent labels differ
    own_seed = draw_int(32, seed, "learnability", before.sample.task_id)
    return float(bootstrapped_difference(difference, rows[:1] if is_paired else rows, own_seed).standard_error ** 2)


def _basis_of_tasks(tasks: list[tuple[_Guessed, _Guessed]]) -> str:
    rows = [sum(len(side.labels) for side in sides) for sides in zip(*tasks, strict=True)]
    counts = f"{rows[0]:,}" if rows[0] == rows[1] else f"{rows[0]:,} and {rows[1]:,}"
    return f"{counts} rows of each run, of {len(tasks)} {'task' if len(tasks) == 1 else 'tasks'} that both have"


def diversity_differences(accepted: Accepted) -> Iterator[Difference]:
    """Differences in the diversity measures `diversity/<measure>` of `text.diversity`, except self-BLEU.

    Both runs are measured on equally many texts, each cut to the same number of words: on at most `MOST_ROWS` pairs of
    rows that both runs accepted and that are long enough in both; for unpaired runs, on as many rows of each.

    Interval: the sample is divided into `GROUPS` groups of neighbouring rows (in hash order), and each is left out
    once. The variance is (G - 1) / G * the sum of squared deviations of the values without each group from their mean:
    the delete-a-group jackknife (Kott 2001, Journal of Official Statistics 17), with Student's t of G - 1 degrees of
    freedom. On average it is too large rather than too small for any symmetric measure, smooth or not (Efron and Stein
    1981, Annals of Statistics 9). For pairs the difference itself is measured without each group; for two samples the
    variances add up, with Welch's degrees of freedom.

    Limits: the interval covers sampling error over rows, for a fixed set of tasks. More rows change both values, so the
    difference holds for this sample size only. There is no interval for fewer than 50 rows, or if neither sample
    contains any occurrence, such as a shared 4-gram; with few occurrences it is rough.
    """
    samples = _text_samples(accepted)
    if min(len(sample.rows) for sample in samples) < 2:
        return
    values = [_values(sample) for sample in samples]
    variances = _variances(samples, accepted.is_paired)
    for at, name in enumerate(_MEASURES):
        before, after = (float(side[at]) for side in values)
        yield difference_of(
            f"diversity/{name}", before, after, variances[at], _basis_of_texts(samples, accepted.is_paired)
        )


def _text_samples(accepted: Accepted) -> list[Sample]:
    pools = [pool_of_examples(rows) for rows in (accepted.baseline, accepted.candidate)]
    cut = min(pool.cut for pool in pools)
    if accepted.is_paired:
        both = zip(*(pool.rows for pool in pools), strict=True)
        long = [pair for pair in both if min(len(row.words) for row in pair) >= cut][:MOST_ROWS]
        return [Sample([pair[side] for pair in long], cut) for side in range(2)]
    rows = min(MOST_ROWS, *(len(pool.with_words(cut)) for pool in pools))
    return [pool.sample(cut, rows) for pool in pools]


def _values(sample: Sample) -> Floats:
    return np.array([measure.of(sample) for measure in _MEASURES.values()], dtype=np.float64)


def _variances(samples: Sequence[Sample], is_paired: bool) -> list[Variance | None]:
    """Variance for each measure; None for few rows, or if it is zero although the texts differ."""
    if len(samples[0].rows) < _FEWEST:
        return [None] * len(_MEASURES)
    before, after = (_left_out(sample) for sample in samples)
    if is_paired:
        found = [Variance(float(of), GROUPS - 1) for of in _jackknifed(after - before)]
    else:
        found = [_added(*map(float, both)) for both in zip(*map(_jackknifed, (before, after)), strict=True)]
    are_equal = samples[0].texts == samples[1].texts
    return [variance if variance.of or are_equal else None for variance in found]


def _left_out(sample: Sample) -> Floats:
    """Values without each group (rows), by measure (columns)."""
    edges = np.linspace(0, len(sample.rows), GROUPS + 1).astype(int).tolist()
    return np.array([_values(sample.without(start, stop)) for start, stop in pairwise(edges)])


def _jackknifed(left_out: Floats) -> Floats:
    return np.asarray((GROUPS - 1) * left_out.var(axis=0))


def _added(one: float, other: float) -> Variance:
    """Variance of a difference between independent samples (Welch 1947)."""
    squares = one**2 + other**2
    return Variance(one + other, (GROUPS - 1) * (one + other) ** 2 / squares if squares else GROUPS - 1)


def _basis_of_texts(samples: Sequence[Sample], is_paired: bool) -> str:
    one, other = samples
    sizes = f"{len(one.rows):,} {'pairs of texts' if is_paired else 'texts of each run'}, cut to {one.cut} words"
    mixed = mixes_differ(one.languages, other.languages, by=OTHER_MIX)
    return f"{sizes}; in another mix of languages" if mixed else sizes
