"""Log of one MLflow run: batched writes, its clock, its liveness lock and its files."""

import csv
import io
import math
import re
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml
from filelock import FileLock, Timeout

from synthetic_textcat.console import shown
from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls
from synthetic_textcat.hooks.tracking.catalog_metadata import TrackedDataset
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.worker_counts import WorkerShare

if TYPE_CHECKING:
    from mlflow import MlflowClient

_NONE: Mapping[str, Any] = MappingProxyType({})

_NOTICEABLE_MS = 1000
"""Smallest difference between the clocks that is not ordinary drift."""

LOCK_TAG = "process.lock"
"""Tag of a run: the name of its lock."""

_INODE_TAG = "process.lock_inode"
"""Tag of a run: the inode of its lock file. A copy of the file, in a copied project, has another inode."""

_NAME = re.compile(r"textcat-[0-9a-f]{32}")
REBUILD = "rebuild"

_OF_A_WORKER = ("calls", "replies", "accepted", "rejected", "failed", "tokens", "usd")
"""Counts of a worker that its row has; `usd` is empty if a price is unknown."""


@dataclass(frozen=True)
class RunClock:
    """Monotonic clock for all timestamps of one run.

    Within a run, times never go back and their differences are real durations, even if the wall clock is set. Sleep of
    the machine does not count if the system's monotonic clock excludes it.

    Attributes:
        wall: Wall clock: seconds since the epoch; may be set at any time.
        monotonic: Monotonic clock: seconds since an arbitrary moment.
    """

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    _anchor: tuple[float, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_anchor", (self.wall(), self.monotonic()))

    @property
    def started_ms(self) -> int:
        """Creation time of the clock, in milliseconds since the epoch."""
        return int(self._anchor[0] * 1000)

    def now_ms(self) -> int:
        """Current time in milliseconds since the epoch."""
        wall, monotonic = self._anchor
        return int((wall + self.monotonic() - monotonic) * 1000)

    def correction_ms(self) -> int:
        """Correction for a time just read from the wall clock; 0 unless the clock was set."""
        ahead = self.now_ms() - int(self.wall() * 1000)
        return ahead if abs(ahead) >= _NOTICEABLE_MS else 0


@dataclass(frozen=True, slots=True)
class RunLog:
    """Writer for one run; every call names the run, so that MLflow's global active run is not touched.

    Attributes:
        client, experiment_id, run_id: The run in its store.
        lock: Liveness lock, held until the run has ended.
        calls: Executor of bounded calls outside the client.
        clock: Clock of the run.
    """

    client: "MlflowClient"
    experiment_id: str
    run_id: str
    lock: FileLock | None = None
    calls: BoundedCalls = field(default_factory=BoundedCalls)
    clock: RunClock = field(default_factory=RunClock)

    def batch(
        self,
        metrics: Mapping[str, float] = _NONE,
        params: Mapping[str, str] = _NONE,
        tags: Mapping[str, str] = _NONE,
        step: int = 0,
    ) -> None:
        """Logs everything in one request, metrics at the step, texts without secrets and control characters.

        Only finite metrics are logged: MLflow's searches do not return a run by a metric that is NaN.
        """
        from mlflow.entities import Metric, Param, RunTag

        now = self.clock.now_ms()
        self.client.log_batch(
            self.run_id,
            metrics=[Metric(name, value, now, step) for name, value in metrics.items() if math.isfinite(value)],
            params=[Param(name, shown(text)) for name, text in params.items()],
            tags=[RunTag(name, shown(text)) for name, text in tags.items()],
        )

    def end(self, status: str, reason: str | None, end_ms: int | None = None) -> None:
        """Ends the run with this status, now or at `end_ms`; a reason becomes a tag."""
        if reason:
            self.batch(tags={"reason": reason})
        self.client.set_terminated(self.run_id, status, self.clock.now_ms() if end_ms is None else end_ms)
        if self.lock is not None:
            release_lock(self.lock)


def create_lock(folder: Path) -> tuple[FileLock | None, dict[str, str]]:
    """Creates and acquires a liveness lock; returns it with its tags, or None if locks are not supported."""
    name = f"textcat-{secrets.token_hex(16)}"
    lock = _lock(folder, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
        inode = Path(lock.lock_file).stat().st_ino
    except (OSError, NotImplementedError, Timeout):  # some network disks support no locks
        return None, {}
    return lock, {LOCK_TAG: name, _INODE_TAG: str(inode)}


def acquire_stale_lock(folder: Path, tags: Mapping[str, str]) -> FileLock | None:
    """Acquires the liveness lock of a run whose process is certainly gone; otherwise None.

    Uncertain cases: a run on another machine, a missing lock (another container, a cleared folder), a copied lock (the
    run may continue in the original project), and a run without a lock.
    """
    name, host = tags.get(LOCK_TAG, ""), tags.get("process", "").rpartition(":")[0]
    if not _NAME.fullmatch(name) or host != socket.gethostname():
        return None
    lock = _lock(folder, name)
    try:
        inode = str(Path(lock.lock_file).stat().st_ino)
        if inode != tags.get(_INODE_TAG, inode):
            return None
        lock.acquire(blocking=False)
    except (OSError, NotImplementedError, Timeout):
        return None
    return lock


def release_lock(lock: FileLock) -> None:
    """Releases the lock and removes its file."""
    with suppress(OSError):  # Windows can't remove an open file
        Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _lock(folder: Path, name: str) -> FileLock:
    return FileLock(folder / f"{name}.lock", thread_local=False)  # acquired in one thread, released in another


def log_rebuild_files(log: RunLog, params: Mapping[str, Any], project: Path) -> None:
    """Logs all parameters, and the project's version constraints, under `rebuild/`."""
    text = yaml.safe_dump(dict(params), sort_keys=False, allow_unicode=True)
    log.client.log_text(log.run_id, redact(text), f"{REBUILD}/parameters.yml")
    constraints = project / "constraints.txt"
    if constraints.is_file():
        log.client.log_artifact(log.run_id, str(constraints), REBUILD)


def log_file(log: RunLog, item: TrackedDataset) -> None:
    """Logs the dataset's file to its artifact folder, and a prompt, as it was when read, to `rebuild/prompts/`."""
    if item.metadata.prompt and item.place and item.content is not None:
        log.client.log_text(log.run_id, item.content.decode(), f"{REBUILD}/prompts/{item.place.name}")
    if item.metadata.artifact is not None and item.file:
        log.client.log_artifact(log.run_id, str(item.file), item.metadata.artifact or None)


def log_workers(log: RunLog, workers: Mapping[str, WorkerShare]) -> None:
    """Logs `workers.csv`: what each worker of a cluster has done, by host and process."""
    rows = [
        {"worker": name, "shards": share.shards, **{column: getattr(share.counts, column) for column in _OF_A_WORKER}}
        for name, share in sorted(workers.items())
    ]
    file = io.StringIO()
    table = csv.DictWriter(file, ["worker", "shards", *_OF_A_WORKER], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    log.client.log_text(log.run_id, file.getvalue(), "workers.csv")
