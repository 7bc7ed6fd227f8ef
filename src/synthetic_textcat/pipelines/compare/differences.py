"""How two runs differ, each number with an interval: by the bootstrap over rows, or over pairs of rows."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from synthetic_textcat.pipelines.compare.bootstrapping import Floats, Places, bootstrapped
from synthetic_textcat.pipelines.compare.measures import MEASURES, Measure
from synthetic_textcat.pipelines.compare.pairing import Pairing


class Difference(NamedTuple):
    """Of one measure.

    Attributes:
        measure: Its name.
        unit: `share`, `tokens`, `calls`, `USD`, or `score` (a number without a unit).
        baseline, candidate: Its value in each run; None where it can't be known.
        difference: candidate - baseline.
        low, high: The interval that covers the difference with a confidence of 95 %; None where it can't be known.
        p_value: Of McNemar's exact test, for shares of paired rows; None elsewhere.
        basis: Of a measure of the whole, what it was measured on again, in a few words; empty elsewhere.
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


def differences(pairing: Pairing, seed: int) -> list[Difference]:
    """Every measure that says something of one of the runs at least."""
    return [_difference(measure, pairing, seed) for measure in _told(pairing)]


def _told(pairing: Pairing) -> Iterator[Measure]:
    for measure in MEASURES:
        sides = (measure.of(pairing.baseline), measure.of(pairing.candidate))
        if measure.always or any(np.nansum(part) > 0 for part, _ in sides):
            yield measure


def _difference(measure: Measure, pairing: Pairing, seed: int) -> Difference:
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

    found = bootstrapped(difference, rows[:1] if is_paired else rows, seed).confidence_interval
    return _known(found.low), _known(found.high)


def _ratios(part: Floats, whole: Floats, rows: Places, axis: int) -> Floats:
    """Of each resample; not a number where the whole has none, as in a run that accepted one row or two."""
    parts, wholes = part[rows].sum(axis=axis), whole[rows].sum(axis=axis)
    ratios: Floats = np.divide(parts, wholes, out=np.full(parts.shape, np.nan), where=wholes > 0)
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
