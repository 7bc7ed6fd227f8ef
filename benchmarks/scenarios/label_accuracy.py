"""Coverage and width of the interval of label accuracy, by simulation with a known truth."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, Report, Target
from benchmarks.processes import Options
from synthetic_textcat.schemas.parameters import LabelCheckParameters
from synthetic_textcat.text.prediction_powered import ShareEstimate, Strata, estimated_share

ROWS = 3_000
"""Accepted rows of a simulated run, all of them judged."""

_REPETITIONS = 10_000
LEAST, MEAN_LEAST, MEAN_MOST = 93.0, 93.0, 97.0
"""Coverage of an interval of 95 %, in %: the least of a cell, and the bounds of the mean."""

GOOD_JUDGE = 0.8
"""Accuracy from which on a judge has to narrow the interval."""

_SEED = 19
_ROUNDING = 1e-9
_STEPS = 40

Counts = NDArray[np.int64]


class Cell(NamedTuple):
    """A simulated situation.

    Attributes:
        judge: Accuracy of the judge.
        labelled: Rows labelled by hand.
        labels: Size of the label set.
        accuracy: Accuracy of the labels.
        asymmetric: Whether judge and writer confuse the same pairs of labels, the judge in one direction only;
            otherwise all errors are even.
    """

    judge: float
    labelled: int
    labels: int
    accuracy: float
    asymmetric: bool

    @property
    def odds(self) -> list[float]:
        """Odds of a row: right and agreed, right and disputed, wrong and agreed, wrong and disputed.

        An even error of the judge on a wrong label meets it by 1 in `labels` - 1. If the labels come in pairs of which
        the judge always takes the second where it errs, half of the wrong labels meet all of its errors.
        """
        error = 1 - self.judge
        meets = error if self.asymmetric else error / (self.labels - 1)
        right, wrong = self.accuracy, 1 - self.accuracy
        return [right * self.judge, right * error, wrong * meets, wrong * (1 - meets)]


CELLS = tuple(
    Cell(judge, labelled, labels, accuracy, asymmetric)
    for judge, labelled, labels, accuracy, asymmetric in product(
        (0.6, 0.8, 0.95), (50, 100, 200), (3, 10, 50), (0.7, 0.9, 0.97), (False, True)
    )
)


class Found(NamedTuple):
    """Coverage of the interval in a cell, its mean width, and that of a classical interval with the same coverage."""

    coverage: float
    width: float
    classical_width: float


def simulate(cell: Cell, repetitions: int, *, judged_first: bool = True) -> Found:
    """Draws runs, samples and answers of a cell.

    Args:
        cell: The situation.
        repetitions: Number of runs.
        judged_first: Whether the sample is drawn with the verdicts, disputed rows more often; otherwise evenly.
    """
    rng = np.random.default_rng([_SEED, CELLS.index(cell), judged_first])
    rows = rng.multinomial(ROWS, cell.odds, size=repetitions).T
    truth = (rows[0] + rows[1]) / ROWS
    sizes = np.stack([rows[0] + rows[2], rows[1] + rows[3]])
    drawn = _weighted(sizes, cell.labelled, rng) if judged_first else _even(sizes, cell.labelled, rng)
    hits = rng.hypergeometric(rows[:2], rows[2:], drawn)
    powered = estimated_share(Strata.of_counts(sizes, drawn, hits), ROWS)
    alone = rng.hypergeometric(rows[0] + rows[1], rows[2] + rows[3], cell.labelled) / cell.labelled
    coverage = _coverage(powered, truth)
    return Found(coverage, _width(powered), _classical_width(alone, truth, cell.labelled, coverage))


def _weighted(sizes: Counts, labelled: int, rng: np.random.Generator) -> Counts:
    weight = LabelCheckParameters().disputed_weight
    expected = labelled * weight * sizes[1] / (weight * sizes[1] + sizes[0])
    disputed = np.minimum(np.floor(expected + rng.random(expected.shape)).astype(np.int64), sizes[1])
    return np.stack([labelled - disputed, disputed])


def _even(sizes: Counts, labelled: int, rng: np.random.Generator) -> Counts:
    agreed = rng.hypergeometric(sizes[0], sizes[1], labelled)
    return np.stack([agreed, labelled - agreed])


def _classical_width(shares: NDArray[np.float64], truth: NDArray[np.float64], labelled: int, coverage: float) -> float:
    """Mean width of Wilson's interval of as many rows, its critical value set so that it covers as often."""
    narrow, wide = 0.5, 4.0
    for _ in range(_STEPS):
        middle = (narrow + wide) / 2
        narrow, wide = (
            (middle, wide) if _coverage(_wilson(shares, labelled, middle), truth) < coverage else (narrow, middle)
        )
    return _width(_wilson(shares, labelled, wide))


def _wilson(shares: NDArray[np.float64], labelled: int, critical: float) -> ShareEstimate:
    rows = labelled * (ROWS - 1) / (ROWS - labelled)
    scale = 1 + critical**2 / rows
    middle = (shares + critical**2 / (2 * rows)) / scale
    reach = critical / scale * np.sqrt(shares * (1 - shares) / rows + critical**2 / (4 * rows**2))
    return ShareEstimate(shares, np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1))


def _coverage(found: ShareEstimate, truth: NDArray[np.float64]) -> float:
    return float(((found.low <= truth + _ROUNDING) & (truth <= found.high + _ROUNDING)).mean())


def _width(found: ShareEstimate) -> float:
    return float((found.high - found.low).mean())


def label_accuracy(options: Options) -> Report:
    """Coverage and width by judge accuracy and rows labelled by hand, over label sets, label accuracies and errors."""
    repetitions = options.rows or _REPETITIONS
    found = {cell: simulate(cell, repetitions) for cell in CELLS}
    even = [simulate(cell, repetitions, judged_first=False) for cell in CELLS]
    ratios = [_ratio([each]) for cell, each in found.items() if cell.judge >= GOOD_JUDGE]
    figures = [
        *_coverages("", found.values()),
        Figure(f"widest / classical, judge of {GOOD_JUDGE:g} and better", [max(ratios)], Target("<=", 1.0)),
        *_by_judge(found),
        *_coverages("sampled before judging: ", even),
    ]
    return Report(f"label_accuracy: {len(CELLS)} cells, {repetitions} runs of {ROWS} rows each", figures)


def _coverages(name: str, found: Iterable[Found]) -> Iterator[Figure]:
    coverages = [100 * each.coverage for each in found]
    mean = [float(np.mean(coverages))]
    yield Figure(f"{name}coverage in %, least of all cells", [min(coverages)], Target(">=", LEAST))
    yield Figure(f"{name}coverage in %, mean of all cells", mean, Target(">=", MEAN_LEAST))
    yield Figure(f"{name}the same, at most", mean, Target("<=", MEAN_MOST))


def _by_judge(found: Mapping[Cell, Found]) -> Iterator[Figure]:
    for judge, labelled in dict.fromkeys((cell.judge, cell.labelled) for cell in found):
        these = [each for cell, each in found.items() if (cell.judge, cell.labelled) == (judge, labelled)]
        name = f"judge {judge:g}, {labelled} by hand"
        yield Figure(f"{name}: coverage in %", [100 * each.coverage for each in these])
        yield Figure(f"{name}: width in points", [100 * each.width for each in these])
        yield Figure(f"{name}: width / classical", [_ratio(these)], Target("<=", 1.0) if judge >= GOOD_JUDGE else None)


def _ratio(found: Sequence[Found]) -> float:
    return float(np.mean([each.width / each.classical_width for each in found]))
