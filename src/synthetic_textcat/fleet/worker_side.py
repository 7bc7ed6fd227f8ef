"""Worker side of a Dask cluster: runs shards, reports counts with the worker's heartbeats, and keeps a log file."""

import atexit
import logging
import os
import signal
import tempfile
import warnings
from contextlib import suppress
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthetic_textcat.llm.shards.partition import new_owner
from synthetic_textcat.llm.shards.shard_run import ShardJob, ShardResult, ShardTask, run_shard, worker_name
from synthetic_textcat.redaction import learn_environment
from synthetic_textcat.schemas.open_calls import OpenCalls
from synthetic_textcat.schemas.worker_counts import WorkerCounts
from synthetic_textcat.standard_streams import redact_logs

if TYPE_CHECKING:
    from distributed import Worker

METRIC = "synthetic_textcat"
"""Name of what a worker's heartbeats carry."""

_LOST_AFTER_S = 30.0
"""Seconds without the scheduler after which a worker's calls end with an error; it asks nothing from 2 s on."""


def work(job: ShardJob, task: ShardTask) -> ShardResult:
    """Runs a shard in a worker."""
    from distributed import get_worker

    from synthetic_textcat.fleet.meter_plugin import worker_link

    prepare(job.folder)
    reports = _reports_of(get_worker()).setdefault(job.rows.run_id, {})
    owner = new_owner(job.shards)

    def report(counts: WorkerCounts, open_calls: OpenCalls) -> None:
        reports[owner] = [task.shard, list(astuple(counts)), list(open_calls)[:3]]

    try:
        link = worker_link(job.rows.run_id, owner, str(task.shard), _LOST_AFTER_S)
        return run_shard(job, task, owner, report, link)
    finally:
        reports.pop(owner, None)


def _reports_of(worker: "Worker") -> dict[str, Any]:
    """Reports in a worker's heartbeats to the scheduler, by run and owner."""
    reports: dict[str, Any] = worker.__dict__.setdefault(METRIC, {})
    worker.metrics[METRIC] = lambda _: {run: dict(shards) for run, shards in reports.items() if shards}
    return reports


@cache
def prepare(folder: Path | str) -> None:
    """Once in a worker process: secrets are masked, and its log is a file in the shared folder.

    With an object store it is in the worker's folder for temporary files.
    """
    learn_environment()
    redact_logs()
    logs = folder / "logs" if isinstance(folder, Path) else Path(tempfile.gettempdir()) / "synthetic-textcat-logs"
    logs.mkdir(exist_ok=True)
    handler = logging.FileHandler(logs / f"{worker_name().replace(':', '-')}.log", encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    package = logging.getLogger("synthetic_textcat")
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    package.propagate = False  # Kedro's handler would write to the driver's terminal


def local_worker() -> Any:
    """A Dask plugin for worker processes of this machine."""
    from distributed import WorkerPlugin

    class LocalWorker(WorkerPlugin):  # type: ignore[misc]  # of a package that is not checked
        """A worker process of this machine, which shares terminal and process group with the driver.

        Ctrl-C is for the driver, which stops the workers. At the end Python's clean-up of all libraries, two seconds
        of processor time, is skipped.
        """

        def setup(self, worker: Any) -> None:  # noqa: ARG002  Dask's signature
            quieten()
            atexit.register(os._exit, 0)
            with suppress(ValueError):  # not the main thread
                for name in ("SIGINT", "SIGHUP"):
                    if hasattr(signal, name):
                        signal.signal(getattr(signal, name), signal.SIG_IGN)

    return LocalWorker()


def quieten() -> None:
    """Leaves out Dask's own log lines, and its table of versions: the terminal is the run's."""
    from distributed.versions import VersionMismatchWarning

    warnings.simplefilter("ignore", VersionMismatchWarning)
    for name in ("distributed", *filter(_is_dasks, list(logging.root.manager.loggerDict))):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _is_dasks(name: str) -> bool:
    return name.startswith(("distributed.", "bokeh", "tornado."))
