"""Runs that a kill left RUNNING: the next start says what became of them."""

import logging

from synthetic_textcat.hooks.tracking.life import LOCK_TAG, drop_lock, lock_left_behind
from synthetic_textcat.hooks.tracking.run_log import RunLog
from synthetic_textcat.hooks.tracking.store import Store

_REASON = (
    "the process was killed, or MLflow did not answer, before it could say how the run ended; found by the next run"
)
_RUNNING = "RUNNING"

logger = logging.getLogger(__name__)


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
