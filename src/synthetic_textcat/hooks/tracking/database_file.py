"""Creation of MLflow's database file: written under another name and renamed, so that a kill leaves no torn file."""

import logging
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from synthetic_textcat.durable_files import sync_to_disk
from synthetic_textcat.errors import TrackingStoreError
from synthetic_textcat.hooks.tracking.database_check import DatabaseFinding, DatabaseState, examine, side_files

_LOCK = "store.lock"
_LONGEST_WAIT_S = 15.0
_STILL_S = 3.0
"""Age after which a torn file is no work in progress: MLflow creates tables in small steps."""

_TRIES = 3

logger = logging.getLogger(__name__)


def ensure_database(file: Path, locks: Path, *, is_project_file: bool) -> None:
    """Creates the database if it is missing. A torn database is renamed, with a warning, and replaced.

    Args:
        file: The database.
        locks: Folder of the lock that keeps two runs from creating it at once.
        is_project_file: Whether this project chose the name: then a file that is not a database is renamed too.

    Raises:
        TrackingStoreError: If it belongs to another MLflow version, or is not a database, and so must not be changed.
        OSError: If it can't be created or renamed.
    """
    file = Path(os.path.realpath(file))  # keeps a link to another disk
    file.parent.mkdir(parents=True, exist_ok=True)
    if _is_ready(file, examine(file), is_project_file=is_project_file) and not _scratch_files(file):
        return
    with _alone(locks) as is_certain:
        if is_certain:  # no other run is creating it, so these files are left over from a kill
            for path in _scratch_files(file):
                path.unlink(missing_ok=True)
        for _ in range(_TRIES):
            finding = _settled(file)
            if _is_ready(file, finding, is_project_file=is_project_file):
                return
            if finding.state is not DatabaseState.MISSING:
                aside = _move_aside(file)
                logger.warning(
                    "%s was not a usable MLflow database (%s). It was renamed to %s, and a new database is created",
                    *(file, finding.why, aside.name),
                )
            _make(file)


def check_readable(file: Path) -> None:
    """Check that the database can be read; changes nothing.

    Raises:
        TrackingStoreError: If it can't be read as MLflow's database.
    """
    finding = examine(file)
    if not _is_ready(file, finding, is_project_file=True) and finding.state is not DatabaseState.MISSING:
        raise TrackingStoreError(
            f"{file} can't be read as MLflow's database ({finding.why}). Next: restore it from a backup, or continue: "
            "the next recorded run renames it and creates a new one"
        )


def _is_ready(file: Path, finding: DatabaseFinding, *, is_project_file: bool) -> bool:
    """Whether MLflow can use the database; False if it must be created."""
    state = finding.state
    if state is DatabaseState.OLDER_MLFLOW:
        raise TrackingStoreError(
            f"{file} belongs to an older MLflow ({finding.why}). Next: make a copy, then run "
            f"`mlflow db upgrade sqlite:///{file}`"
        )
    if state is DatabaseState.OTHER_MLFLOW:
        raise TrackingStoreError(
            f"{file} was not written by this MLflow ({finding.why}). Next: install the MLflow that wrote it, or set "
            "MLFLOW_TRACKING_URI to another store"
        )
    if state is DatabaseState.NO_DATABASE and not is_project_file:
        raise TrackingStoreError(
            f"{file} can't be MLflow's database ({finding.why}). Next: set MLFLOW_TRACKING_URI to another store, or "
            "unset it"
        )
    return state is DatabaseState.READY


def _settled(file: Path) -> DatabaseFinding:
    """Finding once the file no longer changes, since another program may be creating its tables in place."""
    end = time.monotonic() + _LONGEST_WAIT_S
    finding, seen = examine(file), _traces_of_work(file)
    while finding.state is DatabaseState.TORN and time.monotonic() < end:
        age_s = time.time() - max((changed for _, changed, _ in seen), default=0) / 1e9
        if age_s > _STILL_S:
            break
        time.sleep(_STILL_S)
        finding, before, seen = examine(file), seen, _traces_of_work(file)
        if seen == before:
            break
    return finding


def _traces_of_work(file: Path) -> set[tuple[str, int, int]]:
    there = ((path.name, path.stat()) for path in (file, *side_files(file)) if path.exists())
    return {(name, found.st_mtime_ns, found.st_size) for name, found in there}


def _make(file: Path) -> None:
    scratch = file.with_name(f"{_scratch_prefix(file)}{secrets.token_hex(4)}")
    try:
        scratch.write_bytes(empty_database())
        sync_to_disk(scratch)
        for stray in side_files(file):  # SQLite would apply a left-over journal to the new file
            stray.rename(_free_name(stray))
        if not os.path.lexists(file):
            scratch.rename(file)
    finally:
        scratch.unlink(missing_ok=True)
    sync_to_disk(file.parent)


@cache
def empty_database() -> bytes:
    """Content of a database without runs: MLflow's tables, made once in a process.

    They are made in memory: in a file, MLflow's 67 migrations would wait for the disk hundreds of times.
    """
    from mlflow import MlflowClient

    address = f"file:textcat-{secrets.token_hex(8)}?mode=memory&cache=shared&uri=true"
    MlflowClient(tracking_uri=f"sqlite:///{address}").search_experiments(max_results=1)
    with TemporaryDirectory() as folder:
        copy = Path(folder, "empty.db")  # SQLite older than 3.36 gives a database's bytes by a file only
        with closing(sqlite3.connect(address, uri=True)) as made, closing(sqlite3.connect(copy)) as written:
            written.execute("PRAGMA synchronous = OFF")
            made.backup(written)
        return copy.read_bytes()


def _move_aside(file: Path) -> Path:
    aside = _free_name(file)
    for stray in side_files(file):
        stray.rename(stray.with_name(stray.name.replace(file.name, aside.name, 1)))
    return file.rename(aside)


def _free_name(path: Path) -> Path:
    name = f"{path.name}.broken-{time.strftime('%Y%m%dT%H%M%S')}"
    taken = 0
    while os.path.lexists(path.with_name(f"{name}-{taken}" if taken else name)):
        taken += 1
    return path.with_name(f"{name}-{taken}" if taken else name)


def _scratch_prefix(file: Path) -> str:
    return f".{file.name}.new-"


def _scratch_files(file: Path) -> list[Path]:
    prefix = _scratch_prefix(file)
    return [path for path in file.parent.iterdir() if path.name.startswith(prefix)]


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Exclusive lock; yields whether it is held, since some network disks support no locks."""
    lock = FileLock(folder / _LOCK, timeout=_LONGEST_WAIT_S)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise TrackingStoreError(
            f"another run has been creating the database for {_LONGEST_WAIT_S:g} s. Next: wait for that run, or end it"
        ) from None
    except (OSError, NotImplementedError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
