"""Atomic replacement on a local disk: a run killed during a save leaves the earlier file, never half of a new one."""

import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HOST = re.sub(r"[^\w-]", "-", platform.node() or "host")
"""In the names of temporary files: on a shared disk, another machine's process ids say nothing."""


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yields a path beside the given one, in whose place it is put at the end if all went well."""
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
    """Yields an empty folder beside the given one, in whose place it is put at the end if all went well.

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
            folder.replace(_before(folder))
        fresh.replace(folder)
        shutil.rmtree(_before(folder), ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def restored(folder: Path) -> Path:
    """The folder, put back if a run was killed just when it replaced it; else what such a run left is cleared away."""
    before = _before(folder)
    if folder.exists():
        shutil.rmtree(before, ignore_errors=True)
    elif before.exists():
        before.replace(folder)
    return folder


def _before(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.before")


def _temporary_name(path: Path, process: object) -> str:
    return f".{path.stem}.{_HOST}-{process}{path.suffix}"  # the suffix tells the format


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
