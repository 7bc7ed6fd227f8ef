"""Work on single rows, shared out among processes where there are many. What comes of it is the same on any number."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from synthetic_textcat.errors import TextcatError

MANY = 50_000
"""Rows from which on processes share the work: to start one takes as long as some 10,000 rows."""

_AT_ONCE = 2_000  # rows handed to a process at a time: half a second, which an interrupt waits for
_AHEAD = 3  # such shares under way for each process, so that none waits, and few are in memory
_MOST = 8  # processes; each takes some 200 MB

T = TypeVar("T")
Result = TypeVar("Result")


class LostProcessError(TextcatError):
    """A process that ended before its work did."""


def processes_for(rows: int) -> int:
    """How many processes to share so many rows among; 1 is this one alone."""
    return min(_cores(), _MOST) if rows >= MANY else 1


def shared_out(work: Callable[[T], Result], items: Iterable[T], processes: int) -> Iterator[Result]:
    """What comes of each item, in their order. Items are taken as they are needed, not all at once.

    Args:
        work: A function that can be pickled, as its results and the items can.
        items: What to work on.
        processes: Below 2, this one does all.

    Raises:
        LostProcessError: If a process was ended, as a system does that runs out of memory.
    """
    if processes < 2:
        yield from map(work, items)
        return
    source = iter(items)
    with _started(processes) as pool:
        under_way: deque[Future[list[Result]]] = deque()
        while share := list(islice(source, _AT_ONCE)):
            under_way.append(pool.submit(_all, work, share))
            if len(under_way) > _AHEAD * processes:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()


@contextmanager
def _started(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes, since a fork would copy the locks of other threads; also after an interrupt, all of them end."""
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise LostProcessError(
            "A process that checked rows has ended: the system may be out of memory, or a script of your own starts "
            "runs outside of `if __name__ == '__main__':`. Next: mend that, then run `kedro run --pipelines "
            "quality_report,export`, which asks nothing"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Leaves an interrupt to the parent, which Ctrl-C reaches as well, and ends with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _all(work: Callable[[T], Result], share: list[T]) -> list[Result]:
    return list(map(work, share))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
