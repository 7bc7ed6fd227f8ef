"""Opening of an MLflow run, here or in another process where this process has to end; killed runs are closed."""

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
from synthetic_textcat.hooks.tracking.guard import Guard
from synthetic_textcat.hooks.tracking.run_log import (
    LOCK_TAG,
    RunClock,
    RunLog,
    drop_lock,
    keep_rebuild_files,
    lock_left_behind,
    take_lock,
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
    """What is known of a run before its first node.

    Attributes:
        project: The project's folder.
        name: The run's name.
        tags: Its tags.
        params: All parameters, nested, of plain types.
        start_ms: When it began, since the epoch.
    """

    project: Path
    name: str
    tags: Mapping[str, str]
    params: Mapping[str, Any]
    start_ms: int

    def open(self, calls: BoundedCalls, clock: RunClock) -> RunLog:
        """Makes the run in the store."""
        store = Store.of(self.project)
        client = store.connect(calls)
        experiment_id = store.experiment_id(client)
        lock, named = take_lock(store.locks)
        named[NUMBER_TAG] = next_number(client, experiment_id)
        tags = {name: shown(text) for name, text in {**self.tags, **named}.items()}
        run = client.create_run(experiment_id, start_time=self.start_ms, tags=tags, run_name=shown_line(self.name))
        return RunLog(client, experiment_id, run.info.run_id, lock, calls, clock)

    def record_start(self, log: RunLog, guard: Guard) -> None:
        """Records the parameters and the rebuild files, so that a run that is killed outright has them too.

        Those that were killed so before are now told of.
        """
        guard.attempt("its parameters", lambda: log.batch(params=flatten(self.params)))
        guard.attempt("its rebuild files", lambda: keep_rebuild_files(log, self.params, self.project))
        guard.attempt("runs that were killed", lambda: sweep(log, Store.of(self.project)))

    def hand_over(self, status: str, reason: str, end_ms: int) -> None:
        """Has a process of its own record the run and its end; comes back at once."""
        told = json.dumps({"opening": asdict(self), "end": (status, reason, end_ms)}, default=str)
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # the next Ctrl-C in this terminal is not for it
        )
        assert child.stdin is not None
        child.stdin.write(redact(told).encode())  # of the catalog's secrets the child knows nothing
        child.stdin.close()


def _take_over(told: dict[str, Any]) -> None:
    fields = told["opening"]
    opening = Opening(**fields | {"project": Path(fields["project"])})
    calls = BoundedCalls()
    guard = Guard(Store.of(opening.project), calls.budget)
    log = guard.attempt("this run", lambda: opening.open(calls, RunClock()))
    if log is not None:
        opening.record_start(log, guard)
        guard.attempt("its end", lambda: log.end(*told["end"]))


def sweep(log: RunLog, store: Store) -> None:
    """Ends as KILLED each run of this experiment whose process is certainly gone."""
    filters = f"attributes.status = '{_RUNNING}' AND tags.`{LOCK_TAG}` LIKE 'textcat-%'"
    for run in log.client.search_runs([log.experiment_id], filters):
        run_id = run.info.run_id
        lock = None if run_id == log.run_id else lock_left_behind(store.locks, run.data.tags)
        if lock is None:
            continue
        if log.client.get_run(run_id).info.status == _RUNNING:  # else it ended while we were looking
            end_ms = max(log.clock.now_ms(), run.info.start_time)  # the clock may have been set back since
            RunLog(log.client, log.experiment_id, run_id, lock).end("KILLED", _REASON, end_ms)
            logger.info("MLflow did not hear how run %s ended; it now has it as killed", run.info.run_name)
        else:
            drop_lock(lock)


if __name__ == "__main__":
    _take_over(json.load(sys.stdin))
