"""Spending of a run over all workers of a cluster, and the calls that its caps leave."""

from math import ceil, inf
from typing import NamedTuple

from synthetic_textcat.llm.engine.leases import Limits, WorkerReport


class Spent(NamedTuple):
    """Amount spent.

    Attributes:
        tokens, usd: As named; zero without a cap.
        calls: Calls with a usage.
    """

    tokens: float = 0.0
    usd: float = 0.0
    calls: int = 0


class SharedSpending:
    """Running total of a run's shards. A shard's total includes what earlier workers on it spent in this run.

    Args:
        limits: The caps, and what was spent before the first shard.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._before = Spent(limits.spent_tokens, limits.spent_usd, limits.spent_calls)
        self._by_shard: dict[str, Spent] = {}
        self.total = self._before
        self.calls_left = inf
        self._update()

    def note(self, report: WorkerReport) -> None:
        """Records a worker's report. Of two workers on one shard the later knows more, but may report less at first."""
        known = self._by_shard.get(report.shard, Spent())
        reported = Spent(report.spent_tokens, report.spent_usd, report.spent_calls)
        self._by_shard[report.shard] = spent = Spent(
            max(known.tokens, reported.tokens), max(known.usd, reported.usd), max(known.calls, reported.calls)
        )
        if spent != known:
            self._update()

    def _update(self) -> None:
        """Adds up, and works out how many calls of average cost are left, those in flight included.

        Until the first usage is known, one call is left.
        """
        tokens, usd, calls = (sum(amounts) for amounts in zip(self._before, *self._by_shard.values(), strict=True))
        self.total = Spent(tokens, usd, calls)
        caps = ((self._limits.max_tokens_total, tokens), (self._limits.max_cost_usd, usd))
        left = [(cap - amount, amount) for cap, amount in caps if cap is not None]
        if any(room <= 0 for room, _ in left):
            self.calls_left = 0
        elif left and not calls:
            self.calls_left = 1
        else:
            self.calls_left = min((ceil(room * calls / amount) for room, amount in left if amount), default=inf)
