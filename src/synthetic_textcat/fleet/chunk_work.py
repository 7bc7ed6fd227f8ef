"""Worker side of the work pool: reads a function and a chunk of items, and writes the results or the error."""

import pickle
import secrets
from functools import lru_cache
from typing import Any

from synthetic_textcat.errors import ClusterError
from synthetic_textcat.fleet.work_files import work_files
from synthetic_textcat.llm.shards.worker_probe import Probe, versions
from synthetic_textcat.redaction import learn_environment

ITEMS, RESULTS = ".items", ".results"
"""Endings of the names of a chunk's files."""

TOKEN = "driver"
"""File by which a worker knows the driver's place."""

_OTHER_FOLDER = (
    "{} is not the folder of the run, which every worker must see at the same path. Next: mount the run's data folder "
    "there, or start the worker where it is mounted"
)


def packed(value: object) -> bytes:
    """Items, results or a function as the content of a file."""
    return pickle.dumps(value, protocol=5)


def unpacked(content: bytes) -> Any:
    """What a file of this run holds."""
    return pickle.loads(content)  # noqa: S301  written by the driver or a worker of this run


def results_written(place: str, work: str, chunk: str) -> bool:
    """Whether the chunk's results are written, or else the error that the work ended with."""
    files = work_files(place)
    function, items = _function(place, work), unpacked(files.read(chunk + ITEMS))
    try:
        found, is_good = packed(list(function(items))), True
    except Exception as error:  # noqa: BLE001  the driver raises it; its text does not pass the scheduler
        found, is_good = _packed_error(error), False
    files.write(chunk + RESULTS, found)
    return is_good


@lru_cache(maxsize=2)
def _function(place: str, work: str) -> Any:
    return unpacked(work_files(place).read(work))


def _packed_error(error: Exception) -> bytes:
    try:
        content = packed(error)
        unpacked(content)
    except Exception:  # noqa: BLE001  an error that can't be pickled, or not be made anew
        return packed(RuntimeError(f"{type(error).__name__}: {error}"))
    return content


def probe_work(place: str, token: bytes) -> Probe:
    """What this process says of itself before it gets chunks; a worker runs it."""
    learn_environment()
    try:
        why = "" if _is_of_the_run(place, token) else _OTHER_FOLDER.format(place)
    except ClusterError as error:
        why = str(error)
    return Probe(*versions(), "", why)


def _is_of_the_run(place: str, token: bytes) -> bool:
    """Whether the driver's token is there; a file can be written next to it.

    Raises:
        ClusterError: If it can't.
    """
    files = work_files(place)
    name = f"probe-{secrets.token_hex(8)}"
    try:
        if files.read(TOKEN) != token:
            return False
        files.write(name, b"Written to see whether it can be; may be deleted.\n")
    except FileNotFoundError:
        return False
    files.delete(name)
    return True
