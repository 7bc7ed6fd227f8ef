"""Spending: calls, tokens and USD of paid calls, by run, by configuration, over the whole history, and by slice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import chain
from operator import add

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.call_costs import (
    CallCosts,
    group_sums,
    group_sums_of_parts,
    groups_with,
    made_up_mask,
)
from synthetic_textcat.pipelines.quality_report.plan_slices import PlanSlices
from synthetic_textcat.schemas.cost_figures import DATASET, THIS_CONFIGURATION, THIS_RUN, Figure
from synthetic_textcat.schemas.prices import PriceList, plus
from synthetic_textcat.tables import RowTable, text_hashes

_FIGURES: tuple[Figure, ...] = (THIS_RUN, THIS_CONFIGURATION, DATASET)
_OF_CALLS = (
    "fingerprint",
    "run_id",
    "status",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "latency_s",
    "model_name",
    "prompt_tokens_at_most",
    "completion_tokens_at_most",
    "batch",
    "position",
    "is_configuration",
)
_FEMTO, _NANO = 10**15, 10**9
"""Parts of a USD and of a second. Sums of whole parts are exact: the same for any order and grouping of the lines."""


@dataclass(slots=True)
class Spending:
    """Sums over journal lines. Known amounts and upper bounds are never added up.

    Attributes:
        calls, unknown: All lines; lines of unknown usage.
        prompt, cached, completion: Tokens of the lines with known usage; `cached` is None if a reply doesn't report it.
        nanoseconds: Duration of all calls.
        known_femtousd: Cost of the counted calls; None if a price is unknown.
        at_most_tokens, at_most_femtousd: Upper bounds for the calls of unknown usage; None if one has no bound.
    """

    calls: int = 0
    unknown: int = 0
    prompt: int = 0
    cached: int | None = 0
    completion: int = 0
    nanoseconds: int = 0
    known_femtousd: int | None = 0
    at_most_tokens: int | None = 0
    at_most_femtousd: int | None = 0

    @property
    def known_tokens(self) -> int:
        """Prompt and completion tokens of the counted calls."""
        return self.prompt + self.completion

    @property
    def tokens(self) -> int | None:
        """Tokens of all calls; None if the usage of a call is unknown."""
        return None if self.unknown else self.known_tokens

    @property
    def known_usd(self) -> float | None:
        """Cost of the counted calls in USD; None if a price is unknown."""
        return None if self.known_femtousd is None else self.known_femtousd / _FEMTO

    @property
    def at_most_usd(self) -> float | None:
        """Upper bound of the cost of the other calls in USD; None if one has no bound."""
        return None if self.at_most_femtousd is None else self.at_most_femtousd / _FEMTO

    @property
    def usd(self) -> float | None:
        """Cost of all calls in USD; None if the usage of a call or a price is unknown."""
        return None if self.unknown else self.known_usd

    @property
    def seconds(self) -> float:
        """Duration of all calls in seconds."""
        return self.nanoseconds / _NANO

    def include(self, other: "Spending") -> None:
        """Adds other sums."""
        for each in fields(self):
            setattr(self, each.name, plus(getattr(self, each.name), getattr(other, each.name)))


def sum_spending(
    calls: Iterable[RowTable],
    slices: PlanSlices,
    prices: PriceList,
    run_id: str,
    model: str,
    *,
    made_up: bool = False,
) -> Mapping[str, Spending]:
    """Spending by figure (`schemas.cost_figures`), and by slice of this configuration.

    The sums of this configuration are the same, to the last digit, for whichever run made the calls.

    Args:
        calls: Columns `PLANNED_CALLS`, of each journal.
        slices: Task and language of each planned row.
        prices: Token prices.
        run_id: This run.
        model: Model that this run calls, used for replies that name none.
        made_up: Whether to add up the calls with made-up prices, or those with real ones.

    Returns:
        `this_run`: lines of this run. `this_configuration`: lines with the fingerprint of a planned row. `dataset`:
        lines of a planned row, with any fingerprint. `task/<task_id>`, `language/<code>`: of this configuration.
    """
    names = slices.names
    sums: dict[str, Spending] = {name: Spending() for name in (THIS_RUN, THIS_CONFIGURATION, DATASET)}
    sums |= {name: Spending() for name in sorted({name for pair in names for name in pair})}
    for frame in chain.from_iterable(table.frames(_OF_CALLS) for table in calls):
        lines = frame[made_up_mask(frame, model) == made_up]
        costs = CallCosts(lines, prices, model)
        sums[THIS_RUN].include(_total(costs, (lines["run_id"] == run_id).to_numpy(bool)))
        rows = lines["position"].to_numpy(np.int64)
        known = np.flatnonzero(rows >= 0)
        is_configuration = lines["is_configuration"].to_numpy(bool)[known]
        used, groups = np.unique(2 * slices.pairs[rows[known]] + is_configuration, return_inverse=True)
        for group, part in zip(used.tolist(), _sums(costs, known, groups, len(used)), strict=True):
            for name in (DATASET, *((THIS_CONFIGURATION, *names[group // 2]) if group % 2 else ())):
                sums[name].include(part)
    return sums


def sum_verdict_spending(
    calls: RowTable, verdict_calls: RowTable | None, prices: PriceList, run_id: str, model: str
) -> Mapping[bool, Mapping[str, Spending]]:
    """The judge's spending by figure: its lines of this run, of its calls, and of planned rows with any fingerprint.

    Args:
        calls: Columns `PLANNED_CALLS`, of the judge's journal; `position` is that of the judged row.
        verdict_calls: The judge's calls; None if there never was one.
        prices: Token prices.
        run_id: This run.
        model: The judge, used for replies that name no model.

    Returns:
        The spending on calls with real prices (False), and with made-up ones (True).
    """
    sums: dict[bool, dict[str, Spending]]
    sums = {made_up: {figure: Spending() for figure in _FIGURES} for made_up in (False, True)}
    own: Fingerprints | None = None
    for frame in calls.frames(_OF_CALLS):
        if not len(frame):
            continue
        if own is None:
            own = Fingerprints(verdict_calls)
        costs, is_made_up = CallCosts(frame, prices, model), made_up_mask(frame, model)
        is_of = {
            THIS_RUN: (frame["run_id"] == run_id).to_numpy(bool),
            THIS_CONFIGURATION: own.has(frame["fingerprint"]),
            DATASET: frame["position"].to_numpy(np.int64) >= 0,
        }
        for made_up, figures in sums.items():
            for figure, mask in is_of.items():
                figures[figure].include(_total(costs, mask & (is_made_up == made_up)))
    return sums


class Fingerprints:
    """Fingerprints of a table by a hash of 64 bits, 8 bytes each: another call with the same is one in 10^12."""

    def __init__(self, calls: RowTable | None) -> None:
        parts = [] if calls is None else [text_hashes(frame["fingerprint"]) for frame in calls.frames(["fingerprint"])]
        self._hashes = np.sort(np.concatenate([np.empty(0, np.uint64), *parts]))

    def has(self, fingerprints: "pd.Series[str]") -> NDArray[np.bool_]:
        """Mask of the fingerprints that are among them."""
        hashes = text_hashes(fingerprints)
        if not len(self._hashes):
            return np.zeros(len(hashes), np.bool_)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        found: NDArray[np.bool_] = self._hashes[places] == hashes
        return found


def with_verdicts(rows: Mapping[str, Spending], verdicts: Mapping[str, Spending]) -> Mapping[str, Spending]:
    """The spending on rows and verdicts; by slice that on rows alone."""
    for figure, spent in verdicts.items():
        rows[figure].include(spent)
    return rows


def verdict_metrics(sums: Mapping[str, Spending]) -> dict[str, float | None]:
    """Calls, tokens and cost of the judge alone, by figure; nothing if it was never asked about these rows."""
    if not any(spent.calls for spent in sums.values()):
        return {}
    return {
        name: value
        for figure in _FIGURES
        for name, value in (
            (f"judge/calls_{figure}", sums[figure].calls),
            (f"judge/tokens_{figure}", sums[figure].tokens),
            (f"judge/usd_{figure}", sums[figure].usd),
        )
    }


def _total(costs: CallCosts, mask: NDArray[np.bool_]) -> Spending:
    lines = np.flatnonzero(mask)
    (total,) = _sums(costs, lines, np.zeros(len(lines), np.intp), 1)
    return total


def _sums(costs: CallCosts, lines: NDArray[np.intp], groups: NDArray[np.intp], number: int) -> list[Spending]:
    """Spending of each group of lines."""
    counted = costs.is_counted[lines]
    of_counted, of_unknown = groups[counted], groups[~counted]
    known, unknown = lines[counted], lines[~counted]
    has_tokens = (costs.prompt[known] > 0) | (costs.completion[known] > 0)
    usd, usd_at_most = costs.usd[known], costs.usd_at_most[unknown]
    uncached = groups_with(has_tokens & ~costs.cached_known[known], of_counted, number)
    unpriced = groups_with(np.isnan(usd), of_counted, number)
    unbounded = groups_with(~costs.is_bounded[unknown], of_unknown, number)
    unbounded_usd = groups_with(np.isnan(usd_at_most), of_unknown, number)
    at_most = (costs.prompt_at_most, costs.completion_at_most)
    bounds = [group_sums(numbers[unknown], of_unknown, number) for numbers, _ in at_most]
    columns = zip(
        np.bincount(groups, minlength=number).tolist(),
        np.bincount(of_unknown, minlength=number).tolist(),
        group_sums(costs.prompt[known], of_counted, number),
        _unless(uncached, group_sums(np.where(has_tokens, costs.cached[known], 0), of_counted, number)),
        group_sums(costs.completion[known], of_counted, number),
        group_sums_of_parts(costs.seconds[lines], _NANO, groups, number),
        _unless(unpriced, group_sums_of_parts(np.nan_to_num(usd), _FEMTO, of_counted, number)),
        _unless(unbounded, map(add, *bounds)),
        _unless(unbounded_usd, group_sums_of_parts(np.nan_to_num(usd_at_most), _FEMTO, of_unknown, number)),
        strict=True,
    )
    return [Spending(*values) for values in columns]


def _unless(unknown: NDArray[np.bool_], sums: Iterable[int]) -> list[int | None]:
    return [None if is_unknown else amount for is_unknown, amount in zip(unknown.tolist(), sums, strict=True)]


def spending_metrics(sums: Mapping[str, Spending], accepted: int) -> dict[str, float | None]:
    """Calls, tokens, cost and time by name. Unit: calls, tokens, USD, seconds.

    Amounts per accepted row, by kind of token, and by slice are those of this configuration. Tokens and cost are null
    where a price or a count is unknown. `known` is the amount of the counted calls, `at_most` the upper bound of the
    others: the true amount lies between `known` and the sum of both. Time is the sum of the calls' durations although
    calls overlap: divided by the calls in flight it approximates the wall-clock time.
    """
    own = sums[THIS_CONFIGURATION]
    return {
        "tokens/prompt": None if own.unknown else own.prompt,
        "tokens/cached": None if own.unknown else own.cached,
        "tokens/completion": None if own.unknown else own.completion,
        "tokens/all": own.tokens,
        "calls/per_accepted": _per_row(own.calls, accepted),
        "tokens/per_accepted": _per_row(own.tokens, accepted),
        "cost/usd_per_accepted": _per_row(own.usd, accepted),
        "time/call_s_per_accepted": _per_row(own.seconds, accepted),
        **{name: value for figure in _FIGURES for name, value in _amounts(figure, sums[figure]).items()},
        **{f"cost/usd_{name}": spent.usd for name, spent in sums.items() if "/" in name},
    }


def _per_row(amount: float | None, accepted: int) -> float | None:
    return amount / accepted if accepted and amount is not None else None


def _amounts(figure: Figure, spent: Spending) -> dict[str, float | None]:
    return {
        f"calls/{figure}": spent.calls,
        f"calls/unknown_usage_{figure}": spent.unknown,
        f"tokens/{figure}": spent.tokens,
        f"tokens/known_{figure}": spent.known_tokens,
        f"tokens/unknown_at_most_{figure}": spent.at_most_tokens,
        f"cost/usd_{figure}": spent.usd,
        f"cost/usd_known_{figure}": spent.known_usd,
        f"cost/usd_unknown_at_most_{figure}": spent.at_most_usd,
        f"time/call_s_{figure}": spent.seconds,
    }
