"""Estimates from a pilot to the whole plan: expected values, each with a 95 % range."""

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from math import nan, sqrt
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw, draws
from synthetic_textcat.schemas.outcomes import GOOD_OUTCOMES
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.quota import rows_for
from synthetic_textcat.tables import RowTable, factorized
from synthetic_textcat.text.intervals import CONFIDENCE, wilson_interval

Quote = dict[str, float | None]
"""Estimates by flat name; null if unknown."""

_MINUTE_S = 60.0

_DRAWS = 200_000
"""Maximum of simulated rows, but at least a hundred combinations of values: a large quota is estimated from some."""

_FEWEST = 100
_MOST_ROUNDS = 20


Quota = Mapping[int, int]
"""Slots with equal values → number of combinations of values that have so many slots."""


class Range(NamedTuple):
    """Expected value with its bounds; the bounds are missing for a single row."""

    expected: float
    low: float | None
    high: float | None

    def times(self, factor: float) -> "Range":
        """The range multiplied by a factor."""
        return Range(*(None if value is None else value * factor for value in self))  # type: ignore[arg-type]


def quote(planned: int, pilot: pd.DataFrame, generation: GenerationParameters, quota: Quota | None = None) -> Quote:
    """Estimate for a plan, or for a quota: the rows that its rounds plan at the pilot's yield.

    The ranges of a quota multiply the bounds of two 95 % ranges, rows and usage per row; so they are wider.

    Args:
        planned: Rows of the plan.
        pilot: Pilot rows; columns of `OUTCOMES` (`cost` at the prices of live calls), `usd_batch` (at a batch's),
            `latency_s` (missing for a row answered in a batch), and `unknown_usage`: calls of unknown usage.
        generation: Rate limits of the run.
        quota: Its combinations of values by number of slots.

    Returns:
        `quote/planned`, `quote/pilot/rows`, `quote/pilot/usd`, `quote/pilot/unknown_usage` (calls), and of
        `quote/rows`, `quote/tokens`, `quote/usd`, `quote/usd_batch` (by the batch route), `quote/seconds`,
        `quote/accepted`, `quote/tokens_per_accepted` and `quote/usd_per_accepted` each `/expected`, `/low` and `/high`.
        Tokens and USD are those of this configuration, and null where a call of the pilot is of unknown usage.
    """
    run = pilot[pilot["outcome"] != "not_run"]
    tokens = _mean(run["tokens"], planned)
    usd = _mean(run["cost"], planned)
    good = run["outcome"].isin(GOOD_OUTCOMES)
    accepted = _share(int(good.sum()), len(run), planned)
    rows = _exactly(planned) if quota is None else _rows_for(quota, accepted)
    return {
        "quote/planned": planned,
        "quote/pilot/rows": len(run),
        "quote/pilot/usd": _number(run["cost"].sum(skipna=False)) if len(run) else None,
        "quote/pilot/unknown_usage": int(run["unknown_usage"].sum()) if len(run) else None,
        **_named("rows", rows),
        **_named("tokens", _both(rows, tokens)),
        **_named("usd", _both(rows, usd)),
        **_named("usd_batch", _both(rows, _mean(run["usd_batch"], planned))),
        **_named("seconds", _both(rows, _seconds(run, tokens, planned, generation))),
        **_named("accepted", _both(rows, accepted) if quota is None else _exactly(_slots(quota))),
        **_named("tokens_per_accepted", _per_accepted(run["tokens"], good, planned)),
        **_named("usd_per_accepted", _per_accepted(run["cost"], good, planned)),
    }


def quote_with_verdicts(
    planned: int,
    pilot: pd.DataFrame,
    judged: pd.DataFrame,
    share: float,
    generation: GenerationParameters,
    quota: Quota | None = None,
) -> Quote:
    """Estimate of rows and verdicts together, and `quote/tokens_rows`, `quote/usd_verdicts`, … of each apart.

    Args:
        planned: Rows of the plan.
        pilot: As in `quote`.
        judged: The judge's calls about each row of the pilot: `attempts`, `tokens`, `cost`, `latency_s` and
            `unknown_usage`.
        share: Share of the good rows that the run has judged; in the pilot it was all of them.
        generation: Rate limits of the run.
        quota: As in `quote`.
    """
    own = judged.mul(share)
    both = pilot.assign(**{name: pilot[name] + own[name] for name in own.columns})
    both["usd_batch"] = pilot["usd_batch"] + own["cost"]  # verdicts are always live
    verdicts = pilot.assign(**{name: own[name] for name in own.columns})
    found = quote(planned, both, generation, quota)
    for name, part in (("rows", pilot), ("verdicts", verdicts)):
        alone = quote(planned, part, generation, quota)
        for what in ("tokens", "usd"):
            found |= {f"quote/{what}_{name}/{end}": alone[f"quote/{what}/{end}"] for end in Range._fields}
    run = pilot["outcome"] != "not_run"
    paid = (pilot["cost"] + judged["cost"])[run].sum(skipna=False)
    return found | {
        "quote/pilot/usd": _number(paid) if run.any() else None,
        "quote/pilot/unknown_usage": int((pilot["unknown_usage"] + judged["unknown_usage"])[run].sum()),
        "quote/pilot/verdicts": int((judged["attempts"] > 0).sum()),
    }


def _exactly(rows: float) -> Range:
    return Range(rows, rows, rows)


def _rows_for(quota: Quota, accepted: Range | None) -> Range | None:
    """Rows that the quota's rounds plan; no upper bound if the yield may be zero."""
    if accepted is None or not accepted.expected:
        return None
    ends = (accepted.expected, accepted.high, accepted.low)
    return Range(*(rows_of_quota(quota, share) if share else None for share in ends))  # type: ignore[arg-type]


def _slots(quota: Quota) -> int:
    return sum(slots * combinations for slots, combinations in quota.items())


def _seconds(run: pd.DataFrame, tokens: Range | None, planned: int, generation: GenerationParameters) -> Range | None:
    """Seconds per row: by the calls in flight or by a limit per minute, whichever is the slowest.

    Rows that a batch has answered say nothing of a live call's time.
    """
    bounds = [_over(_mean(run["latency_s"].dropna(), planned), generation.max_concurrency)]
    if generation.requests_per_minute:
        bounds.append(_over(_mean(run["attempts"], planned), generation.requests_per_minute / _MINUTE_S))
    if generation.tokens_per_minute:
        bounds.append(_over(tokens, generation.tokens_per_minute / _MINUTE_S))
    return max((bound for bound in bounds if bound is not None), key=lambda bound: bound.expected, default=None)


def _over(amount: Range | None, rate: float) -> Range | None:
    return None if amount is None else amount.times(1 / rate)


def _mean(values: "pd.Series[float]", planned: int) -> Range | None:
    """Mean with Student's t interval and finite population correction; None if a value is unknown."""
    known = [float(value) for value in values]
    if not known or any(pd.isna(value) for value in known):
        return None
    mean = sum(known) / len(known)
    if len(known) == 1:
        return Range(mean, None, None)
    half = _half_width(known, planned)
    return Range(mean, max(0.0, mean - half), mean + half)


def _per_accepted(values: "pd.Series[float]", good: "pd.Series[bool]", planned: int) -> Range | None:
    """Ratio of the values' sum to the number of good rows; None if a value is unknown or no row is good.

    Its variance is that of the residuals of the ratio (Cochran, Sampling Techniques, 1977, section 6.4).
    """
    rows = int(good.sum())
    if not rows or values.isna().any():
        return None
    ratio = float(values.sum()) / rows
    if len(values) == 1:
        return Range(ratio, None, None)
    half = _half_width([float(residual) for residual in values - ratio * good], planned) / float(good.mean())
    return Range(ratio, max(0.0, ratio - half), ratio + half)


def _half_width(known: Sequence[float], planned: int) -> float:
    from scipy import stats  # a second of import

    unseen = max(0.0, 1 - len(known) / planned)
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, len(known) - 1) * stats.sem(known) * sqrt(unseen))


def _share(hits: int, rows: int, planned: int) -> Range | None:
    """Share with Wilson's interval, which is sound near 0 and 1; exact if the pilot is the whole plan."""
    if not rows:
        return None
    if rows >= planned:
        return Range(hits / rows, hits / rows, hits / rows)
    return Range(hits / rows, *wilson_interval(hits / rows, rows))


def _both(rows: Range | None, a_row: Range | None) -> Range | None:
    """Total over all rows: expected times expected, low times low, high times high."""
    if rows is None or a_row is None:
        return None
    ends = (None if one is None or other is None else one * other for one, other in zip(rows, a_row, strict=True))
    return Range(*ends)  # type: ignore[arg-type]


def _named(what: str, of_all: Range | None) -> Quote:
    return {
        f"quote/{what}/{name}": _number(value) for name, value in (of_all or Range(nan, nan, nan))._asdict().items()
    }


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def rows_of_quota(quota: Quota, share: float) -> float:
    """Expected number of planned rows until each slot is filled, by simulation with a constant yield.

    Args:
        quota: Its combinations of values by number of slots.
        share: The yield, above 0.
    """
    rows, slots_of_all = 0.0, _slots(quota)
    for slots, combinations in sorted(quota.items()):
        most = int(_DRAWS * share * combinations / slots_of_all)
        played = min(max(_FEWEST, most), max(combinations, _FEWEST))
        rows += combinations * sum(_rows_of_slots(number, slots, share) for number in range(played)) / played
    return rows


def _rows_of_slots(number: int, slots: int, share: float) -> int:
    chances = draws("quote", number, slots)
    planned, missing, rows = 0, slots, slots
    for _ in range(_MOST_ROUNDS):
        missing -= sum(chance < share for chance in islice(chances, rows))
        planned += rows
        if missing <= 0:
            break
        rows = rows_for(missing, share)
    return planned


def spread_sample(requests: RowTable, rows: int, seed: int) -> list[int]:
    """Systematic sample: positions of the rows, ascending; all rows of a smaller plan.

    The plan is sorted by task, then language, then at random (by hash), and every n-th row is taken. So the shares of
    tasks and languages are those of the plan, to within a row, and the sample mean estimates the plan's mean.
    """
    ids = chain.from_iterable(frame["request_id"] for frame in requests.frames(["request_id"]))
    chances = np.fromiter((draw(seed, "pilot", row) for row in ids), np.float64, len(requests))
    positions = np.lexsort((chances, *(_ranks(requests, column) for column in ("language", "task_id"))))
    taken = min(rows, len(positions))
    step, start = len(positions) / taken, draw(seed, "pilot")
    return sorted(int(positions[int((number + start) * step)]) for number in range(taken))


def _ranks(requests: RowTable, column: str) -> NDArray[np.intp]:
    """Each row's place among the sorted distinct values of a column without missing ones."""
    numbers, values = factorized(requests, column)
    return np.argsort(np.argsort(np.array(values, dtype=object)))[numbers]
