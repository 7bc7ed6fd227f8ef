"""Central meter of a run on a Dask scheduler: a plugin with a handler, the driver's handle, and the workers' link.

Workers reach it over the connections that they keep to their scheduler, with its address and security. A Dask actor
would not do: it can't be called from the event loop on which the calls are made. Imported by the scheduler, so nothing
heavy is imported at the top.
"""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from distributed import get_worker
from distributed.diagnostics.plugin import SchedulerPlugin

from synthetic_textcat.llm.engine.central_meter import CentralMeter, Status
from synthetic_textcat.llm.engine.circuit_breaker import Failure
from synthetic_textcat.llm.engine.leases import Limits, WorkerReport
from synthetic_textcat.llm.engine.shared_spending import Spent

if TYPE_CHECKING:
    from distributed import Client, Scheduler

    from synthetic_textcat.llm.engine.leased_meter import MeterLink

_HANDLER = "synthetic_textcat_meter"
_DRIVER_GONE = "the command that started the run has ended"


class MeterPlugin(SchedulerPlugin):  # type: ignore[misc, unused-ignore]  # Any where Dask is not installed
    """Scheduler plugin with the meters of all runs on a cluster, by run id.

    A run whose client disconnects is halted: its workers stop asking, though Dask can't stop their tasks.
    """

    name = "synthetic-textcat-meter"
    idempotent = True

    def __init__(self) -> None:
        self._meters: dict[str, tuple[str, CentralMeter]] = {}

    def start(self, scheduler: "Scheduler") -> None:
        """Adds the handler to the scheduler."""
        scheduler.handlers[_HANDLER] = self.handle

    def remove_client(self, scheduler: "Scheduler", client: str) -> None:  # noqa: ARG002  Dask's signature
        """Halts the runs of a client that has gone."""
        for owner, meter in self._meters.values():
            if owner == client:
                meter.halt(_DRIVER_GONE)

    async def handle(self, action: str, run_id: str, **values: Any) -> Any:
        """One request of a driver or worker; None if the run is unknown, as after a restart of the scheduler."""
        if action == "open":
            self._meters[run_id] = values["client"], CentralMeter(Limits(**values["limits"]))
            return True
        if run_id not in self._meters:
            return None
        _, meter = self._meters[run_id]
        if action == "exchange":
            return meter.exchange(WorkerReport.of(values["report"]))._asdict()
        if action == "halt":
            meter.halt(values["why"])
        elif action == "conclude":
            meter.conclude()
        elif action == "close":
            del self._meters[run_id]
        return meter.status()


class RunMeter:
    """Handle of the driver on the meter of its run, as a context manager that opens and closes it.

    Args:
        client: Client of the cluster; this package is installed on its scheduler.
        run_id: The run.
        limits: Limits and caps over all workers.
    """

    def __init__(self, client: "Client", run_id: str, limits: Limits) -> None:
        self._client = client
        self._run_id = run_id
        self._limits = limits

    def __enter__(self) -> Self:
        self._client.register_plugin(MeterPlugin())
        self._ask("open", limits=self._limits._asdict(), client=self._client.id)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ask("close")

    def status(self) -> Status | None:
        """State of the meter; None if the scheduler has forgotten the run."""
        return self._status("status")

    def halt(self, why: str) -> Status | None:
        """Stops all calls within a renewal of the leases; calls in flight are completed."""
        return self._status("halt", why=why)

    def conclude(self) -> Status | None:
        """Ends the run's calls; a run without a single reply may have met an outage, as the status then says."""
        return self._status("conclude")

    def _status(self, action: str, **values: Any) -> Status | None:
        return _status_of(self._ask(action, **values))

    def _ask(self, action: str, **values: Any) -> Any:
        request = getattr(self._client.scheduler, _HANDLER)
        return self._client.sync(request, action=action, run_id=self._run_id, **values)


def has_dashboard(dask_scheduler: "Scheduler") -> bool:
    """Whether the scheduler, in which this runs, serves Dask's dashboard: it names an address even if it does not."""
    return bool(dask_scheduler.http_application.applications)


def _status_of(values: Any) -> Status | None:
    """The status of plain values."""
    if values is None:
        return None
    status = Status(*values)
    return status._replace(spent=Spent(*status.spent), last=None if status.last is None else Failure(*status.last))


def worker_link(run_id: str, member: str, shard: str, lost_after_s: float) -> "MeterLink":
    """The link of a shard's calls to the meter; made in the thread of a Dask task, used on any event loop.

    Args:
        run_id: The run.
        member: Name that no other pool of the run has: that of the shard's owner.
        shard: The shard.
        lost_after_s: Seconds without the scheduler after which the calls end with an error.
    """
    from synthetic_textcat.llm.engine.leased_meter import MeterLink

    worker = get_worker()

    async def exchange(report: dict[str, Any]) -> dict[str, Any]:
        request = getattr(worker.scheduler, _HANDLER)(action="exchange", run_id=run_id, report=report)
        grant = await _on_loop_of(worker, request)
        if grant is None:
            raise LookupError(f"it does not know run {run_id}, so it was restarted")
        return dict(grant)

    return MeterLink(exchange, member, shard, lost_after_s)


async def _on_loop_of(worker: Any, request: Coroutine[Any, Any, Any]) -> Any:
    """The result of a request that runs on the worker's own event loop."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(request, worker.loop.asyncio_loop))
