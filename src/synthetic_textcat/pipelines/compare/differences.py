"""Differences between two runs with confidence intervals: bootstrap over rows or pairs, t-interval."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.compare.pairing import Pairing
from synthetic_textcat.schemas.outcomes import FAILURE_CAUSES, GOOD_OUTCOMES, REJECT_REASONS
from synthetic_textcat.text.bootstrap import RESAMPLES, bootstrapped
from synthetic_textcat.text.intervals import CONFIDENCE

Floats = NDArray[np.float64]
Sums = tuple[Floats, Floats]
_MOST_DRAWN = 20_000_000  # numbers drawn for one measure: more rows need fewer resamples, and have narrow intervals
Places = NDArray[np.int64]
_DIGITS = 6  # further ones depend on the machine


class Difference(NamedTuple):
    """Difference of one measure.

    Attributes:
        measure: Its name.
        unit: `share`, `tokens`, `calls`, `USD`, or `score` (a number without a unit).
        baseline, candidate: Its value in each run; None where it can't be known.
        difference: candidate - baseline.
        low, high: The interval that covers the difference with a confidence of 95 %; None where it can't be known.
        p_value: Of McNemar's exact test, for shares of paired rows; None elsewhere.
        basis: Of a measure of the whole, what it was measured on again, in a few words; empty elsewhere.
        made_up: Whether it is an amount of money by the made-up price of the offline model, in either run.
    """

    measure: str
    unit: str
    baseline: float | None
    candidate: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None = None
    basis: str = ""
    made_up: bool = False


def differences(pairing: Pairing, seed: int) -> list[Difference]:
    """Differences of all measures that at least one of the runs has."""
    return [difference_in(measure, pairing, seed) for measure in _reported(pairing)]


@dataclass(frozen=True, slots=True)
class Measure:
    """Measure of the rows of one run.

    Attributes:
        name: As the metric is called.
        unit: `share`, `tokens`, `calls` or `USD`.
        of: From outcomes, one number a row for the part and one for the whole.
        is_yes_or_no: Whether the part is 0 or 1 and the whole every row.
        always: Whether it is reported even where it is zero in both runs.
    """

    name: str
    unit: str
    of: Callable[[pd.DataFrame], Sums]
    is_yes_or_no: bool = False
    always: bool = False


def _reported(pairing: Pairing) -> Iterator[Measure]:
    for measure in MEASURES:
        sides = (measure.of(pairing.baseline), measure.of(pairing.candidate))
        if measure.always or any(np.nansum(part) > 0 for part, _ in sides):
            yield measure


def difference_in(measure: Measure, pairing: Pairing, seed: int) -> Difference:
    """Difference of one measure: percentile bootstrap, and McNemar's exact test for yes or no of paired rows."""
    sides = [measure.of(pairing.baseline), measure.of(pairing.candidate)]
    values = [_ratio(part.sum(), whole.sum()) for part, whole in sides]
    if any(value is None for value in values):
        return Difference(measure.name, measure.unit, values[0], values[1], None, None, None)
    baseline, candidate = (float(value) for value in values if value is not None)
    low, high = _interval(sides, pairing.is_paired, seed)
    p_value = _mcnemar(sides) if pairing.is_paired and measure.is_yes_or_no else None
    return Difference(measure.name, measure.unit, baseline, candidate, candidate - baseline, low, high, p_value)


def _interval(sides: list[tuple[Floats, Floats]], is_paired: bool, seed: int) -> tuple[float | None, float | None]:
    """Percentile bootstrap of the difference of two ratios of sums; where rows pair up, of pairs."""
    rows = [len(part) for part, _ in sides]
    if min(rows) < 2:
        return None, None

    def difference(before: Places, after: Places, axis: int) -> Floats:
        return _ratios(*sides[1], after, axis) - _ratios(*sides[0], before, axis)

    found = bootstrapped_difference(difference, rows[:1] if is_paired else rows, seed).confidence_interval
    return _known(found.low), _known(found.high)


def _ratios(part: Floats, whole: Floats, rows: Places, axis: int) -> Floats:
    """Ratio in each resample; not a number where the whole has none, as in a run that accepted one row or two."""
    parts, totals = part[rows].sum(axis=axis), whole[rows].sum(axis=axis)
    ratios: Floats = np.divide(parts, totals, out=np.full(parts.shape, np.nan), where=totals > 0)
    return ratios


def _known(bound: float) -> float | None:
    return None if np.isnan(bound) else float(bound)


def _mcnemar(sides: list[tuple[Floats, Floats]]) -> float:
    """Exact, on the pairs that changed: as many should have changed one way as the other (McNemar 1947)."""
    from scipy.stats import binomtest

    (before, _), (after, _) = sides
    lost, won = int(((before > 0) & (after == 0)).sum()), int(((before == 0) & (after > 0)).sum())
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 and not np.isnan(part) else None


def _yield(outcomes: pd.DataFrame) -> Sums:
    return floats(outcomes["outcome"].isin(GOOD_OUTCOMES)), floats(outcomes["outcome"] != "not_run")


def _share(column: str, value: str) -> Callable[[pd.DataFrame], Sums]:
    """Rows with the value, of all that were run."""

    def sums(outcomes: pd.DataFrame) -> Sums:
        return floats(outcomes[column] == value), floats(outcomes["outcome"] != "not_run")

    return sums


def _per_accepted(column: str) -> Callable[[pd.DataFrame], Sums]:
    """The column's sum over all rows, lost ones too, a row that was accepted."""

    def sums(outcomes: pd.DataFrame) -> Sums:
        return floats(outcomes[column]), floats(outcomes["outcome"] == "accepted")

    return sums


def _agreement(outcomes: pd.DataFrame) -> Sums:
    verdicts = outcomes["language_verdict"]
    return floats(verdicts == "agrees"), floats(verdicts.isin(["agrees", "wrong"]))


def floats(values: "pd.Series[Any]") -> Floats:
    """The values as numbers; true is 1."""
    return values.to_numpy(dtype=np.float64)


MEASURES = (
    Measure("yield", "share", _yield, is_yes_or_no=True, always=True),
    *(Measure(f"rejected/{reason}", "share", _share("reason", reason), is_yes_or_no=True) for reason in REJECT_REASONS),
    *(Measure(f"failed/{cause}", "share", _share("reason", cause), is_yes_or_no=True) for cause in FAILURE_CAUSES),
    Measure("language/agreement", "share", _agreement),
    Measure("tokens/per_accepted", "tokens", _per_accepted("tokens"), always=True),
    Measure("cost/usd_per_accepted", "USD", _per_accepted("cost"), always=True),
    Measure("calls/per_accepted", "calls", _per_accepted("attempts"), always=True),
)


def bootstrapped_difference(difference: Callable[[Places, Places, int], Floats], rows: Sequence[int], seed: int) -> Any:
    """The result of `text.bootstrap` for a difference between the runs.

    Args:
        difference: Of drawn rows of the baseline and of the candidate, by their places, along an axis.
        rows: How many rows each run has, two or more; a single number where these are pairs, which are drawn together.
        seed: Of the run.
    """

    def statistic(*drawn: Places, axis: int = -1) -> Floats:
        return difference(drawn[0], drawn[-1], axis)

    return bootstrapped(statistic, rows, seed, int(np.clip(_MOST_DRAWN / sum(rows), 100, RESAMPLES)))


class Variance(NamedTuple):
    """Variance of an estimated difference.

    Attributes:
        of: The variance.
        freedom: Its degrees of freedom; infinite where it is as good as known.
    """

    of: float
    freedom: float


def difference_of(measure: str, baseline: float, candidate: float, variance: Variance | None, basis: str) -> Difference:
    """Candidate - baseline, with the interval of Student's t; without one where the variance can't be known.

    A variance of 0 says that no row makes a difference, as with two runs that are equal: the interval is one number.
    """
    apart = candidate - baseline
    reach = None if variance is None else _reach(variance)
    return Difference(
        measure,
        "score",
        round(baseline, _DIGITS),
        round(candidate, _DIGITS),
        round(apart, _DIGITS),
        low=None if reach is None else round(apart - reach, _DIGITS),
        high=None if reach is None else round(apart + reach, _DIGITS),
        basis=basis,
    )


def _reach(variance: Variance) -> float:
    if not variance.of:
        return 0.0
    from scipy.stats import t

    return float(t.ppf((1 + CONFIDENCE) / 2, variance.freedom) * variance.of**0.5)
