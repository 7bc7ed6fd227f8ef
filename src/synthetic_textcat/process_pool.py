"""Process pool: a parallel map whose result is the same for any number of processes."""

import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from typing import TypeVar

from synthetic_textcat.errors import TextcatError

logger = logging.getLogger(__name__)

ROWS_TO_SHARE = 50_000
"""Minimum rows for a process pool: the start of a process takes as long as some 10,000 rows."""

_AT_ONCE = 2_000  # rows in a chunk: less than half a second of work, which an interrupt waits for
_AHEAD = 3  # chunks in flight for each process, so that none is idle, and few are in memory
_MOST = 8  # processes; each takes some 200 MB

T = TypeVar("T")
Result = TypeVar("Result")


class LostWorkerError(TextcatError):
    """A worker process that ended before its work was done."""


def processes_for(rows: int) -> int:
    """Number of processes for this number of rows; 1 means no pool."""
    return min(_cores(), _MOST) if rows >= ROWS_TO_SHARE else 1


def parallel_map(work: Callable[[list[T]], Sequence[Result]], items: Iterable[T], processes: int) -> Iterator[Result]:
    """Results of `work` for all items, in order. Items are consumed lazily.

    Args:
        work: Takes some thousand items at once and gives a result for each; can be pickled, as results and items can.
        items: Arguments of `work`.
        processes: Size of the pool; below 2 there is none.

    Raises:
        LostWorkerError: If a worker process ended, for example because the system ran out of memory.
    """
    source = iter(items)
    shares = iter(lambda: list(islice(source, _AT_ONCE)), [])
    if processes < 2:
        yield from chain.from_iterable(map(work, shares))
        return
    with _started(processes) as pool:
        under_way: deque[Future[Sequence[Result]]] = deque()
        for share in shares:
            under_way.append(pool.submit(work, share))
            if len(under_way) > _AHEAD * processes:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()


@contextmanager
def _started(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Pool of spawned processes, since a fork would copy locks of other threads; all end with the block."""
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise LostWorkerError(
            "A worker process has ended: the system may be out of memory, or a script of your own starts runs outside "
            "of `if __name__ == '__main__':`. Next: fix that, then run the same command, which pays for nothing twice"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Worker start: ignores Ctrl-C, which the parent handles, and ends when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
