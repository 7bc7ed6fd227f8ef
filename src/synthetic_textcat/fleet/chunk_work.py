"""Worker side of the work pool: reads a function and a chunk of items, and writes the results or the error."""

import hmac
import pickle
import secrets
from functools import lru_cache
from typing import Any

from synthetic_textcat.errors import ClusterError
from synthetic_textcat.fleet.work_files import work_files
from synthetic_textcat.llm.shards.worker_probe import Probe, versions
from synthetic_textcat.redaction import learn_environment
from synthetic_textcat.work_pool import sendable

ITEMS, RESULTS = ".items", ".results"
"""Endings of the names of a chunk's files."""

TOKEN = "driver"
"""File by which a worker knows the driver's place."""

_SIGNATURE_BYTES = 32

_OTHER_FOLDER = (
    "{} is not the folder of the run, which every worker must see at the same path. Next: mount the run's data folder "
    "there, or start the worker where it is mounted"
)


def sealed(value: object, key: bytes, name: str) -> bytes:
    """Items, results or a function as the content of a file, with the run's signature.

    Whoever may write to the shared storage could else have this process run code of theirs: content is unpickled.

    Args:
        value: What to write.
        key: Of the work, which only driver, scheduler and workers have.
        name: Of the file: content of another file is not that of this one.
    """
    content = pickle.dumps(value, protocol=5)
    return _signature(content, key, name) + content


def opened(content: bytes, key: bytes, name: str) -> Any:
    """Content of a signed file of this run.

    Raises:
        ClusterError: If another process than those of the run has written it.
    """
    signature, content = content[:_SIGNATURE_BYTES], content[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(content, key, name)):
        raise ClusterError(
            f"The work file {name} was changed by another program than this run. Next: see who may write to the shared "
            "folder, and run the same command again"
        )
    return pickle.loads(content)  # noqa: S301  signed by the driver or a worker of this run


def _signature(content: bytes, key: bytes, name: str) -> bytes:
    return hmac.digest(key, name.encode() + b"\0" + content, "sha256")


def results_written(place: str, key: bytes, work: str, chunk: str) -> bool:
    """Whether the chunk's results are written, or else the error that the work ended with.

    Raises:
        ClusterError: If the work files are not there: the worker came later, and sees another folder.
    """
    files, items = work_files(place), chunk + ITEMS
    try:
        function, given = _function(place, key, work), opened(files.read(items), key, items)
    except FileNotFoundError:
        raise ClusterError(_OTHER_FOLDER.format(place)) from None
    try:
        content, is_good = sealed(list(function(given)), key, chunk + RESULTS), True
    except Exception as error:  # noqa: BLE001  the driver raises it; its text does not pass the scheduler
        content, is_good = sealed(sendable(error), key, chunk + RESULTS), False
    files.write(chunk + RESULTS, content)
    return is_good


@lru_cache(maxsize=2)
def _function(place: str, key: bytes, work: str) -> Any:
    return opened(work_files(place).read(work), key, work)


def probe_work(place: str, token: bytes) -> Probe:
    """Probe of this process before it gets chunks; a worker runs it."""
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
