"""Work pool: a parallel map in this process, in processes of this machine, or by the workers of a cluster.

The result is the same for any of them. The third kind is in `fleet`, the only package that imports Dask.
"""

import gc
import logging
import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Protocol, Self, TypeVar

from synthetic_textcat.errors import TextcatError
from synthetic_textcat.temporary_files import large_files_folder

logger = logging.getLogger(__name__)

ROWS_TO_SHARE = 50_000
"""Minimum rows for other processes: the start of one takes as long as some 10,000 rows."""

AT_ONCE = 2_000
"""Items in a chunk: of rows to check, less than half a second of work, which an interrupt waits for."""

AHEAD = 3
"""Chunks under way for each process, so that none is idle, and few are in memory or on disk."""

_MOST = 8  # processes; each takes some 200 MB
_COLLECTED_AFTER = (100_000, 20, 100)  # objects, collections of the young, and of the middle generation
_PRELOADED = (
    "kedro.framework.cli.cli",  # each process imports the main module again, which for `kedro` is a line with this
    "pandas",
    "pyarrow.compute",
    "pyarrow.parquet",
    "synthetic_textcat.schemas.parameters",
)

T = TypeVar("T")
Result = TypeVar("Result")


class WorkPool(Protocol):
    """Processes that share work, and this one alone where rows are few."""

    def map(
        self, work: Callable[[list[T]], Sequence[Result]], items: Iterable[T], rows: int, at_once: int = AT_ONCE
    ) -> Iterator[Result]:
        """Results of `work` for all items, in order. Items are consumed lazily, a bounded number ahead.

        Args:
            work: A pure function that takes some items at once and gives a result for each; can be pickled, as items
                and results can. A chunk whose process was lost may be done again.
            items: Arguments of `work`.
            rows: How many rows of the run they stand for: other processes pay from `ROWS_TO_SHARE` on.
            at_once: Most items in a call of `work`; 1 for units such as a file.

        Raises:
            TextcatError: If processes are lost for good.
        """

    @property
    def folder(self) -> Path | None:
        """Folder that all its processes see at the same path, for files that work reads; None if there is none."""


class LostWorkerError(TextcatError):
    """Workers that died before their work was done.

    Attributes:
        workers: How many died on the same part of the rows.
    """

    workers = 1

    @classmethod
    def after(cls, workers: int) -> Self:
        """The error after so many deaths on the same part of the rows."""
        error = cls(
            f"{workers} workers have died on the same part of the rows: they may be out of memory. Next: look at their "
            "logs, start them with more memory, and run the same command, which pays for nothing twice"
        )
        error.workers = workers
        return error


class MachinePool:
    """Processes of this machine, which are started for each map of many rows.

    Args:
        rows_to_share: Minimum rows for them.
        processes: How many; None for one per core, up to eight.
    """

    def __init__(self, rows_to_share: int = ROWS_TO_SHARE, processes: int | None = None) -> None:
        self._rows_to_share = rows_to_share
        self._processes = processes

    @property
    def folder(self) -> Path | None:
        """The folder for large temporary files."""
        return large_files_folder()

    def map(
        self, work: Callable[[list[T]], Sequence[Result]], items: Iterable[T], rows: int, at_once: int = AT_ONCE
    ) -> Iterator[Result]:
        """Results of `work` for all items, in order (`WorkPool.map`).

        Raises:
            LostWorkerError: If a worker process ended, for example because the system ran out of memory.
        """
        chunks = chunks_of(items, at_once)
        processes = self._processes or min(usable_cores(), _MOST)
        if rows < self._rows_to_share or processes < 2:
            yield from chain.from_iterable(map(work, chunks))
            return
        with _started(processes) as pool:
            under_way: deque[Future[Sequence[Result]]] = deque()
            for chunk in chunks:
                under_way.append(pool.submit(_done, work, chunk))
                if len(under_way) > AHEAD * processes:
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()


THIS_MACHINE = MachinePool()
"""The pool of a run without a cluster."""


def chunks_of(items: Iterable[T], at_once: int) -> Iterator[list[T]]:
    """The items in lists of at most so many."""
    source = iter(items)
    return iter(lambda: list(islice(source, at_once)), [])


def sendable(error: Exception) -> Exception:
    """The error as another process gets it: one with its words if it can't be pickled, or not be made anew."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  made here
    except Exception:  # noqa: BLE001  of any class
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _done(work: Callable[[list[T]], Sequence[Result]], items: list[T]) -> Sequence[Result]:
    """The results of a chunk, in a worker process.

    An error that can be pickled, and not be made anew, would break the pool, as if the process had died.
    """
    try:
        return work(items)
    except Exception as error:
        raise sendable(error) from error


@contextmanager
def _started(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Pool of processes that end with the block, at once if it ends with an error.

    A fork of this process would copy locks of its threads, so a server without threads is forked (where there is none,
    processes are spawned). It has imported what all need: a spawned process takes half a second for that, each time.
    """
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    context.set_forkserver_preload([*_PRELOADED])
    pool = ProcessPoolExecutor(processes, context, _begin)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise LostWorkerError(
            "A worker process has ended: the system may be out of memory, or a script of your own starts runs outside "
            "of `if __name__ == '__main__':`. Next: fix that, then run the same command, which pays for nothing twice"
        ) from error
    except BaseException:
        for process in (pool._processes or {}).values():  # noqa: SLF001  public from Python 3.14 on
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Worker start: ignores Ctrl-C, which the parent handles, and ends when the parent ends.

    Rows are objects by the thousand that go with their chunk: to look for cycles among them each 700 objects, and among
    all that is imported, takes a sixth of the time of the checks.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def usable_cores() -> int:
    """Number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
