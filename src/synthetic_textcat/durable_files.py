"""Durable files: what is written, or a name that is new in a folder, survives a crash of the machine."""

import os
from pathlib import Path


def sync_to_disk(path: Path) -> None:
    """Waits until a file's content, or the names in a folder, are on disk."""
    if os.name == "nt" and path.is_dir():  # Windows can't open a folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
