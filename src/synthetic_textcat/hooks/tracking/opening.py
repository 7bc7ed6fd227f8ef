"""Opening of an MLflow run: once model calls leave the processor idle, or in a child if this process must exit.

The import of MLflow, its store and its writes take seconds of the interpreter that sends the calls. A server that
answers within milliseconds keeps that interpreter busy, and each of those seconds would lower the rate of calls.

Runs that were killed are ended here as well.
"""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from typing import Any

from synthetic_textcat.console import shown, shown_line
from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls
from synthetic_textcat.hooks.tracking.catalog_metadata import flatten
from synthetic_textcat.hooks.tracking.description import without_unused
from synthetic_textcat.hooks.tracking.guard import Guard
from synthetic_textcat.hooks.tracking.run_log import (
    LOCK_TAG,
    RunClock,
    RunLog,
    acquire_stale_lock,
    create_lock,
    log_rebuild_files,
    release_lock,
)
from synthetic_textcat.hooks.tracking.run_lookup import NUMBER_TAG, next_number
from synthetic_textcat.hooks.tracking.store import Store
from synthetic_textcat.redaction import redact

logger = logging.getLogger(__name__)

_REASON = (
    "the process was killed, or MLflow did not answer, before it could say how the run ended; found by the next run"
)
_RUNNING = "RUNNING"

_CALLS_ARE_OUT_S = 2.0
"""Time in which a model-calling node has imported its client and sent its first request."""

_IDLE_BELOW = 0.5
"""Share of a processor below which the process counts as idle; 64 calls in flight of 200 ms each take a third."""

_LONGEST_S = 60.0
"""Maximum wait for a busy engine: MLflow's two CPU seconds are then 3 % of the time, and the run becomes visible."""

_THREADS = Path("/proc/self/task")


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Facts about a run known before its first node.

    Attributes:
        project: The project's folder.
        name: The run's name.
        tags: Its tags.
        params: All parameters, nested, of plain types.
        start_ms: Start time in milliseconds since the epoch.
    """

    project: Path
    name: str
    tags: Mapping[str, str]
    params: Mapping[str, Any]
    start_ms: int

    def open(self, calls: BoundedCalls, clock: RunClock) -> RunLog:
        """Creates the run in the store."""
        store = Store.of(self.project)
        client = store.connect(calls)
        experiment_id = store.experiment_id(client)
        lock, named = create_lock(store.locks)
        named[NUMBER_TAG] = next_number(client, experiment_id)
        tags = {name: shown(text) for name, text in {**self.tags, **named}.items()}
        run = client.create_run(experiment_id, start_time=self.start_ms, tags=tags, run_name=shown_line(self.name))
        return RunLog(client, experiment_id, run.info.run_id, lock, calls, clock)

    def record_start(self, log: RunLog, guard: Guard) -> None:
        """Records the parameters and the rebuild files at once, so that a killed run has them too.

        It also ends earlier runs that were killed.
        """
        guard.attempt("its parameters", lambda: log.batch(params=flatten(without_unused(self.params))))
        guard.attempt("its rebuild files", lambda: log_rebuild_files(log, self.params, self.project))
        guard.attempt("runs that were killed", lambda: end_killed_runs(log, Store.of(self.project)))

    def hand_over(self, status: str, reason: str, end_ms: int) -> None:
        """Starts a process that records the run and its end; returns at once."""
        message = json.dumps({"opening": asdict(self), "end": (status, reason, end_ms)}, default=str)
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that the next Ctrl-C in this terminal does not reach it
        )
        assert child.stdin is not None
        child.stdin.write(redact(message).encode())  # the child does not know the catalog's secrets
        child.stdin.close()


def _record_elsewhere(message: dict[str, Any]) -> None:
    fields = message["opening"]
    opening = Opening(**fields | {"project": Path(fields["project"])})
    calls = BoundedCalls()
    guard = Guard(Store.of(opening.project), calls.budget)
    log = guard.attempt("this run", lambda: opening.open(calls, RunClock()))
    if log is not None:
        opening.record_start(log, guard)
        guard.attempt("its end", lambda: log.end(*message["end"]))


def end_killed_runs(log: RunLog, store: Store) -> None:
    """Ends each run of this experiment as KILLED if its process is certainly gone."""
    filters = f"attributes.status = '{_RUNNING}' AND tags.`{LOCK_TAG}` LIKE 'textcat-%'"
    for run in log.client.search_runs([log.experiment_id], filters):
        run_id = run.info.run_id
        lock = None if run_id == log.run_id else acquire_stale_lock(store.locks, run.data.tags)
        if lock is None:
            continue
        if log.client.get_run(run_id).info.status == _RUNNING:  # it may have ended since the search
            end_ms = max(log.clock.now_ms(), run.info.start_time)  # the clock may have been set back
            RunLog(log.client, log.experiment_id, run_id, lock).end("KILLED", _REASON, end_ms)
            logger.info("Run %s ended without a status in MLflow; it is now recorded as KILLED", run.info.run_name)
        else:
            release_lock(lock)


class QuietMoment:
    """Waits for a moment at which other work in this process does not slow model calls.

    The moment has come at the latest once `now` is called, as when the calls are over, or after a minute of calls.

    Args:
        monotonic: Clock, in seconds.
        demand_s: Returns the processor seconds that the process has used or waited for so far.
        look_every_s: Seconds over which its share of a processor is measured.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        demand_s: Callable[[], float] | None = None,
        look_every_s: float = 0.5,
    ) -> None:
        self._monotonic = monotonic
        self._demand_s = demand_s or processor_demand_s
        self._look_every_s = look_every_s
        self._now = Event()
        self._calls_began: float | None = None

    def calls_begin(self) -> None:
        """Records that a model-calling node starts."""
        self._calls_began = self._monotonic()

    def calls_pause(self) -> None:
        """Records that another node runs before a model-calling one, whose first request should not wait."""
        self._calls_began = None

    def now(self) -> None:
        """Ends the wait."""
        self._now.set()

    def wait(self) -> None:
        """Blocks until the moment has come."""
        before: tuple[float, float] | None = None
        while not self._now.wait(self._look_every_s):
            began, at = self._calls_began, (self._monotonic(), self._demand_s())
            if began is None or before is None or before[0] < began:  # the interval was not all of calls
                before = at
                continue
            share = (at[1] - before[1]) / max(at[0] - before[0], 1e-9)
            if at[0] - began >= (_CALLS_ARE_OUT_S if share < _IDLE_BELOW else _LONGEST_S):
                return
            before = at


def processor_demand_s() -> float:
    """Processor seconds that this process has used or, where the system counts it (Linux), waited for.

    With the waits of its threads, an engine that gets a fifth of a busy machine does not look idle.
    """
    waited_ns = 0
    with suppress(OSError, ValueError, IndexError):
        for thread in _THREADS.iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended meanwhile
                waited_ns += int((thread / "schedstat").read_text(encoding="ascii").split()[1])
    return time.process_time() + waited_ns / 1e9


if __name__ == "__main__":
    _record_elsewhere(json.load(sys.stdin))
