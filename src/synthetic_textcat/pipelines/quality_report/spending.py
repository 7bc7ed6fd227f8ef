"""What was paid: calls, tokens and USD of journal lines, in all, by run, by task and by language."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    """Sums over journal lines; `usd` is None once the cost of one line is unknown, tokens once a reply is uncounted."""

    calls: int = 0
    prompt: int = 0
    cached: int = 0
    completion: int = 0
    seconds: float = 0.0
    usd: float | None = 0.0
    counted: bool = True

    @property
    def tokens(self) -> int | None:
        """Tokens read and written."""
        return self.prompt + self.completion if self.counted else None

    def add(self, line: Completion, usd: float | None) -> None:
        """Adds a line with its cost."""
        self.calls += 1
        self.prompt += line.prompt_tokens or 0
        self.cached += line.cached_tokens or 0
        self.completion += line.completion_tokens or 0
        self.seconds += line.latency_s
        self.counted = self.counted and line.is_counted
        self.usd = plus(self.usd, usd)

    def include(self, other: "Spent") -> None:
        """Adds other sums."""
        self.calls += other.calls
        self.prompt += other.prompt
        self.cached += other.cached
        self.completion += other.completion
        self.seconds += other.seconds
        self.counted = self.counted and other.counted
        self.usd = plus(self.usd, other.usd)


def add_up(lines: Iterable[Completion], requests: pd.DataFrame, prices: PriceList, run_id: str) -> Mapping[str, Spent]:
    """The sums: `dataset` and `this_run`, `task/<task_id>` and `language/<code>` of the planned rows.

    Args:
        lines: Of the journals. Those of the plan's rows count, of whatever prompt, model and run, and this run's.
        requests: The plan.
        prices: What tokens cost.
        run_id: This run.
    """
    groups = _groups(requests)
    sums = {name: Spent() for name in (DATASET, THIS_RUN, *sorted({name for own in groups.values() for name in own}))}
    parts: dict[tuple[str, ...], Spent] = defaultdict(Spent)
    for line in lines:
        planned = groups.get(line.request_id)
        names = (() if planned is None else (DATASET, *planned)) + ((THIS_RUN,) if line.run_id == run_id else ())
        parts[names].add(line, prices.cost_usd(line))
    for names, part in parts.items():
        for name in names:
            sums[name].include(part)
    return sums


def spending_metrics(sums: Mapping[str, Spent], accepted: int) -> dict[str, float | None]:
    """Calls, tokens, cost and time by name. Unit: calls, tokens, USD, seconds.

    Cost is null where a price or a count is unknown. Time is that of the calls, from asking to the end, added up though
    they overlap: divided by the calls in flight it is about what a clock on the wall says.
    """
    of_all, of_run = sums[DATASET], sums[THIS_RUN]
    return {
        "calls/dataset": of_all.calls,
        "calls/this_run": of_run.calls,
        "tokens/prompt": of_all.prompt if of_all.counted else None,
        "tokens/cached": of_all.cached if of_all.counted else None,
        "tokens/completion": of_all.completion if of_all.counted else None,
        "tokens/all": of_all.tokens,
        "tokens/this_run": of_run.tokens,
        "tokens/per_accepted": of_all.tokens / accepted if accepted and of_all.tokens is not None else None,
        "cost/usd_dataset": of_all.usd,
        "cost/usd_this_run": of_run.usd,
        "cost/usd_per_accepted": of_all.usd / accepted if accepted and of_all.usd is not None else None,
        "time/call_s_dataset": of_all.seconds,
        "time/call_s_per_accepted": of_all.seconds / accepted if accepted else None,
        **{f"cost/usd_{name}": own.usd for name, own in sums.items() if "/" in name},
    }


def _groups(requests: pd.DataFrame) -> Mapping[str, tuple[str, str]]:
    """By planned row the names of its task's and its language's sum."""
    code = cache(lambda name: find_language(name).code)
    columns = (plain(requests[name]) for name in ("request_id", "task_id", "language"))
    return {row: (f"task/{task_id}", f"language/{code(name)}") for row, task_id, name in zip(*columns, strict=True)}
