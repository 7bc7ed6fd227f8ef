"""Hand-out: gives shards to workers as they become free, adds up their reports, and stops all if one must stop.

At most one shard more than the workers can run is handed out, so that each begins with the findings of the run by then:
paused tasks, and whether any reply was good.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Protocol

from synthetic_textcat.errors import TextcatError
from synthetic_textcat.interrupts import held_interrupts
from synthetic_textcat.llm.calls.first_replies import BadStart
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.leases import Limits
from synthetic_textcat.llm.shards.folder import SharedFolder
from synthetic_textcat.llm.shards.row_asking import Findings
from synthetic_textcat.llm.shards.shard_run import ShardJob, ShardResult, ShardTask
from synthetic_textcat.schemas.open_calls import Batch, OpenCalls
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.stops import Outage
from synthetic_textcat.schemas.worker_counts import ReportBatch, WorkerCounts, WorkerShare
from synthetic_textcat.work_pool import LostWorkerError

logger = logging.getLogger(__name__)

_LOOK_S = 0.5
"""Seconds for which the driver waits for a shard to end before it reports what the workers have done meanwhile."""

_LONGEST_STOP_S = 30.0
"""Seconds in which workers that are asked to end have saved what is in flight."""

_QUIET_S = 2.0
"""Seconds without news after which a batch reports the open calls."""

_MOST_LOSSES = 20
"""Workers that may die on one shard before the run ends."""


class Workers(Protocol):
    """Workers of a cluster, as the driver sees them."""

    def start(self) -> None:
        """Connects to the workers, or starts them.

        Raises:
            ClusterError: If there are none.
        """

    @property
    def slots(self) -> int:
        """Number of shards that they run at once; 0 if none is left, which `reports` may wait out or raise."""

    def prove(self, spec: ChatModelSpec, llm: LlmParameters, run_id: str, folder: SharedFolder) -> None:
        """Proves that each worker can do the work.

        Raises:
            ClusterError: With the first that can't, and why.
        """

    def share(self, job: ShardJob, limits: Limits) -> None:
        """Gives all workers what the shards share, and opens the meter of their limits and caps."""

    def submit(self, task: ShardTask) -> None:
        """Hands out a shard."""

    def ended(self, timeout_s: float) -> list[tuple[int, ShardResult | Exception]]:
        """Shards that have ended, each with its result, or the error that ended it; waits if there is none.

        The error is a LostWorkerError if workers died with the shard: another may run it again.
        """

    def reports(self) -> Mapping[int, tuple[WorkerCounts, OpenCalls]]:
        """Counts of shards under way, by their number; those of a worker that has died may be left out."""

    @property
    def is_over(self) -> bool:
        """Whether no further call may start: a cap is reached, or the server has stopped answering."""

    def outage(self) -> Outage | None:
        """The outage that a run without a single reply has met, once all its calls have ended.

        Raises:
            FatalAnswerError: If the calls of all workers together show an error that every further call would get.
        """

    def close(self) -> None:
        """Releases the workers."""


class HandOut:
    """Shards that are waiting, and those that workers have.

    Args:
        workers: The workers.
        folder: The shared folder.
        run_id: The run.
        shards: Numbers of the shards.
        found: Gets their results.
    """

    def __init__(
        self, workers: Workers, folder: SharedFolder, run_id: str, shards: Sequence[int], found: "RunFindings"
    ) -> None:
        self._workers = workers
        self._folder = folder
        self._run_id = run_id
        self._found = found
        self._waiting = list(reversed(shards))
        self._under_way = 0
        self._losses: Counter[int] = Counter()
        self._stopped_at: float | None = None

    def run(self) -> Iterator[Batch]:
        """Hands out all shards, and yields what the workers report until the last one has ended.

        Raises:
            KeyboardInterrupt: After an interrupt, once what was in flight is saved; errors of shards likewise.
        """
        with held_interrupts() as interrupted, self._stopped_at_the_end():
            while (self._under_way or self._waiting) and not self._is_late():
                self._submit()
                self._collect()
                yield from self._found.batches(self._workers.reports())
                if interrupted.is_set() or self._found.is_over:
                    self._stop()
                elif self._workers.is_over:
                    self._waiting.clear()
                elif not self._waiting and not self._under_way:
                    self._waiting = self._found.shards_to_repeat()
            yield from self._found.batches({})
            yield ReportBatch(WorkerCounts(), OpenCalls(), self._found.by_worker)
        if self._found.error is not None:
            raise self._found.error
        if interrupted.is_set():
            raise KeyboardInterrupt

    def _submit(self) -> None:
        while self._waiting and self._under_way <= self._workers.slots:
            self._workers.submit(self._found.task(self._waiting.pop()))
            self._under_way += 1

    def _collect(self) -> None:
        for shard, ended in self._workers.ended(_LOOK_S):
            self._under_way -= 1
            if isinstance(ended, ShardResult):
                self._found.add(ended)
            elif isinstance(ended, LostWorkerError):
                self._note_losses(shard, ended.workers)
            else:
                self._found.error = self._found.error or ended

    def _note_losses(self, shard: int, workers: int) -> None:
        """Hands out a shard again whose workers have died, unless too many have."""
        self._losses[shard] += workers
        if self._losses[shard] >= _MOST_LOSSES:
            self._found.error = self._found.error or LostWorkerError.after(self._losses[shard])
        elif self._stopped_at is None:
            self._waiting.append(shard)

    def _stop(self) -> None:
        """Asks the workers to save what is in flight and end; those that are not begun end at once."""
        if self._stopped_at is None:
            self._stopped_at = monotonic()
            self._waiting.clear()
            with suppress(TextcatError):  # of a shared folder that is gone: the workers find out by themselves
                self._folder.stop(self._run_id)

    def _is_late(self) -> bool:
        """Whether to stop waiting after a stop: no worker is left, or they take too long."""
        if self._stopped_at is None:
            return False
        is_late = monotonic() - self._stopped_at > _LONGEST_STOP_S
        if is_late:
            logger.warning("%d shards have not ended within %d s", self._under_way, _LONGEST_STOP_S)
        return is_late or not self._workers.slots

    @contextmanager
    def _stopped_at_the_end(self) -> Iterator[None]:
        """Stops the workers where the driver ends early, for any reason."""
        try:
            yield
        except BaseException:
            self._stop()
            raise


class RunFindings:
    """Findings of the shards so far.

    Args:
        began: Findings of the first call.
        any_good: Whether any row had a good reply before.
    """

    def __init__(self, began: Findings, any_good: bool) -> None:
        self._outage: Outage | None = began.outage
        self._others = dict.fromkeys(began.others)
        self._down = set[str](began.down)
        self._any_good = any_good
        self._paused: dict[str, BadStart] = {}
        self._answered: set[str] = set()
        self._left_out: dict[int, Mapping[str, int]] = {}
        self._repeated: set[int] = set()
        self._counts: dict[int, WorkerCounts] = {}
        self._reported = WorkerCounts()
        self._reported_at = monotonic()
        self.by_worker: dict[str, WorkerShare] = {}
        self.error: Exception | None = None

    @property
    def is_over(self) -> bool:
        """Whether no further shard is to be begun."""
        return self.error is not None or self._outage is not None

    def task(self, shard: int) -> ShardTask:
        """A shard, with what is known by now."""
        known = frozenset(self._answered & self._paused.keys())
        paused = {task: start for task, start in self._paused.items() if task not in known}
        return ShardTask(shard, paused, known, self._any_good)

    def add(self, result: ShardResult) -> None:
        """Adds the result of a shard."""
        found = result.findings
        self._counts[result.shard] = result.counts
        self._outage = self._outage or found.outage
        self._others.update(dict.fromkeys(found.others))
        self._log_servers(found.down)
        self._any_good = self._any_good or result.any_good
        self._paused.update(found.paused)
        self._answered |= result.answered_tasks
        self._left_out[result.shard] = found.left_out
        share = self.by_worker.get(result.worker, WorkerShare())
        self.by_worker[result.worker] = share.plus(WorkerShare(1, result.counts.minus(result.before)))

    def _log_servers(self, down: Mapping[str, str]) -> None:
        """Logs servers that a worker finds down, once each."""
        for url in sorted(down.keys() - self._down):
            self._down.add(url)
            logger.warning("%s does not answer (%s): its rows are asked of the other servers", url, down[url])

    def shards_to_repeat(self) -> list[int]:
        """Shards that left out rows of a task for its first replies, while others had good ones; each once."""
        again = [shard for shard, tasks in self._left_out.items() if self._answered & tasks.keys()]
        again = [shard for shard in again if shard not in self._repeated]
        self._repeated.update(again)
        return again

    def batches(self, reports: Mapping[int, tuple[WorkerCounts, OpenCalls]]) -> Iterator[Batch]:
        """Batches of news since the last batch; an empty one after a while without news."""
        self._counts |= {shard: counts for shard, (counts, _) in reports.items() if self._is_news(shard, counts)}
        total = WorkerCounts()
        for counts in self._counts.values():
            total = total.plus(counts)
        new = total.minus(self._reported)
        now = monotonic()
        if new.calls or now - self._reported_at >= _QUIET_S:
            self._reported, self._reported_at = total, now
            open_calls = [calls for _, calls in reports.values()]
            yield ReportBatch(
                new,
                OpenCalls(
                    number=sum(calls.number for calls in open_calls),
                    oldest_s=max((calls.oldest_s for calls in open_calls), default=0.0),
                    retrying=sum(calls.retrying for calls in open_calls),
                ),
            )

    def _is_news(self, shard: int, counts: WorkerCounts) -> bool:
        return shard not in self._counts or counts.calls > self._counts[shard].calls

    def findings(self, before: Findings) -> Findings:
        """The findings of all shards, next to those of the driver."""
        paused = {task: start for task, start in self._paused.items() if task not in self._answered}
        left_out = Counter(before.left_out)
        for tasks in self._left_out.values():
            left_out.update(tasks)
        others = tuple(dict.fromkeys([*before.others, *self._others]))
        return Findings(self._outage or before.outage, {**paused, **before.paused}, left_out, others)

    def log_workers(self) -> None:
        """Logs the counts of each worker."""
        for worker, share in sorted(self.by_worker.items()):
            done = share.counts
            logger.info("Worker %s: %d shards, %d calls, %d tokens", worker, share.shards, done.calls, done.tokens)
