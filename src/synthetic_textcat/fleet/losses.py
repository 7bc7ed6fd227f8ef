"""Losses of a cluster: a scheduler that has gone, workers that died with a task, and a cluster without any worker."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from synthetic_textcat.errors import ClusterError
from synthetic_textcat.schemas.stops import local_time
from synthetic_textcat.work_pool import LostWorkerError

if TYPE_CHECKING:
    from distributed import Future

logger = logging.getLogger(__name__)

_GRACE_S = 10.0
"""Seconds without a worker before it is reported: a nanny starts a worker that died again within some seconds."""

_RESULT_S = 60.0
"""Seconds for the result of a task that has ended; it is a few hundred bytes."""

_LOOK_S = 2.0
"""Seconds after which a result that has not come is looked for anew: its worker may have died with it, and the client
of Dask then waits for another that does the task again."""


def lost_scheduler() -> ClusterError:
    """The error of a scheduler that has gone during the run."""
    return ClusterError(
        "The Dask scheduler is gone. What has arrived is saved. Next: start it again, and run the same command, which "
        "goes on from there"
    )


def result_of(task: "Future") -> Any:
    """The result of a task that has ended, one way or another.

    Raises:
        LostWorkerError: If workers died with it: another may do it again.
        ClusterError: If the scheduler is gone.
        Exception: The error that the task ended with.
    """
    from distributed import KilledWorker

    if task.status == "cancelled":
        raise lost_scheduler()
    if task.status == "error":
        why = task.exception(timeout=_RESULT_S)
        if isinstance(why, KilledWorker):
            raise LostWorkerError.after(int(why.allowed_failures) + 1)
        raise why
    until, why = monotonic() + _RESULT_S, None
    while task.status == "finished" and monotonic() < until:  # else "lost": the worker has died with the result
        try:
            return task.result(timeout=_LOOK_S)
        except TimeoutError as error:
            why = error
        except Exception as error:
            raise LostWorkerError.after(1) from error  # it has died meanwhile
    raise LostWorkerError.after(1) from why


class WorkerWatch:
    """Watch on the number of workers: reports that none is left, and ends the run if none joins in time.

    Tasks wait in the scheduler meanwhile, and a worker that joins gets them.

    Args:
        longest_s: Seconds for which a run waits for a worker; None = as long as there is a scheduler.
        now: Clock, in seconds.
    """

    def __init__(self, longest_s: float | None, now: Callable[[], float] = monotonic) -> None:
        self._longest_s = longest_s
        self._now = now
        self._none_since: float | None = None
        self._is_reported = False

    def note(self, workers: int, address: str) -> None:
        """Notes the number of workers that the scheduler at this address has.

        Raises:
            ClusterError: If none has been there for too long.
        """
        now = self._now()
        if workers:
            if self._is_reported:
                logger.info("A Dask worker has joined: the run goes on")
            self._none_since, self._is_reported = None, False
            return
        if self._none_since is None:
            self._none_since = now
        absent_s = now - self._none_since
        if self._longest_s is not None and absent_s >= self._longest_s:
            raise ClusterError(
                f"The Dask scheduler at {address} has had no worker for {absent_s:.0f} s (cluster.max_wait_seconds="
                f"{self._longest_s:g}). What has arrived is saved. Next: start workers (dask worker {address} "
                "--nthreads 1), and run the same command, which goes on from there"
            )
        if absent_s >= _GRACE_S and not self._is_reported:
            self._is_reported = True
            self._report(absent_s, address)

    def _report(self, absent_s: float, address: str) -> None:
        since = datetime.now().astimezone() - timedelta(seconds=absent_s)
        until = ""
        if self._longest_s is not None:
            until = f" until {local_time(since + timedelta(seconds=self._longest_s))} (cluster.max_wait_seconds)"
        logger.warning(
            "No Dask worker is left since %s. What has arrived is saved; the run waits%s, and goes on with the first "
            "worker that joins. Next: start one (dask worker %s --nthreads 1)",
            local_time(since),
            until,
            address,
        )
