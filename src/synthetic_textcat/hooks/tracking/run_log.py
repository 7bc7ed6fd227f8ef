"""Writes to one MLflow run, in batches: a call costs a transaction, or a round trip to a server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from synthetic_textcat.console import shown
from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls
from synthetic_textcat.hooks.tracking.clock import RunClock
from synthetic_textcat.hooks.tracking.life import drop_lock

if TYPE_CHECKING:
    from mlflow import MlflowClient

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RunLog:
    """A run in a store, named in every call: MLflow's global state, its active run above all, is left alone.

    Attributes:
        client, experiment_id, run_id: Where it is.
        lock: Held until the run has ended, as a sign that its process lives.
        calls: Where calls that are not the client's run.
        clock: The run's times.
    """

    client: "MlflowClient"
    experiment_id: str
    run_id: str
    lock: FileLock | None = None
    calls: BoundedCalls = field(default_factory=BoundedCalls)
    clock: RunClock = field(default_factory=RunClock)

    def batch(
        self,
        metrics: Mapping[str, float] = _NONE,
        params: Mapping[str, str] = _NONE,
        tags: Mapping[str, str] = _NONE,
        step: int = 0,
    ) -> None:
        """Logs all of it at once, metrics at the step, texts without secrets and control characters."""
        from mlflow.entities import Metric, Param, RunTag

        now = self.clock.now_ms()
        self.client.log_batch(
            self.run_id,
            metrics=[Metric(name, value, now, step) for name, value in metrics.items()],
            params=[Param(name, shown(text)) for name, text in params.items()],
            tags=[RunTag(name, shown(text)) for name, text in tags.items()],
        )

    def end(self, status: str, reason: str | None, end_ms: int | None = None) -> None:
        """Ends the run, now or at `end_ms`, with this status, and the reason of a bad one as a tag."""
        if reason:
            self.batch(tags={"reason": reason})
        self.client.set_terminated(self.run_id, status, self.clock.now_ms() if end_ms is None else end_ms)
        if self.lock is not None:
            drop_lock(self.lock)
