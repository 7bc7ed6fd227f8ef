"""What was paid: calls, tokens and USD of journal lines, in all, by run, by task and by language."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache

import pandas as pd

from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.prices import PriceList, plus
from synthetic_textcat.schemas.rows import plain

DATASET = "dataset"
THIS_RUN = "this_run"


@dataclass(slots=True)
class Spent:
    """Sums over journal lines. What is known and what is only bounded are never added up.

    Attributes:
        calls, unknown: All lines; those of unknown usage.
        prompt, cached, completion: Tokens of the others; `cached` is None once a reply does not say.
        seconds: Of all.
        known_usd: Cost of the counted calls; None once a price is unknown.
        at_most_tokens, at_most_usd: Upper bounds of the calls of unknown usage; None once one has none.
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

    @property
    def known_tokens(self) -> int:
        """Tokens read and written by the counted calls."""
        return self.prompt + self.completion

    @property
    def tokens(self) -> int | None:
        """Of all calls; None once one is of unknown usage."""
        return None if self.unknown else self.known_tokens

    @property
    def usd(self) -> float | None:
        """Of all calls; None once one is of unknown usage, or a price is unknown."""
        return None if self.unknown else self.known_usd

    def add(self, line: Completion, prices: PriceList, model: str) -> None:
        """Adds a line."""
        self.calls += 1
        self.seconds += line.latency_s
        if line.is_counted:
            self.prompt += line.prompt_tokens or 0
            self.completion += line.completion_tokens or 0
            self.cached = plus(self.cached, line.cached_tokens if line.tokens else 0)
            self.known_usd = plus(self.known_usd, prices.cost_usd(line))
        else:
            self.unknown += 1
            self.at_most_tokens = plus(self.at_most_tokens, line.tokens_at_most)
            self.at_most_usd = plus(self.at_most_usd, prices.at_most_usd(line, model))

    def include(self, other: "Spent") -> None:
        """Adds other sums."""
        for each in fields(self):
            setattr(self, each.name, plus(getattr(self, each.name), getattr(other, each.name)))


def add_up(
    lines: Iterable[Completion], requests: pd.DataFrame, prices: PriceList, run_id: str, model: str
) -> Mapping[str, Spent]:
    """The sums: `dataset` and `this_run`, `task/<task_id>` and `language/<code>` of the planned rows.

    Args:
        lines: Of the journals. Those of the plan's rows count, of whatever prompt, model and run, and this run's.
        requests: The plan.
        prices: What tokens cost.
        run_id: This run.
        model: The model that it asks, for answers that name none.
    """
    groups = _groups(requests)
    sums = {name: Spent() for name in (DATASET, THIS_RUN, *sorted({name for own in groups.values() for name in own}))}
    parts: dict[tuple[str, ...], Spent] = defaultdict(Spent)
    for line in lines:
        planned = groups.get(line.request_id)
        names = (() if planned is None else (DATASET, *planned)) + ((THIS_RUN,) if line.run_id == run_id else ())
        parts[names].add(line, prices, model)
    for names, part in parts.items():
        for name in names:
            sums[name].include(part)
    return sums


def spending_metrics(sums: Mapping[str, Spent], accepted: int) -> dict[str, float | None]:
    """Calls, tokens, cost and time by name. Unit: calls, tokens, USD, seconds.

    Tokens and cost are null where a price or a count is unknown. `known` is what the counted calls took, `at_most` the
    upper bound of the others: what was taken lies between `known` and the sum of both. Time is that of the calls, from
    asking to the end, added up though they overlap: divided by the calls in flight it is about what a clock on the wall
    says.
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
        "time/call_s_dataset": of_all.seconds,
        "time/call_s_per_accepted": of_all.seconds / accepted if accepted else None,
        **_parts("dataset", of_all),
        **_parts("this_run", of_run),
        **{f"cost/usd_{name}": own.usd for name, own in sums.items() if "/" in name},
    }


def _parts(of: str, spent: Spent) -> dict[str, float | None]:
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
    """By planned row the names of its task's and its language's sum."""
    code = cache(lambda name: find_language(name).code)
    columns = (plain(requests[name]) for name in ("request_id", "task_id", "language"))
    return {row: (f"task/{task_id}", f"language/{code(name)}") for row, task_id, name in zip(*columns, strict=True)}
