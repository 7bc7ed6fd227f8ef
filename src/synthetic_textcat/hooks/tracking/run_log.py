"""Log of one MLflow run: batched writes, its clock, its liveness lock and its files."""

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
from synthetic_textcat.hooks.tracking.catalog_metadata import Marked
from synthetic_textcat.redaction import redact

if TYPE_CHECKING:
    from mlflow import MlflowClient

_NONE: Mapping[str, Any] = MappingProxyType({})

_NOTICEABLE_MS = 1000
"""Below this, the difference of the two clocks is their ordinary drift."""

LOCK_TAG = "process.lock"
"""Tag of a run: the name of its lock."""

_INODE_TAG = "process.lock_inode"
"""Tag of a run: the number of its lock's file. A copy of the file, in a copied project, has another one."""

_NAME = re.compile(r"textcat-[0-9a-f]{32}")
REBUILD = "rebuild"


@dataclass(frozen=True)
class RunClock:
    """Times for everything that one run records.

    Within a run its times never go back, and their differences are real durations, whatever happens to the machine's
    wall clock. Time in which the machine sleeps does not count where the system's monotonic clock leaves it out.

    Attributes:
        wall: Seconds since the epoch, as the machine's clock says; anyone may set it.
        monotonic: Seconds since some moment, which nobody sets.
    """

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    _anchor: tuple[float, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_anchor", (self.wall(), self.monotonic()))

    @property
    def started_ms(self) -> int:
        """When the clock was made, in milliseconds since the epoch."""
        return int(self._anchor[0] * 1000)

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        wall, monotonic = self._anchor
        return int((wall + self.monotonic() - monotonic) * 1000)

    def correction_ms(self) -> int:
        """What to add to a time that the wall clock gave just now; 0 while nobody has set it."""
        ahead = self.now_ms() - int(self.wall() * 1000)
        return ahead if abs(ahead) >= _NOTICEABLE_MS else 0


@dataclass(frozen=True, slots=True)
class RunLog:
    """A run in a store, named in every call: MLflow's global state, its active run above all, is left alone.

    Attributes:
        client, experiment_id, run_id: Where it is.
        lock: Held until the run has ended, as a sign that its process lives.
        calls: Where calls that are not the client's run.
        clock: The run's times.
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
        """Logs all of it at once, metrics at the step, texts without secrets and control characters."""
        from mlflow.entities import Metric, Param, RunTag

        now = self.clock.now_ms()
        self.client.log_batch(
            self.run_id,
            metrics=[Metric(name, value, now, step) for name, value in metrics.items()],
            params=[Param(name, shown(text)) for name, text in params.items()],
            tags=[RunTag(name, shown(text)) for name, text in tags.items()],
        )

    def end(self, status: str, reason: str | None, end_ms: int | None = None) -> None:
        """Ends the run, now or at `end_ms`, with this status, and the reason of a bad one as a tag."""
        if reason:
            self.batch(tags={"reason": reason})
        self.client.set_terminated(self.run_id, status, self.clock.now_ms() if end_ms is None else end_ms)
        if self.lock is not None:
            drop_lock(self.lock)


def take_lock(folder: Path) -> tuple[FileLock | None, dict[str, str]]:
    """A lock of a new name, held, and the tags that tell of it; neither where it can't be written."""
    name = f"textcat-{secrets.token_hex(16)}"
    lock = _lock(folder, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
        inode = Path(lock.lock_file).stat().st_ino
    except (OSError, NotImplementedError, Timeout):  # some network disks know no locks
        return None, {}
    return lock, {LOCK_TAG: name, _INODE_TAG: str(inode)}


def lock_left_behind(folder: Path, tags: Mapping[str, str]) -> FileLock | None:
    """The lock of a run whose process is certainly gone, now held by us; else None.

    Not certain: a run of another machine, one whose lock is not there (another container, a cleared folder) or is a
    copy (then the run may go on in the project that was copied), and one that had none.
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


def drop_lock(lock: FileLock) -> None:
    """Frees the lock and removes its file."""
    with suppress(OSError):  # Windows removes no open file
        Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _lock(folder: Path, name: str) -> FileLock:
    return FileLock(folder / f"{name}.lock", thread_local=False)  # taken in one thread, freed in another


def keep_rebuild_files(log: RunLog, params: Mapping[str, Any], project: Path) -> None:
    """Keeps all parameters, and the versions that the project installs, under `rebuild/`."""
    text = yaml.safe_dump(dict(params), sort_keys=False, allow_unicode=True)
    log.client.log_text(log.run_id, redact(text), f"{REBUILD}/parameters.yml")
    constraints = project / "constraints.txt"
    if constraints.is_file():
        log.client.log_artifact(log.run_id, str(constraints), REBUILD)


def keep_file(log: RunLog, item: Marked) -> None:
    """Keeps the dataset's file where its mark says, and a prompt under `rebuild/prompts/`, as it was when read."""
    if item.marks.prompt and item.place and item.content is not None:
        log.client.log_text(log.run_id, item.content.decode(), f"{REBUILD}/prompts/{item.place.name}")
    if item.marks.artifact is not None and item.file:
        log.client.log_artifact(log.run_id, str(item.file), item.marks.artifact or None)
