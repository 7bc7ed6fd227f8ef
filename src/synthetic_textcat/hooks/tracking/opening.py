"""Opening of an MLflow run, in this process or in a child if this process must exit; killed runs are ended."""

import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
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


if __name__ == "__main__":
    _record_elsewhere(json.load(sys.stdin))
