"""Workers of a Dask cluster, as the fan-out sees them. The scheduler carries numbers of shards and counts, no texts.

`distributed` is imported late: it takes half a second, and a run in one process does without it.
"""

import logging
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from synthetic_textcat.errors import ClusterError, MeterLostError, ShardLostError
from synthetic_textcat.fleet.shard_tasks import packed, run, same
from synthetic_textcat.fleet.worker_side import METRIC, local_worker, quieten
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.circuit_breaker import State
from synthetic_textcat.llm.engine.leases import OUTAGE, Limits
from synthetic_textcat.llm.engine.meter import BreakerLog, outage_of
from synthetic_textcat.llm.shards.fan_out import LostWorkerError
from synthetic_textcat.llm.shards.folder import SharedFolder
from synthetic_textcat.llm.shards.shard_run import ShardJob, ShardResult, ShardTask
from synthetic_textcat.llm.shards.worker_probe import fault, first_line, probe
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.cluster_parameters import ClusterParameters
from synthetic_textcat.schemas.open_calls import OpenCalls
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.stops import Outage
from synthetic_textcat.schemas.worker_counts import WorkerCounts

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

    from synthetic_textcat.fleet.meter_plugin import RunMeter
    from synthetic_textcat.llm.engine.central_meter import Status

logger = logging.getLogger(__name__)

_DASHBOARD_PORT = 8787
_LOOPBACK = ("tcp://127.", "tcp://localhost:", "tcp://[::1]")
_MANY_FAILURES = 1_000
"""Deaths of workers that a local scheduler allows a shard: this module's caller counts them."""

Counts = Mapping[str, tuple[WorkerCounts, OpenCalls]]


class DaskWorkers:
    """Workers of a scheduler that is there, or processes of this machine with a scheduler of their own.

    Args:
        settings: Address, or number of processes.
        connect_s: Seconds within which a scheduler must answer.
    """

    def __init__(self, settings: ClusterParameters, connect_s: float = 10.0) -> None:
        self._settings = settings
        self._connect_s = connect_s
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None
        self._job: Future | None = None
        self._meter: RunMeter | None = None
        self._breaker_log, self._breaker = BreakerLog(), State.CLOSED.name
        self._run_id = ""
        self._under_way: dict[str, tuple[int, Future]] = {}
        self._ended: SimpleQueue[str] = SimpleQueue()
        self._slots = 1

    def start(self) -> None:
        """Connects to the scheduler, or starts one with its workers; does nothing if that is done.

        Raises:
            ClusterError: If Dask is not installed, nothing answers, or there is no worker.
        """
        if self._client is not None:
            return
        try:
            import distributed  # noqa: F401  only whether it is there
        except ImportError:
            raise ClusterError(
                "A cluster needs Dask, which is not installed. Next: pip install 'synthetic-textcat[dask]' with "
                "constraints.txt, or leave out the cluster (cluster.address, cluster.local.workers)"
            ) from None
        quieten()
        address = self._settings.address or self._start_local()
        self._client = self._client_of(address)
        try:
            if self._cluster is not None:
                self._client.register_plugin(local_worker(), name="synthetic-textcat-local")
            self._count_slots()
        except BaseException:
            self.close()
            raise
        self._name_dashboard(self._client)

    @staticmethod
    def _name_dashboard(client: "Client") -> None:
        from synthetic_textcat.fleet.meter_plugin import has_dashboard

        with suppress(Exception):  # of a scheduler without this package, which the probe reports
            if client.run_on_scheduler(has_dashboard):
                logger.info("Dask dashboard: %s", client.dashboard_link)

    def _client_of(self, address: str) -> "Client":
        """A client of the scheduler there.

        Dask's own limit does not end the wait for a peer that accepts the connection and says nothing (`findings/`). So
        the client is made in a thread, which such a peer can keep.

        Raises:
            ClusterError: If no scheduler answers in time.
        """
        from distributed import Client

        made: SimpleQueue[Client | Exception] = SimpleQueue()

        def connect() -> None:
            try:
                made.put(Client(address, timeout=self._connect_s, set_as_default=False, name=METRIC))
            except Exception as error:  # noqa: BLE001  raised in the thread that waits
                made.put(error)

        Thread(target=connect, name="dask-client", daemon=True).start()
        try:
            found = made.get(timeout=2 * self._connect_s)
        except Empty:
            found = TimeoutError("it accepts connections, and says nothing")
        if not isinstance(found, Exception):
            return found
        self.close()
        raise ClusterError(
            f"No Dask scheduler answers at cluster.address={address} within {self._connect_s:g} s "
            f"({first_line(found)}). Next: start one there (dask scheduler), or fix the address"
        ) from found

    @property
    def slots(self) -> int:
        """Number of shards that the workers run at once, as of the last report."""
        return self._slots

    def prove(self, spec: ChatModelSpec, llm: LlmParameters, run_id: str, folder: SharedFolder) -> None:
        """Proves that each worker runs the same code, reaches the folder and knows the model's key and address.

        Raises:
            ClusterError: With the first that does not, and what to do.
        """
        self._refuse_secrets_in_the_open(spec)
        client = self._connected()
        found = client.run(probe, spec, llm, run_id, folder.place, on_error="return")
        own = probe(spec, llm, run_id, folder.place)
        for address, said in sorted(found.items()):
            if reason := fault(said, own):
                raise ClusterError(f"The worker at {address} {redact(reason)}")

    def _refuse_secrets_in_the_open(self, spec: ChatModelSpec) -> None:
        address = self._settings.address
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
        meter = RunMeter(self._connected(), self._run_id, limits)
        try:
            self._meter = meter.__enter__()
        except Exception as error:
            raise ClusterError(
                f"The Dask scheduler can't hold the run's limits ({type(error).__name__}: {first_line(error)}). Next: "
                "install the same wheel with the same constraints.txt on the scheduler too"
            ) from error
        self._job = self._connected().submit(same, packed(job), pure=False, key=f"settings-{os.urandom(8).hex()}")

    def submit(self, task: ShardTask) -> None:
        """Hands out a shard."""
        key = f"shard-{task.shard:05}-{os.urandom(4).hex()}"
        future = self._connected().submit(run, self._job, packed(task), pure=False, key=key)
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
        """Counts of shards under way, by the token of the owner.

        Raises:
            ClusterError: If the scheduler is gone.
        """
        client = self._connected()
        if client.status != "running":
            raise _lost_scheduler()
        try:
            self._count_slots()
            workers = client.scheduler_info(n_workers=-1)["workers"].values()
        except (OSError, TimeoutError) as error:
            raise _lost_scheduler() from error
        said = [worker["metrics"].get(METRIC, {}).get(self._run_id, {}) for worker in workers]
        return {
            owner: (WorkerCounts(*numbers), OpenCalls(*open_calls))
            for reports in said
            for owner, (numbers, open_calls) in reports.items()
        }

    def skip(self, shard: int) -> None:
        """Notes that a shard had no call to make."""
        self._of_meter(lambda meter: meter.skip(str(shard)))

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
            self._breaker_log.note(State[status.breaker], status.last, status.wait_s or 0.0)
        return bool(status.over)

    def outage(self) -> Outage | None:
        """The outage that a run without a single reply has met, once all its calls have ended."""
        status = self._of_meter(lambda meter: meter.conclude())
        if status is None or status.over != OUTAGE or status.last is None:
            return None
        return outage_of(status.last, status.requested_wait_s)

    def close(self) -> None:
        """Disconnects; ends a scheduler and workers that were started here."""
        self._close_meter()
        for closing in (self._client, self._cluster):
            if closing is not None:
                with suppress(Exception):  # of a scheduler that is gone
                    closing.close(timeout=self._connect_s)
        self._client = self._cluster = self._job = None
        self._under_way.clear()

    def _of_meter(self, asked: "Callable[[RunMeter], Status | None]") -> "Status | None":
        """The answer of the meter.

        Raises:
            ClusterError: If the scheduler is gone.
        """
        try:
            return None if self._meter is None else asked(self._meter)
        except (OSError, TimeoutError) as error:
            raise _lost_scheduler() from error

    def _close_meter(self) -> None:
        meter, self._meter = self._meter, None
        if meter is not None:
            with suppress(Exception):  # of a scheduler that is gone
                meter.__exit__(None, None, None)

    def _start_local(self) -> str:
        import dask
        from distributed import LocalCluster

        dask.config.set({"distributed.scheduler.allowed-failures": _MANY_FAILURES})
        dask.config.set({"distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical"})
        self._cluster = LocalCluster(
            n_workers=self._settings.local.workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=f"127.0.0.1:{_free_or_any(_DASHBOARD_PORT)}",
            silence_logs=logging.CRITICAL,
        )
        return str(self._cluster.scheduler_address)

    def _connected(self) -> "Client":
        assert self._client is not None
        return self._client

    def _count_slots(self) -> None:
        """Counts the threads of the workers: each runs a shard.

        Raises:
            ClusterError: If there is no worker.
        """
        threads = sum(self._connected().nthreads().values())
        if not threads and not self._under_way:
            raise ClusterError(
                f"The Dask scheduler at {self._settings.address} has no worker. Next: start some (dask worker ADDRESS "
                "--nthreads 1), and run the same command again"
            )
        self._slots = max(1, threads)

    def _result(self, key: str) -> tuple[int, ShardResult | Exception]:
        from distributed import KilledWorker

        shard, future = self._under_way.pop(key)
        if future.status == "finished":
            try:
                return shard, future.result()
            except Exception:  # noqa: BLE001  the worker has died with the result
                return shard, LostWorkerError()
        if future.status == "error":
            error = future.exception()
            if isinstance(error, KilledWorker | MeterLostError) or (
                isinstance(error, ShardLostError) and error.is_by_worker
            ):
                return shard, LostWorkerError()
            return shard, error
        return shard, _lost_scheduler()


def _free_or_any(port: int) -> int:
    """The port if it is free on loopback, else 0 for any."""
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _lost_scheduler() -> ClusterError:
    return ClusterError(
        "The Dask scheduler is gone. What has arrived is saved. Next: start it again, and run the same command, which "
        "goes on from there"
    )
