"""The machine: what it is, and which of its cores a child process gets."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

SERVER_CORE = 0
CLIENT_CORE = 1
_LIBRARIES = ("openai", "langchain-openai", "aiohttp")


def can_pin() -> bool:
    """Whether processes can be held to a core here, and there are two of them."""
    return hasattr(os, "sched_setaffinity") and {SERVER_CORE, CLIENT_CORE} <= os.sched_getaffinity(0)


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Holds this process, and so every child that it starts meanwhile, to one core; does nothing where it can't."""
    if not can_pin():
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def load() -> str:
    """How busy the machine was in the last minute."""
    return f"load {os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "load unknown"


def description() -> str:
    """Cores, Python, libraries, how busy the machine is, and whether processes are pinned."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    how = (
        f"Server on core {SERVER_CORE}, clients on core {CLIENT_CORE}."
        if can_pin()
        else "Processes can't be pinned to two cores here: server and clients compete."
    )
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {load()} at the start.\n{libraries}.\n{how}"
