"""How much more or less the rows of one run differ from one another than those of the other, with intervals.

The rows are resampled by leaving groups of them out, never by drawing some twice: a row that is there twice repeats
itself word for word, and the measures are of just that.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from synthetic_textcat.pipelines.compare.bootstrapping import Floats
from synthetic_textcat.pipelines.compare.differences import Difference
from synthetic_textcat.pipelines.compare.pairing import Accepted
from synthetic_textcat.pipelines.compare.wholes import Variance, difference_of
from synthetic_textcat.text.diversity import MEASURES
from synthetic_textcat.text.diversity_sample import OTHER_MIX, SIZES, Sample, mixes_differ, pool_of_examples

GROUPS = 20
MOST_ROWS = 2_000
_FEWEST = SIZES[0]
_SLOW = {"self_bleu"}  # a second each time, and it is measured 42 times
_MEASURES = {name: measure for name, measure in MEASURES.items() if name not in _SLOW}


def diversity_differences(accepted: Accepted) -> Iterator[Difference]:
    """Of the measures of diversity but self-BLEU, `diversity/<measure>`, as `text.diversity` defines them.

    Both runs are measured on equally many texts, each cut to equally many words: on at most `MOST_ROWS` pairs of rows
    that both runs accepted and that are long enough in both; of runs whose rows do not pair up, as many rows of each.

    The interval: the sample is cut into `GROUPS` groups of neighbouring rows (their order is a hash's), and each is
    left out once. The variance is (G - 1) / G * the sum of squares of what is measured without each group, about its
    mean: the delete-a-group jackknife (Kott 2001, Journal of Official Statistics 17), with Student's t of G - 1 degrees
    of freedom. On the average it is too large rather than too small for any symmetric measure, smooth or not (Efron and
    Stein 1981, Annals of Statistics 9). Of pairs the difference itself is measured without each group; of two samples
    the variances add up, with Welch's degrees of freedom.

    Its limits: it tells the luck of the rows, with the tasks as they are; more rows move both values, so only the
    difference at this number is told; of fewer than 50 rows no interval is known, nor where neither run's sample has
    any of what is measured, such as a shared 4-gram; and where few rows have it the interval is rough.
    """
    samples = _samples(accepted)
    if min(len(sample.rows) for sample in samples) < 2:
        return
    values = [_values(sample) for sample in samples]
    variances = _variances(samples, accepted.is_paired)
    for at, name in enumerate(_MEASURES):
        before, after = (float(side[at]) for side in values)
        yield difference_of(f"diversity/{name}", before, after, variances[at], _basis(samples, accepted.is_paired))


def _samples(accepted: Accepted) -> list[Sample]:
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
    """Of each measure; None of few rows, and of other texts where no group makes a difference."""
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
    """What is measured without each group (rows), by measure (columns)."""
    edges = np.linspace(0, len(sample.rows), GROUPS + 1).astype(int).tolist()
    return np.array([_values(sample.without(start, stop)) for start, stop in pairwise(edges)])


def _jackknifed(left_out: Floats) -> Floats:
    return np.asarray((GROUPS - 1) * left_out.var(axis=0))


def _added(one: float, other: float) -> Variance:
    """Of a difference between independent samples (Welch 1947)."""
    squares = one**2 + other**2
    return Variance(one + other, (GROUPS - 1) * (one + other) ** 2 / squares if squares else GROUPS - 1)


def _basis(samples: Sequence[Sample], is_paired: bool) -> str:
    one, other = samples
    sizes = f"{len(one.rows):,} {'pairs of texts' if is_paired else 'texts of each run'}, cut to {one.cut} words"
    mixed = mixes_differ(one.languages, other.languages, by=OTHER_MIX)
    return f"{sizes}; in another mix of languages" if mixed else sizes
