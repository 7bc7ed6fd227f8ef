"""Parallel map in a process pool, and a progress bar. The result is the same for any number of processes."""

import logging
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
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from synthetic_textcat.console import hide, show, terminal
from synthetic_textcat.errors import TextcatError

if TYPE_CHECKING:
    from rich.console import Console

logger = logging.getLogger(__name__)

ROWS_TO_SHARE = 50_000
"""Minimum rows for a process pool: the start of a process takes as long as some 10,000 rows."""

_AT_ONCE = 2_000  # rows in a chunk: half a second of work, which an interrupt waits for
_AHEAD = 3  # chunks in flight for each process, so that none is idle, and few are in memory
_MOST = 8  # processes; each takes some 200 MB

T = TypeVar("T")
Result = TypeVar("Result")

ROWS_TO_SHOW = 20_000
"""Minimum rows for a progress bar."""

_STEP = 1_000  # rows between updates
ReportProgress = Callable[[int], None]


class LostWorkerError(TextcatError):
    """A worker process that ended before its work was done."""


def processes_for(rows: int) -> int:
    """Number of processes for so many rows; 1 means no pool."""
    return min(_cores(), _MOST) if rows >= ROWS_TO_SHARE else 1


def parallel_map(work: Callable[[T], Result], items: Iterable[T], processes: int) -> Iterator[Result]:
    """Results of `work` for each item, in order. Items are consumed lazily.

    Args:
        work: A function that can be pickled, as its results and the items can.
        items: Arguments of `work`.
        processes: Size of the pool; below 2 there is none.

    Raises:
        LostWorkerError: If a worker process ended, for example because the system ran out of memory.
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
    """Pool of spawned processes, since a fork would copy locks of other threads; all end with the block."""
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise LostWorkerError(
            "A worker process of the row checks has ended: the system may be out of memory, or a script of your own "
            "starts runs outside of `if __name__ == '__main__':`. Next: fix that, then run `kedro run --pipelines "
            "quality_report,export`, which makes no calls"
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


def _all(work: Callable[[T], Result], share: list[T]) -> list[Result]:
    return list(map(work, share))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def track(rows: Iterable[T], total: int, doing: str, every_s: float = 10.0) -> Iterator[T]:
    """Iterates over rows with a progress bar, or log lines if there is no terminal.

    Args:
        rows: Rows to pass through.
        total: Expected number of rows.
        doing: Description of the work.
        every_s: Seconds between log lines.
    """
    if total < ROWS_TO_SHOW:
        yield from rows
        return
    console = terminal()
    with _lines(total, doing, every_s) if console is None else _bar(total, doing, console) as report:
        for done, row in enumerate(rows, start=1):
            if done % _STEP == 0:
                report(done)
            yield row


@contextmanager
def _lines(total: int, doing: str, every_s: float) -> Iterator[ReportProgress]:
    begun = last_said = monotonic()

    def report(done: int) -> None:
        nonlocal last_said
        now = monotonic()
        if now - last_said >= every_s:
            last_said = now
            logger.info("%s: %s of %s, %.0f/s", doing, f"{done:,}", f"{total:,}", done / (now - begun))

    yield report


@contextmanager
def _bar(total: int, doing: str, console: "Console") -> Iterator[ReportProgress]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, refresh_per_second=4)
    task = bar.add_task(doing, total=total)
    show(bar)
    try:
        yield lambda done: bar.update(task, completed=done)
    finally:
        hide(bar)
