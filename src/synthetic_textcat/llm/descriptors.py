"""The limit on open file descriptors: raised as far as it goes, and concurrency fitted to what it leaves."""

import logging
import os
from functools import cache

from synthetic_textcat.schemas.parameters import GenerationParameters

_MOST_RESERVED = 64
"""Descriptors that calls leave to others: tables, MLflow's start beside the calls, name look-ups, new connections."""

_UNLIMITED = 10_240
"""What is asked for where the hard limit is infinite: macOS refuses more."""

logger = logging.getLogger(__name__)


def fitted(generation: GenerationParameters) -> GenerationParameters:
    """The settings, with no more calls in flight than this process can open connections for; a warning says so.

    Each call in flight is a connection, and so a descriptor. Past the limit calls that are paid for fail, and so does
    everything that opens a file.
    """
    limit = _raised_limit()
    if limit is None:
        return generation
    in_use = _open_descriptors()
    reserve = min(_MOST_RESERVED, limit // 4)
    room = max(1, limit - in_use - reserve)
    if generation.max_concurrency <= room:
        return generation
    _tell(generation.max_concurrency, room, limit, in_use, reserve)
    return generation.model_copy(update={"max_concurrency": room})


def _raised_limit() -> int | None:
    """The soft limit, after it was raised to the hard one; None where there is no limit (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    wanted = _UNLIMITED if hard == resource.RLIM_INFINITY else hard
    if soft >= wanted:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # a system-wide limit is lower still
        return soft
    return wanted


def _open_descriptors() -> int:
    try:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208  only their number counts
    except OSError:
        return 0


@cache
def _tell(asked: int, room: int, limit: int, in_use: int, reserve: int) -> None:
    """Once a process for the same numbers: brainstorming and rows come one after the other."""
    logger.warning(
        "generation.max_concurrency: %d calls at once, not %d, since this process may have %d files and connections "
        "open (`ulimit -n`), has %d, and keeps %d free. Next: raise that limit to ask faster",
        room,
        asked,
        limit,
        in_use,
        reserve,
    )
