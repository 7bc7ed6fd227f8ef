"""Files that are replaced whole: a run that is killed while it saves leaves the file of before, never half of one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path beside the given one, in whose place it is put at the end if all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")  # the suffix tells the format
    try:
        yield fresh
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yields an empty folder beside the given one, in whose place it is put at the end if all went well.

    No system exchanges two folders in one step everywhere: between the two renames a kill leaves the folder of before
    under another name, from where `restored` brings it back.
    """
    restored(folder).parent.mkdir(parents=True, exist_ok=True)
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}")
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
