"""Run of one shard by a worker: reads its rows, leaves out what is answered, asks, and saves in a file of its own."""

import logging
import os
import platform
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from synthetic_textcat.llm.calls.first_replies import BadStart
from synthetic_textcat.llm.calls.open_rows import OpenRows, open_rows
from synthetic_textcat.llm.calls.row_judge import row_judge
from synthetic_textcat.llm.engine.leased_meter import MeterLink
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.journal.lines import completion_line
from synthetic_textcat.llm.prompts.row_prompts import PromptParts, RowPrompts
from synthetic_textcat.llm.shards.cut import Cut, ShardRows
from synthetic_textcat.llm.shards.folder import OwnedShard, SharedFolder
from synthetic_textcat.llm.shards.object_folder import shared_folder
from synthetic_textcat.llm.shards.row_asking import Findings, RowAsking, RowJob
from synthetic_textcat.llm.shards.shard_tally import ShardTally
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.open_calls import OpenCalls
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.schemas.worker_counts import WorkerCounts
from synthetic_textcat.tables import as_table

logger = logging.getLogger(__name__)

NoteProgress = Callable[[WorkerCounts, OpenCalls], None]
"""Takes a shard's counts so far, and its open calls."""


@dataclass(frozen=True, slots=True)
class ShardJob:
    """Settings that all shards of a run share.

    Attributes:
        rows: Settings of asking.
        prompts: Ingredients of a row's prompt.
        earlier_replies: First replies of each task before the run.
        folder: The shared folder: its path, or its address in an object store.
        cut: The folder of the cut.
        shards: Number of shards.
        earlier_files: Names of the shards' files that the driver has read, and whose calls it has counted.
    """

    rows: RowJob
    prompts: PromptParts
    earlier_replies: Mapping[str, BadStart]
    folder: Path | str
    cut: Path
    shards: int
    earlier_files: frozenset[str] = frozenset()


class ShardTask(NamedTuple):
    """A shard to be worked on, with the run's findings before it begins.

    Attributes:
        shard: Its number.
        paused: Streaks of bad replies of tasks that are paused.
        answered: Ids of tasks that a shard has paused, and that others had good replies of.
        any_good: Whether any row has a good reply.
    """

    shard: int
    paused: Mapping[str, BadStart]
    answered: frozenset[str]
    any_good: bool


@dataclass(frozen=True, slots=True)
class ShardResult:
    """Result of a shard: numbers and names, never texts of the model.

    Attributes:
        shard: Its number.
        owner: Token of the owner that finished it.
        worker: Host and process.
        counts: Of its calls in this run, by all of its owners.
        before: Those among them by earlier owners, which have died.
        findings: Outage, paused tasks, other models.
        answered_tasks: Ids of tasks with a good first reply, or more than one reason for bad ones.
        any_good: Whether any row has a good reply.
        is_stopped: Whether the worker was asked to end.
    """

    shard: int
    owner: str
    worker: str
    counts: WorkerCounts
    before: WorkerCounts
    findings: Findings
    answered_tasks: frozenset[str]
    any_good: bool
    is_stopped: bool


def run_shard(
    job: ShardJob, task: ShardTask, owner: str, report: NoteProgress, link: MeterLink | None = None
) -> ShardResult:
    """Asks for the rows of a shard that no file of it answers.

    Args:
        job: What all shards share.
        task: The shard.
        owner: Token of the owner, which no other has.
        report: Called after each save, and when nothing arrives for a while.
        link: The meter of the cluster; None = limits and caps are those of this process.

    Raises:
        FatalAnswerError: After a fatal answer, once all calls in flight are saved.
        JournalError: If the storage takes no more.
        ShardLostError: If another worker or run has taken the shard; calls in flight are given up.
    """
    folder = shared_folder(job.folder)
    if folder.is_stopping(job.rows.run_id):
        return _nothing(task, owner)
    with folder.take(task.shard, owner) as owned:
        cut = Cut(folder.cut(job.cut, task.shard), job.shards)
        planned, files = cut.rows(task.shard), folder.files_of(task.shard, job.shards)
        still_open = _still_open(job, task, planned, [cut.past_file(task.shard), *files])
        logger.info("Shard %d: requesting %d of %d rows", task.shard, len(still_open.rows), len(planned.requests))
        prompts = RowPrompts(planned.requests, *job.prompts, lambda row: planned.seed_texts[row["request_id"]])
        answered = {task_id: BadStart(is_over=True) for task_id in task.answered}
        earlier = {**job.earlier_replies, **task.paused, **answered}
        spent = _of_this_run(job, files) if job.rows.generation.is_capped else ()
        asking = RowAsking(job.rows, as_table(planned.requests), prompts, still_open, earlier, spent)
        tally = _tally(job, planned)
        tally.add(_of_this_run(job, files))
        if still_open.rows:
            tally.load()
        return _asked(job, task, folder, asking, tally, owned, report, link)


def _asked(
    job: ShardJob,
    task: ShardTask,
    folder: SharedFolder,
    asking: RowAsking,
    tally: ShardTally,
    owned: OwnedShard,
    report: NoteProgress,
    link: MeterLink | None,
) -> ShardResult:
    settings, before = job.rows, tally.counts
    stop = threading.Event()
    calls = asking.ask(asking.rows, stop, task.shard, link)
    findings = None
    try:
        while findings is None:
            try:
                batch = next(calls)
            except StopIteration as end:
                findings = end.value
                break
            if folder.is_stopping(settings.run_id):
                stop.set()
            if batch:
                owned.append(b"".join(map(completion_line, batch)))
                tally.add(batch)
            else:
                owned.check()
            report(tally.counts, batch.open_calls)
    except KeyboardInterrupt:
        if not stop.is_set():
            raise
        findings = asking.findings()
    finally:
        calls.close()
    return ShardResult(
        shard=task.shard,
        owner=owned.owner,
        worker=worker_name(),
        counts=tally.counts,
        before=before,
        findings=_without_details(findings),
        answered_tasks=asking.answered_tasks,
        any_good=tally.any_good or asking.any_good,
        is_stopped=stop.is_set(),
    )


def _still_open(job: ShardJob, task: ShardTask, planned: ShardRows, files: Sequence[Path]) -> OpenRows:
    """The rows that none of the files answers, with their earlier replies."""
    settings = job.rows
    found = open_rows(
        planned.fingerprints,
        Journal(*files),
        row_judge(as_table(planned.requests)),
        settings.generation.max_attempts,
        run_id=settings.run_id,
    )
    rows = [
        row._replace(
            prompt_tokens=min(filter(None, (row.prompt_tokens, planned.prompt_tokens[row.position])), default=None)
        )
        for row in found.rows
    ]
    return found._replace(rows=rows, any_good=found.any_good or task.any_good)


def _tally(job: ShardJob, planned: ShardRows) -> ShardTally:
    settings = job.rows
    rows = {row["request_id"]: row for row in records_of(planned.requests)}
    attempts, model = settings.generation.max_attempts, settings.llm.model
    return ShardTally(rows, settings.tasks, settings.row_check, attempts, settings.prices, model)


def _of_this_run(job: ShardJob, files: Sequence[Path]) -> Iterator[Completion]:
    """Completions that this run paid for rows of the shard since it was handed out first, by workers that died."""
    new = [path for path in files if path.name not in job.earlier_files]
    return (completion for completion in Journal(*new) if completion.run_id == job.rows.run_id)


def _nothing(task: ShardTask, owner: str) -> ShardResult:
    """Result of a shard that was not begun."""
    return ShardResult(
        shard=task.shard,
        owner=owner,
        worker=worker_name(),
        counts=WorkerCounts(),
        before=WorkerCounts(),
        findings=Findings(),
        answered_tasks=frozenset(),
        any_good=task.any_good,
        is_stopped=True,
    )


def _without_details(findings: Findings) -> Findings:
    """The findings without what the model wrote: a problem's detail may quote it."""
    return replace(findings, paused={task: replace(start, detail="") for task, start in findings.paused.items()})


def worker_name() -> str:
    """Host and process, as in the names of files and logs."""
    return f"{platform.node()}:{os.getpid()}"
