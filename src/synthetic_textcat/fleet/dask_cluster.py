"""Dask cluster of a run: a scheduler that is there, or one of this machine with worker processes.

It is started by the first stage that needs it, stays for those that follow, and is closed at the end of the run.
`distributed` is imported late: it takes half a second, and a run in one process does without it.
"""

import atexit
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from synthetic_textcat.errors import ClusterError
from synthetic_textcat.fleet.losses import WorkerWatch, lost_scheduler
from synthetic_textcat.fleet.worker_side import METRIC, local_worker, quieten
from synthetic_textcat.interrupts import held_interrupts
from synthetic_textcat.llm.shards.worker_probe import Probe, fault, first_line
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.cluster_parameters import ClusterParameters

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

logger = logging.getLogger(__name__)

_DASHBOARD_PORT = 8787
_QUESTIONS = 3
"""Times that workers are asked until all have answered."""


class DaskCluster:
    """Scheduler and workers, with this process as their client.

    Args:
        settings: Address, or number of processes.
        connect_s: Seconds within which a scheduler must answer.
        most_losses: Workers that may die on one chunk of work, and on one task of a cluster of this machine.
    """

    def __init__(self, settings: ClusterParameters, connect_s: float = 10.0, most_losses: int = 20) -> None:
        self.most_losses = most_losses
        self._settings = settings
        self._watch = WorkerWatch(settings.max_wait_seconds)
        self._connect_s = connect_s
        self._client: Client | None = None
        self._local: LocalCluster | None = None
        self._starting = Lock()  # nodes of a ThreadRunner begin at the same time

    @property
    def address(self) -> str | None:
        """Address of a scheduler that is there; None for processes of this machine."""
        return self._settings.address

    @property
    def client(self) -> "Client":
        """Client of the scheduler; the cluster is started."""
        assert self._client is not None
        return self._client

    def threads(self) -> int:
        """Threads of the workers: each runs one task at a time. It is reported if there are none for a while.

        Raises:
            ClusterError: If the scheduler is gone, or there was no worker for too long.
        """
        if self.client.status != "running":
            raise lost_scheduler()
        try:
            found = int(sum(self.client.nthreads().values()))
        except (OSError, TimeoutError) as error:
            raise lost_scheduler() from error
        self._watch.note(found, str(self.client.scheduler.address))
        return found

    def prove(self, own: Probe, probe: Callable[..., Probe], *arguments: Any) -> bool:
        """Proves that each worker can do the work, by what it says of itself; False if none has answered.

        Args:
            own: What this process says.
            probe: Asks a worker.
            arguments: Its arguments.

        Raises:
            ClusterError: With the first that can't, and what to do; or if the scheduler is gone.
        """
        found = self._answers(probe, *arguments)
        for address, said in sorted(found.items()):
            if reason := fault(said, own):
                raise ClusterError(f"The worker at {address} {redact(reason)}")
        return bool(found)

    def _answers(self, question: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """Answer of each worker, or the error that it raised, by address.

        A worker may die meanwhile, and its nanny starts it again; so all are asked once more, a few times.

        Raises:
            ClusterError: If the scheduler is gone.
        """
        from distributed.comm import CommClosedError

        for _ in range(_QUESTIONS):
            try:
                found: dict[str, Any] = self.client.run(question, *arguments, on_error="return")
            except (OSError, TimeoutError) as error:
                raise lost_scheduler() from error
            if found and not any(isinstance(said, CommClosedError) for said in found.values()):
                break
            with suppress(TimeoutError):
                self.client.wait_for_workers(1, timeout=self._connect_s)
        return found

    def start(self) -> None:
        """Connects to the scheduler, or starts one with its workers; does nothing if that is done.

        Raises:
            ClusterError: If Dask is not installed, nothing answers, or there is no worker.
        """
        with self._starting:
            if self._client is None:
                self._start()

    def _start(self) -> None:
        try:
            import distributed  # noqa: F401  only whether it is there
        except ImportError:
            raise ClusterError(
                "A cluster needs Dask, which is not installed. Next: make .venv/.ready-dask (of a wheel: pip install "
                "'synthetic_textcat[dask]' with constraints.txt), or leave out the cluster (cluster.address, "
                "cluster.local.workers)"
            ) from None
        quieten()
        atexit.register(self.close)  # after an interrupt, nobody else does
        address = self.address or self._start_local()
        self._client = self._client_of(address)
        try:
            if self._local is not None:
                self._client.register_plugin(local_worker(), name="synthetic-textcat-local")
            self._refuse_no_workers(address)
        except BaseException:
            self.close()
            raise
        self._name_dashboard(self._client)

    def _refuse_no_workers(self, address: str) -> None:
        if not self.threads():
            raise ClusterError(
                f"The Dask scheduler at {address} has no worker. Next: start some (dask worker ADDRESS --nthreads 1), "
                "and run the same command again"
            )

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
            ClusterError: If no scheduler answers in time, or something else does.
        """
        from distributed import Client

        made: SimpleQueue[Client | Exception] = SimpleQueue()

        def connect() -> None:
            client = Client.__new__(Client)
            try:
                Client.__init__(client, address, timeout=self._connect_s, set_as_default=False, name=METRIC)
                made.put(client)
            except Exception as error:  # noqa: BLE001  raised in the thread that waits
                with suppress(Exception):
                    client.close(timeout=self._connect_s)  # else at exit, where that fails after 20 s
                made.put(error)

        Thread(target=connect, name="dask-client", daemon=True).start()
        try:
            found = made.get(timeout=2 * self._connect_s)
        except Empty:
            found = TimeoutError("it accepts connections, and says nothing")
        if not isinstance(found, Exception):
            return found
        self.close()
        if not isinstance(found, OSError):
            raise ClusterError(
                f"cluster.address={address} is no Dask scheduler that this run can talk to ({first_line(found)}). "
                "Next: fix the address, which is not that of a dashboard or a worker; for tls:// Dask's configuration "
                "must name certificates (distributed.comm.tls)"
            ) from found
        raise ClusterError(
            f"No Dask scheduler answers at cluster.address={address} within {self._connect_s:g} s "
            f"({first_line(found)}). Next: start one there (dask scheduler), or fix the address"
        ) from found

    def close(self) -> None:
        """Disconnects; ends a scheduler and workers that were started here."""
        atexit.unregister(self.close)
        for closing in (self._client, self._local):
            if closing is not None:
                with suppress(Exception):  # of a scheduler that is gone
                    closing.close(timeout=self._connect_s)
        self._client = self._local = None

    def _start_local(self) -> str:
        """Starts worker processes of this machine; gives the address of their scheduler.

        An interrupt waits until they have started: Dask can't close a cluster of which a half is there.

        Raises:
            ClusterError: If they do not start.
            KeyboardInterrupt: After an interrupt, once they can be closed.
        """
        with held_interrupts() as interrupted, _without_interrupts():
            self._local = self._started_local()
        if interrupted.is_set():
            raise KeyboardInterrupt
        return str(self._local.scheduler_address)

    def _started_local(self) -> "LocalCluster":
        import dask
        from distributed import LocalCluster

        dask.config.set({"distributed.scheduler.allowed-failures": self.most_losses - 1})
        dask.config.set({"distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical"})
        try:
            return LocalCluster(
                n_workers=self._settings.local.workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=f"127.0.0.1:{_free_or_any(_DASHBOARD_PORT)}",
                silence_logs=logging.CRITICAL,
            )
        except (OSError, RuntimeError, TimeoutError) as error:
            raise ClusterError(
                f"The {self._settings.local.workers} processes of cluster.local.workers do not start "
                f"({first_line(error)}). Next: ask for fewer, or leave out the cluster"
            ) from error


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Threads and processes that start in the block get no Ctrl-C, which a terminal sends to all processes of a run.

    They inherit blocked signals. Dask starts workers in a thread of its own, also later, in place of those that died.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # which unblocks SIGINT when it starts (`findings/`)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _free_or_any(port: int) -> int:
    """The port if it is free on loopback, else 0 for any."""
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port
