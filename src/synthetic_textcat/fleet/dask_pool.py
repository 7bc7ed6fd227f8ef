"""Work pool over the workers of a Dask cluster: chunks are files in the shared folder, and tasks are their names.

Items and results never pass the scheduler. A chunk whose worker died is done again.
"""

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Generic, TypeVar

from synthetic_textcat.fleet.chunk_work import ITEMS, RESULTS, TOKEN, opened, probe_work, sealed
from synthetic_textcat.fleet.dask_cluster import DaskCluster
from synthetic_textcat.fleet.losses import result_of
from synthetic_textcat.fleet.scheduled_tasks import run_chunk
from synthetic_textcat.fleet.work_files import WorkFiles, own_work_files, work_files
from synthetic_textcat.llm.shards.worker_probe import Probe, versions
from synthetic_textcat.work_pool import AHEAD, AT_ONCE, ROWS_TO_SHARE, THIS_MACHINE, LostWorkerError, chunks_of

if TYPE_CHECKING:
    from distributed import Future

logger = logging.getLogger(__name__)

_LOOK_S = 0.5
"""Seconds between two looks at whether scheduler and workers are still there."""

_CHUNKS_TO_COUNT = 16
"""Chunks after which workers are counted anew: some join, and some die."""

T = TypeVar("T")
Result = TypeVar("Result")


class DaskPool:
    """Workers of a cluster that share work, and this process alone where rows are few.

    Args:
        cluster: The cluster of the run, started when it is needed.
        shared: Folder that all machines see, or address of an object store.
        local: The driver's folder next to its journal.
        rows_to_share: Minimum rows for the cluster.
    """

    def __init__(
        self, cluster: DaskCluster, shared: Path | str, local: Path, rows_to_share: int = ROWS_TO_SHARE
    ) -> None:
        self._cluster = cluster
        self._shared = shared
        self._local = local
        self._rows_to_share = rows_to_share
        self._is_proven = False

    @property
    def folder(self) -> Path | None:
        """The shared folder; for workers of this machine alone any would do, and an object store has none."""
        if isinstance(self._shared, str):
            return None if self._cluster.address else THIS_MACHINE.folder
        self._shared.mkdir(parents=True, exist_ok=True)
        return self._shared

    def map(
        self, work: Callable[[list[T]], Sequence[Result]], items: Iterable[T], rows: int, at_once: int = AT_ONCE
    ) -> Iterator[Result]:
        """Results of `work` for all items, in order (`WorkPool.map`).

        Raises:
            ClusterError: If the workers can't do the work, the scheduler is gone, or no worker is left for too long.
            LostWorkerError: If too many workers died on one chunk.
        """
        chunks = chunks_of(items, at_once)
        if rows < self._rows_to_share:
            yield from chain.from_iterable(map(work, chunks))
            return
        self._cluster.start()
        workers = self._cluster.threads()
        with own_work_files(self._shared, self._local) as place:
            self._prove(place)
            shared: _SharedWork[Result] = _SharedWork(self._cluster, place, work)
            try:
                for number, chunk in enumerate(chunks, 1):
                    shared.begin(chunk)
                    if number % _CHUNKS_TO_COUNT == 0:
                        workers = self._cluster.threads()
                    if len(shared) > AHEAD * max(1, workers):
                        yield from shared.first_results()
                while len(shared):
                    yield from shared.first_results()
            finally:
                shared.cancel()

    def _prove(self, place: str) -> None:
        """Proves once that each worker runs the same code and reaches the folder.

        Raises:
            ClusterError: With the first that does not, and what to do.
        """
        if self._is_proven:
            return
        token = os.urandom(16)
        work_files(place).write(TOKEN, token)
        self._is_proven = self._cluster.prove(Probe(*versions(), "", ""), probe_work, place, token)


@dataclass
class _Chunk:
    """A chunk under way.

    Attributes:
        name: Of its files, but for their endings.
        task: The last one that it was handed out as.
        ended: Set once the task has ended, one way or another.
        losses: Workers that died on it.
    """

    name: str
    task: "Future"
    ended: Event
    losses: int = 0


class _SharedWork(Generic[Result]):
    """Chunks of one map that workers have.

    Args:
        cluster: The cluster.
        place: Where the work files are.
        work: The function.
    """

    def __init__(self, cluster: DaskCluster, place: str, work: object) -> None:
        self._cluster = cluster
        self._place = place
        self._files: WorkFiles = work_files(place)
        self._work = f"work-{os.urandom(4).hex()}"
        self._key = os.urandom(32)
        self._files.write(self._work, sealed(work, self._key, self._work))
        self._begun = 0
        self._under_way: deque[_Chunk] = deque()

    def __len__(self) -> int:
        return len(self._under_way)

    def begin(self, items: Sequence[object]) -> None:
        """Hands out a chunk."""
        name = f"{self._work}-{self._begun:08}"
        self._begun += 1
        self._files.write(name + ITEMS, sealed(items, self._key, name + ITEMS))
        self._under_way.append(_Chunk(name, *self._submitted(name)))

    def first_results(self) -> list[Result]:
        """Results of the first chunk that is under way, once it has ended.

        Raises:
            ClusterError, LostWorkerError: As `DaskPool.map`; and the error that the work ended with.
        """
        chunk = self._under_way[0]
        while (is_good := self._ended(chunk)) is None:
            chunk.task, chunk.ended = self._submitted(chunk.name)
        self._under_way.popleft()
        name = chunk.name + RESULTS
        found = opened(self._files.read(name), self._key, name)
        for ending in (ITEMS, RESULTS):
            self._files.delete(chunk.name + ending)
        if not is_good:
            raise found
        return list(found)

    def cancel(self) -> None:
        """Takes back what is under way."""
        if self._under_way:
            with suppress(Exception):  # of a scheduler that is gone
                self._cluster.client.cancel([chunk.task for chunk in self._under_way], asynchronous=False)
        self._under_way.clear()

    def _submitted(self, name: str) -> tuple["Future", Event]:
        key, ended = f"{name}-{os.urandom(4).hex()}", Event()
        task = self._cluster.client.submit(run_chunk, self._place, self._key, self._work, name, pure=False, key=key)
        task.add_done_callback(lambda _: ended.set())
        return task, ended

    def _ended(self, chunk: _Chunk) -> bool | None:
        """Whether a chunk has results (True) or an error (False), once it has ended; None if its worker died."""
        while not chunk.ended.wait(_LOOK_S):
            self._cluster.threads()
        try:
            return bool(result_of(chunk.task))
        except LostWorkerError as lost:
            chunk.losses += lost.workers
        if chunk.losses >= self._cluster.most_losses:
            raise LostWorkerError.after(chunk.losses)
        return None
