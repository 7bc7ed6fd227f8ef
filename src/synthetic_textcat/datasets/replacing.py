"""Data replaced as a whole, wherever it lies: by a rename on a local disk, by one upload elsewhere.

A run killed during a save leaves the earlier data, never half of the new.
"""

import errno
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synthetic_textcat.datasets.fsspec_place import EMPTY, FIX, INCOMPLETE, Place, restored, set_aside
from synthetic_textcat.errors import StorageError
from synthetic_textcat.file_errors import about_file
from synthetic_textcat.temporary_files import TemporaryFolder, temporary_errors

_HOST = re.sub(r"[^\w-]", "-", platform.node() or "host")
"""In the names of temporary files: on a shared disk, another machine's process ids say nothing."""
_PROBE = ".synthetic-textcat-probe"


@contextmanager
def replacing(place: Place) -> Iterator[Path]:
    """Yields a local path to write to; the file there replaces the old one as a whole at the end, if all went well.

    A remote file is uploaded when it is complete. Written through an open file of fsspec it would be uploaded as well
    when its writer fails: half of it, in the place of a good one.

    Raises:
        StorageError: If it can't be written.
    """
    if place.is_local:
        with _local_errors(place.shown), atomic_file(Path(place.path)) as fresh:
            yield fresh
        return
    _refuse_read_only(place)
    with TemporaryFolder() as folder:
        fresh = folder.path / place.name
        with _local_errors(str(folder.path)), temporary_errors():
            yield fresh
        with place.errors("written"):
            place.fs.put_file(str(fresh), place.path)


@contextmanager
def replacing_folder(place: Place) -> Iterator[Path]:
    """Yields an empty local folder to fill; at the end its files replace the old ones, if all went well.

    No object store replaces many objects in one step. A marker stands there meanwhile: until a run has ended it,
    the folder counts as absent.

    Raises:
        StorageError: If it can't be written.
    """
    if place.is_local:
        with _local_errors(place.shown), atomic_folder(Path(place.path)) as fresh:
            yield fresh
        return
    _refuse_read_only(place)
    with TemporaryFolder() as folder:
        with _local_errors(str(folder.path)), temporary_errors():
            yield folder.path
        _upload(folder.path, place)


def prove_writable(place: Place, *, removes: bool = False) -> None:
    """Makes sure that a file can be written next to the place; on other than local disks by writing one.

    Args:
        place: What a run will write.
        removes: Whether it has to remove files too.

    Raises:
        StorageError: If it can't.
    """
    if place.is_local:
        _prove_local(place)
        return
    _refuse_read_only(place)
    probe = f"{place.parent}/{_PROBE}"
    with place.errors("written"):
        place.fs.pipe_file(probe, b"Written to see whether it can be; may be deleted.\n")
    try:
        place.fs.rm_file(probe)
    except Exception as error:  # each file system raises its own
        if removes:
            raise place.refusal("written, since files of before can't be removed there", error) from error


def _upload(fresh: Path, place: Place) -> None:
    files = {path.relative_to(fresh).as_posix(): path for path in sorted(fresh.rglob("*")) if path.is_file()}
    before = place.listed()
    marker = place.child(INCOMPLETE).path
    with place.errors("written"):
        place.fs.pipe_file(marker, b"A run is replacing these files, or was killed while it did.\n")
        for name, path in files.items():
            place.fs.put_file(str(path), place.child(name).path)
        if not files:
            place.fs.pipe_file(place.child(EMPTY).path, b"This folder has no files.\n")
        for name in sorted(before.keys() - (files.keys() or {EMPTY}) - {INCOMPLETE}):
            place.fs.rm_file(place.child(name).path)
        place.fs.rm_file(marker)


def _prove_local(place: Place) -> None:
    parent = Path(place.path).parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        raise StorageError(f"{place.shown} can't be written: {parent} is a file. Next: move it, or {FIX}")
    if not os.access(parent, os.W_OK | os.X_OK):
        number = errno.EROFS if _is_mounted_read_only(parent) else errno.EACCES
        raise StorageError(about_file(OSError(number, os.strerror(number)), place.shown, "write"))


def _is_mounted_read_only(folder: Path) -> bool:
    """Whether the file system is mounted read-only; False where the platform does not say."""
    return hasattr(os, "statvfs") and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _refuse_read_only(place: Place) -> None:
    if place.is_read_only:
        raise StorageError(
            f"{place.shown} can't be written: {place.protocol} is for reading only. Next: set filepath in the catalog "
            "to a local path, s3://bucket/name or the like"
        )


@contextmanager
def _local_errors(written: str) -> Iterator[None]:
    """Reports an error of writing a local file, such as a full disk or missing rights, in one line."""
    try:
        yield
    except OSError as error:
        raise StorageError(about_file(error, written, "write")) from error


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yields a temporary path next to the given one, which replaces it at the end if all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    fresh = path.with_name(_temporary_name(path, os.getpid()))
    try:
        yield fresh
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yields an empty folder next to the given one, which replaces it at the end if all went well.

    No system exchanges two folders in one step everywhere: between the two renames a kill leaves the folder of before
    under another name, from where `restored` brings it back.
    """
    restored(folder).parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    fresh = folder.with_name(_temporary_name(folder, os.getpid()))
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        yield fresh
        if folder.exists():
            folder.replace(set_aside(folder))
        fresh.replace(folder)
        shutil.rmtree(set_aside(folder), ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _temporary_name(path: Path, process: object) -> str:
    return f".{path.stem}.{_HOST}-{process}{path.suffix}"  # the suffix sets the format


def _remove_leftovers(path: Path) -> None:
    """Removes temporary files of this path whose process on this machine has ended."""
    named = re.compile(re.escape(_temporary_name(path, "PID")).replace("PID", r"(\d+)"))
    for found in path.parent.iterdir():
        match = named.fullmatch(found.name)
        if match and not _is_alive(int(match[1])):
            if found.is_dir():
                shutil.rmtree(found, ignore_errors=True)
            else:
                found.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's, or no process id at all
        return True
    return True
