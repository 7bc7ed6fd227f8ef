"""Spending: calls, tokens and USD of journal lines, by run, by configuration, over the whole history, and by slice."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import NamedTuple

import pandas as pd

from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.cost_figures import DATASET, THIS_CONFIGURATION, THIS_RUN, Figure
from synthetic_textcat.schemas.label_verdicts import row_of
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.prices import PriceList, plus
from synthetic_textcat.schemas.rows import fingerprints_of, plain

_FIGURES: tuple[Figure, ...] = (THIS_RUN, THIS_CONFIGURATION, DATASET)
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

    def add(self, line: Completion, usd: float | None, at_most_usd: float | None) -> None:
        """Adds a journal line with its cost, or with the upper bound of its cost if its usage is unknown."""
        self.calls += 1
        self.nanoseconds += round(line.latency_s * _NANO)
        if line.is_counted:
            self.prompt += line.prompt_tokens or 0
            self.completion += line.completion_tokens or 0
            self.cached = plus(self.cached, line.cached_tokens if line.tokens else 0)
            self.known_femtousd = plus(self.known_femtousd, _femto(usd))
        else:
            self.unknown += 1
            self.at_most_tokens = plus(self.at_most_tokens, line.tokens_at_most)
            self.at_most_femtousd = plus(self.at_most_femtousd, _femto(at_most_usd))

    def include(self, other: "Spending") -> None:
        """Adds other sums."""
        for each in fields(self):
            setattr(self, each.name, plus(getattr(self, each.name), getattr(other, each.name)))


def _femto(usd: float | None) -> int | None:
    return None if usd is None else round(usd * _FEMTO)


class _PlannedRow(NamedTuple):
    """Fingerprint of a row's call, and the slices that the row belongs to."""

    fingerprint: str
    slices: tuple[str, str]


def sum_spending(
    lines: Iterable[Completion],
    requests: pd.DataFrame,
    calls: pd.DataFrame,
    prices: PriceList,
    run_id: str,
    model: str,
) -> Mapping[str, Spending]:
    """Spending by figure (`schemas.cost_figures`), and by slice of this configuration.

    The sums of this configuration are the same, to the last digit, for whichever run made the calls.

    Args:
        lines: Journal lines.
        requests: The plan.
        calls: Fingerprint of the call of each planned row.
        prices: Token prices.
        run_id: This run.
        model: Model that this run calls, used for replies that name none.

    Returns:
        `this_run`: lines of this run. `this_configuration`: lines with the fingerprint of a planned row. `dataset`:
        lines of a planned row, with any fingerprint. `task/<task_id>`, `language/<code>`: of this configuration.
    """
    rows = _planned_rows(requests, calls)
    this_run = Spending()
    parts: dict[tuple[tuple[str, str], bool], Spending] = defaultdict(Spending)
    for line in lines:
        row = rows.get(line.request_id)
        if row is None and line.run_id != run_id:
            continue
        cost = prices.cost_usd(line), None if line.is_counted else prices.at_most_usd(line, model)
        if line.run_id == run_id:
            this_run.add(line, *cost)
        if row is not None:
            parts[row.slices, line.fingerprint == row.fingerprint].add(line, *cost)
    slices = sorted({name for row in rows.values() for name in row.slices})
    sums = {THIS_RUN: this_run, **{name: Spending() for name in (THIS_CONFIGURATION, DATASET, *slices)}}
    for (own_slices, is_configuration), part in parts.items():
        for name in (DATASET, *((THIS_CONFIGURATION, *own_slices) if is_configuration else ())):
            sums[name].include(part)
    return sums


def sum_verdict_spending(
    lines: Iterable[Completion],
    requests: pd.DataFrame,
    verdict_calls: pd.DataFrame | None,
    prices: PriceList,
    run_id: str,
    model: str,
) -> Mapping[str, Spending]:
    """The judge's spending by figure: its lines of this run, of its calls, and of planned rows with any fingerprint.

    Args:
        lines: Lines of the judge's journal.
        requests: The plan.
        verdict_calls: The judge's calls; None if there never was one.
        prices: Token prices.
        run_id: This run.
        model: The judge, used for replies that name no model.
    """
    sums: dict[str, Spending] = {figure: Spending() for figure in _FIGURES}
    own = frozenset() if verdict_calls is None else frozenset(plain(verdict_calls["fingerprint"]))
    rows = frozenset(plain(requests["request_id"]))
    for line in lines:
        is_of = {
            THIS_RUN: line.run_id == run_id,
            THIS_CONFIGURATION: line.fingerprint in own,
            DATASET: row_of(line.request_id) in rows,
        }
        if any(is_of.values()):
            cost = prices.cost_usd(line), None if line.is_counted else prices.at_most_usd(line, model)
            for figure in _FIGURES:
                if is_of[figure]:
                    sums[figure].add(line, *cost)
    return sums


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


def _planned_rows(requests: pd.DataFrame, calls: pd.DataFrame) -> Mapping[str, _PlannedRow]:
    @cache
    def slices(task_id: str, language: str) -> tuple[str, str]:
        return f"task/{task_id}", f"language/{find_language(language).code}"

    columns = (plain(requests[name]) for name in ("request_id", "task_id", "language"))
    return {
        row: _PlannedRow(fingerprint, slices(task_id, language))
        for row, task_id, language, fingerprint in zip(*columns, fingerprints_of(requests, calls), strict=True)
    }
