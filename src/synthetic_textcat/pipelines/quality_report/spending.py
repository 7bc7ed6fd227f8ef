"""Spending: calls, tokens and USD of journal lines, in total, by run, by task and by language."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache

import pandas as pd

from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.prices import PriceList, is_made_up, plus
from synthetic_textcat.schemas.rows import plain

DATASET = "dataset"
THIS_RUN = "this_run"


@dataclass(slots=True)
class Spending:
    """Sums over journal lines. Known amounts and upper bounds are never added up.

    Attributes:
        calls, unknown: All lines; lines of unknown usage.
        prompt, cached, completion: Tokens of the lines with known usage; `cached` is None if a reply doesn't report it.
        seconds: Duration of all calls.
        known_usd: Cost of the counted calls; None if a price is unknown.
        at_most_tokens, at_most_usd: Upper bounds for the calls of unknown usage; None if one has no bound.
        made_up: Calls of the offline model, if the list has a price for it: a made-up one.
    """

    calls: int = 0
    unknown: int = 0
    prompt: int = 0
    cached: int | None = 0
    completion: int = 0
    seconds: float = 0.0
    known_usd: float | None = 0.0
    at_most_tokens: int | None = 0
    at_most_usd: float | None = 0.0
    made_up: int = 0

    @property
    def known_tokens(self) -> int:
        """Prompt and completion tokens of the counted calls."""
        return self.prompt + self.completion

    @property
    def tokens(self) -> int | None:
        """Tokens of all calls; None if the usage of a call is unknown."""
        return None if self.unknown else self.known_tokens

    @property
    def usd(self) -> float | None:
        """Cost of all calls in USD; None if the usage of a call or a price is unknown."""
        return None if self.unknown else self.known_usd

    def add(self, line: Completion, prices: PriceList, model: str) -> None:
        """Adds a journal line."""
        self.calls += 1
        self.seconds += line.latency_s
        self.made_up += is_made_up(line.model_name or model) and prices.price(line.model_name or model) is not None
        if line.is_counted:
            self.prompt += line.prompt_tokens or 0
            self.completion += line.completion_tokens or 0
            self.cached = plus(self.cached, line.cached_tokens if line.tokens else 0)
            self.known_usd = plus(self.known_usd, prices.cost_usd(line))
        else:
            self.unknown += 1
            self.at_most_tokens = plus(self.at_most_tokens, line.tokens_at_most)
            self.at_most_usd = plus(self.at_most_usd, prices.at_most_usd(line, model))

    def include(self, other: "Spending") -> None:
        """Adds other sums."""
        for each in fields(self):
            setattr(self, each.name, plus(getattr(self, each.name), getattr(other, each.name)))


def sum_spending(
    lines: Iterable[Completion], requests: pd.DataFrame, prices: PriceList, run_id: str, model: str
) -> Mapping[str, Spending]:
    """Spending by group: `dataset`, `this_run`, and `task/<task_id>` and `language/<code>` of the planned rows.

    Args:
        lines: Journal lines. Lines of planned rows count, for any prompt, model and run, and all lines of this run.
        requests: The plan.
        prices: Token prices.
        run_id: This run.
        model: Model that this run calls, used for replies that name none.
    """
    groups = _groups(requests)
    sums = {
        name: Spending() for name in (DATASET, THIS_RUN, *sorted({name for own in groups.values() for name in own}))
    }
    parts: dict[tuple[str, ...], Spending] = defaultdict(Spending)
    for line in lines:
        planned = groups.get(line.request_id)
        names = (() if planned is None else (DATASET, *planned)) + ((THIS_RUN,) if line.run_id == run_id else ())
        parts[names].add(line, prices, model)
    for names, part in parts.items():
        for name in names:
            sums[name].include(part)
    return sums


def spending_metrics(sums: Mapping[str, Spending], accepted: int) -> dict[str, float | None]:
    """Calls, tokens, cost and time by name. Unit: calls, tokens, USD, seconds.

    Tokens and cost are null where a price or a count is unknown. `known` is the amount of the counted calls, `at_most`
    the upper bound of the others: the true amount lies between `known` and the sum of both. `cost/made_up` is 1 if
    amounts come from the offline model's made-up price, else 0. Time is the sum of the
    calls' durations although calls overlap: divided by the calls in flight it approximates the wall-clock time.
    """
    of_all, of_run = sums[DATASET], sums[THIS_RUN]
    return {
        "tokens/prompt": None if of_all.unknown else of_all.prompt,
        "tokens/cached": None if of_all.unknown else of_all.cached,
        "tokens/completion": None if of_all.unknown else of_all.completion,
        "tokens/all": of_all.tokens,
        "tokens/this_run": of_run.tokens,
        "tokens/per_accepted": of_all.tokens / accepted if accepted and of_all.tokens is not None else None,
        "cost/usd_per_accepted": of_all.usd / accepted if accepted and of_all.usd is not None else None,
        "cost/made_up": float(bool(of_all.made_up or of_run.made_up)),
        "time/call_s_dataset": of_all.seconds,
        "time/call_s_per_accepted": of_all.seconds / accepted if accepted else None,
        **_parts("dataset", of_all),
        **_parts("this_run", of_run),
        **{f"cost/usd_{name}": own.usd for name, own in sums.items() if "/" in name},
    }


def _parts(of: str, spent: Spending) -> dict[str, float | None]:
    return {
        f"calls/{of}": spent.calls,
        f"calls/unknown_usage_{of}": spent.unknown,
        f"tokens/known_{of}": spent.known_tokens,
        f"tokens/unknown_at_most_{of}": spent.at_most_tokens,
        f"cost/usd_{of}": spent.usd,
        f"cost/usd_known_{of}": spent.known_usd,
        f"cost/usd_unknown_at_most_{of}": spent.at_most_usd,
    }


def _groups(requests: pd.DataFrame) -> Mapping[str, tuple[str, str]]:
    """Names of the task group and the language group of each planned row."""
    code = cache(lambda name: find_language(name).code)
    columns = (plain(requests[name]) for name in ("request_id", "task_id", "language"))
    return {row: (f"task/{task_id}", f"language/{code(name)}") for row, task_id, name in zip(*columns, strict=True)}
