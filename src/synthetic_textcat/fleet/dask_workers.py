"""Workers of a Dask cluster, as the fan-out sees them. The scheduler carries numbers of shards and counts, no texts."""

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from synthetic_textcat.errors import ClusterError, FatalAnswerError, MeterLostError, ShardLostError
from synthetic_textcat.fleet.dask_cluster import DaskCluster
from synthetic_textcat.fleet.losses import lost_scheduler, result_of
from synthetic_textcat.fleet.scheduled_tasks import packed, run, same
from synthetic_textcat.fleet.worker_side import METRIC
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.circuit_breaker import BreakerState
from synthetic_textcat.llm.engine.leases import CAP, OUTAGE, Limits
from synthetic_textcat.llm.engine.meter import BreakerLog, outage_of
from synthetic_textcat.llm.shards.folder import SharedFolder
from synthetic_textcat.llm.shards.shard_run import ShardJob, ShardResult, ShardTask
from synthetic_textcat.llm.shards.worker_probe import first_line, probe
from synthetic_textcat.schemas.open_calls import OpenCalls
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.stops import Outage
from synthetic_textcat.schemas.worker_counts import WorkerCounts
from synthetic_textcat.work_pool import LostWorkerError

if TYPE_CHECKING:
    from distributed import Future

    from synthetic_textcat.fleet.meter_plugin import RunMeter
    from synthetic_textcat.llm.engine.central_meter import Status

logger = logging.getLogger(__name__)

_LOOPBACK = ("tcp://127.", "tcp://localhost:", "tcp://[::1]")

Counts = Mapping[int, tuple[WorkerCounts, OpenCalls]]


class DaskWorkers:
    """Workers that run shards.

    Args:
        cluster: The cluster, which others of the run use too.
    """

    def __init__(self, cluster: DaskCluster) -> None:
        self._cluster = cluster
        self._job: Future | None = None
        self._meter: RunMeter | None = None
        self._breaker_log, self._breaker = BreakerLog(), BreakerState.CLOSED.name
        self._run_id = ""
        self._under_way: dict[str, tuple[int, Future]] = {}
        self._ended: SimpleQueue[str] = SimpleQueue()
        self._slots = 1

    def start(self) -> None:
        """Connects to the scheduler, or starts one with its workers; does nothing if that is done.

        Raises:
            ClusterError: If Dask is not installed, nothing answers, or there is no worker.
        """
        self._cluster.start()
        self._slots = max(1, self._cluster.threads())

    @property
    def slots(self) -> int:
        """Number of shards that the workers run at once, as of the last report; 0 if no worker is left."""
        return self._slots

    def prove(self, spec: ChatModelSpec, llm: LlmParameters, run_id: str, folder: SharedFolder) -> None:
        """Proves that each worker runs the same code, reaches the folder and knows the model's key and address.

        Raises:
            ClusterError: With the first that does not, and what to do.
        """
        self._refuse_secrets_in_the_open(spec)
        asked = spec, llm, run_id, folder.place
        self._cluster.prove(probe(*asked), probe, *asked)

    def _refuse_secrets_in_the_open(self, spec: ChatModelSpec) -> None:
        address = self._cluster.address
        if address and spec.has_secrets and not address.startswith(("tls://", "wss://", *_LOOPBACK)):
            raise ClusterError(
                f"The catalog entry llm has a secret, which would go to the workers by {address}, unencrypted. Next: "
                "use a tls:// address, or put the header into OPENAI_CUSTOM_HEADERS of each worker"
            )

    def share(self, job: ShardJob, limits: Limits) -> None:
        """Gives all workers what the shards share, once each, and opens the meter of their limits and caps.

        Raises:
            ClusterError: If the scheduler can't hold the meter.
        """
        from synthetic_textcat.fleet.meter_plugin import RunMeter

        self._run_id = job.rows.run_id
        self._close_meter()
        meter = RunMeter(self._cluster.client, self._run_id, limits)
        try:
            self._meter = meter.__enter__()
        except Exception as error:
            raise ClusterError(
                f"The Dask scheduler can't hold the run's limits ({type(error).__name__}: {first_line(error)}). Next: "
                "install the same wheel with the same constraints.txt on the scheduler too"
            ) from error
        self._job = self._cluster.client.submit(same, packed(job), pure=False, key=f"settings-{os.urandom(8).hex()}")

    def submit(self, task: ShardTask) -> None:
        """Hands out a shard."""
        key = f"shard-{task.shard:05}-{os.urandom(4).hex()}"
        future = self._cluster.client.submit(run, self._job, packed(task), pure=False, key=key)
        self._under_way[key] = task.shard, future
        future.add_done_callback(lambda done: self._ended.put(done.key))

    def ended(self, timeout_s: float) -> list[tuple[int, ShardResult | Exception]]:
        """Shards that have ended, each with its result, or the error that ended it; waits if there is none."""
        found = []
        with suppress(Empty):
            found.append(self._result(self._ended.get(timeout=timeout_s)))
            while True:
                found.append(self._result(self._ended.get_nowait()))
        return found

    def reports(self) -> Counts:
        """Counts of shards under way, by their number.

        Raises:
            ClusterError: If the scheduler is gone, or there was no worker for too long.
        """
        self._slots = self._cluster.threads()
        try:
            workers = self._cluster.client.scheduler_info(n_workers=-1)["workers"].values()
        except (OSError, TimeoutError) as error:
            raise lost_scheduler() from error
        said = [worker["metrics"].get(METRIC, {}).get(self._run_id, {}) for worker in workers]
        found: dict[int, tuple[WorkerCounts, OpenCalls]] = {}
        for shard, numbers, open_calls in (each for reports in said for each in reports.values()):
            counts = WorkerCounts(*numbers)
            if shard not in found or counts.calls > found[shard][0].calls:  # of a frozen worker and its successor
                found[shard] = counts, OpenCalls(*open_calls)
        return found

    @property
    def is_over(self) -> bool:
        """Whether no further call may start: a cap is reached, or the server has stopped answering.

        Logs an outage, as a run in one process does.
        """
        status = self._of_meter(lambda meter: meter.status())
        if status is None:
            return False
        if status.breaker != self._breaker:
            self._breaker = status.breaker
            self._breaker_log.note(BreakerState[status.breaker], status.last, status.wait_s or 0.0)
        return bool(status.over)

    def outage(self) -> Outage | None:
        """The outage that a run without a single reply has met, once all its calls have ended.

        Raises:
            FatalAnswerError: If the meter has ended the calls for what those of all workers show.
        """
        status = self._of_meter(lambda meter: meter.conclude())
        if status is not None and status.over not in ("", CAP, OUTAGE):
            raise FatalAnswerError(status.over)
        if status is None or status.over != OUTAGE or status.last is None:
            return None
        return outage_of(status.last, status.requested_wait_s)

    def close(self) -> None:
        """Closes the meter and forgets the shards; the cluster stays, for the checks and exports."""
        self._close_meter()
        self._job = None
        self._under_way.clear()

    def _of_meter(self, asked: "Callable[[RunMeter], Status | None]") -> "Status | None":
        """The answer of the meter.

        Raises:
            ClusterError: If the scheduler is gone.
        """
        try:
            return None if self._meter is None else asked(self._meter)
        except (OSError, TimeoutError) as error:
            raise lost_scheduler() from error

    def _close_meter(self) -> None:
        meter, self._meter = self._meter, None
        if meter is not None:
            with suppress(Exception):  # of a scheduler that is gone
                meter.__exit__(None, None, None)

    def _result(self, key: str) -> tuple[int, ShardResult | Exception]:
        shard, future = self._under_way.pop(key)
        try:
            return shard, result_of(future)
        except Exception as error:  # noqa: BLE001  of any class, which the run ends with
            is_lost = isinstance(error, MeterLostError) or (isinstance(error, ShardLostError) and error.is_by_worker)
            return shard, LostWorkerError.after(1) if is_lost else error
