"""Active MLflow run: opened next to the pipeline, fed with the datasets read and saved, closed with its results."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

from kedro.io import DatasetError

from synthetic_textcat.datasets.stored import shown_place
from synthetic_textcat.errors import StorageError
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls, no_logs
from synthetic_textcat.hooks.tracking.catalog_metadata import TrackedDataset, mlflow_metadata_of, read_bytes
from synthetic_textcat.hooks.tracking.description import DESCRIBED_DATASETS, DESCRIPTION_TAG, Ending, describe
from synthetic_textcat.hooks.tracking.guard import Guard
from synthetic_textcat.hooks.tracking.live_metrics import LiveRecorder
from synthetic_textcat.hooks.tracking.opening import Opening, QuietMoment
from synthetic_textcat.hooks.tracking.results import record_prompts, record_results, record_values
from synthetic_textcat.hooks.tracking.run_log import RunClock, RunLog, log_workers
from synthetic_textcat.hooks.tracking.store import Store
from synthetic_textcat.schemas.worker_counts import WorkerShare

_LAST_WRITE_S = 2.0
"""Maximum wait at a run's end for the background writer, so that a hanging server does not delay it twice."""


@dataclass(kw_only=True)
class ActiveRun:
    """MLflow run, open or being opened, with the names of the datasets read and saved so far."""

    opening: Opening
    calls: BoundedCalls
    clock: RunClock
    catalog: Any
    stream: LiveRecorder
    opened: RunLog | None = None
    read: set[str] = field(default_factory=set)
    saved: set[str] = field(default_factory=set)
    prompts: dict[str, bytes | None] = field(default_factory=dict)
    workers: dict[str, WorkerShare] = field(default_factory=dict)
    guard: Guard = field(init=False)
    _thread: Thread | None = None
    _opening_is_over: Event = field(default_factory=Event)
    _moment: QuietMoment = field(default_factory=QuietMoment)
    _tried: bool = False
    _store: Lock = field(default_factory=Lock)
    _handed_over: bool = False

    def __post_init__(self) -> None:
        self.guard = self._new_guard()

    @property
    def log(self) -> RunLog:
        """Log of the open run."""
        assert self.opened is not None
        return self.opened

    def calls_begin(self) -> None:
        """Opens the run in a background thread, once, as soon as that does not slow the calls: MLflow takes seconds.

        The thread then writes the progress of the calls.
        """
        self._moment.calls_begin()
        if self._thread is None and not self._tried:
            self._thread = Thread(target=self._open_and_write, name="mlflow-run", daemon=True)
            self._thread.start()

    def calls_end(self, *, first_may_follow: bool) -> None:
        """Adds the last point of the calls; opens the run in the background unless the first call may still follow."""
        self.stream.calls_are_over()
        if first_may_follow:
            self._moment.calls_pause()
        else:
            self._moment.now()

    def open_now(self) -> bool:
        """Opens the run if it is not open yet; returns whether it is open."""
        self._moment.now()
        with self.calls.budget.pipeline_waits():
            if self._thread is not None:
                self._opening_is_over.wait()
            elif not self._tried:  # in this thread, since a process can't start threads at its exit
                self._open()
        return self.opened is not None

    def _open_and_write(self) -> None:
        try:
            self._open()
        finally:
            self._opening_is_over.set()
        if self.opened is not None:
            self.stream.write_on(self.opened, self._new_guard())

    def _open(self) -> None:
        self._moment.wait()
        self._tried = True
        self.opened = self.guard.attempt("this run", self._open_unless_handed_over)
        if self.opened is not None:
            self.opening.record_start(self.opened, self.guard)
        else:
            self.guard.report()

    def _open_unless_handed_over(self) -> RunLog | None:
        with self._store:  # MLflow is imported by now
            return None if self._handed_over else self.opening.open(self.calls, self.clock)

    def hand_over(self, status: str, reason: str) -> bool:
        """Delegates the recording of a run that is not open yet to another process; returns whether it did.

        Importing MLflow first would keep a user waiting after Ctrl-C.
        """
        failed = self._tried and not (self._thread and self._thread.is_alive())
        if self.opened is not None or failed or not self._store.acquire(blocking=False):
            return False
        self._handed_over = True
        self.opening.hand_over(status, reason, self.clock.now_ms())
        return True

    def note_read(self, name: str) -> None:
        """Records that a dataset was loaded, and keeps a prompt's content, since its file may change in a long run."""
        if name in self.read:
            return
        self.read.add(name)
        dataset = self.catalog.get(name)
        metadata = mlflow_metadata_of(dataset)
        if metadata and metadata.prompt:
            with suppress(OSError, StorageError, DatasetError):  # the file is read again at the end
                self.prompts[name] = read_bytes(dataset)

    def note_saved(self, name: str) -> None:
        """Records that a dataset was saved; called thousands of times for a journal."""
        self.saved.add(name)

    def note_workers(self, by_worker: Mapping[str, WorkerShare]) -> None:
        """Adds what the workers of a cluster have done in a pass."""
        for name, share in by_worker.items():
            self.workers[name] = self.workers.get(name, WorkerShare()).plus(share)

    def record_pass(self, step: int) -> None:
        """Records the metrics of a pass before the last."""
        with self.calls.budget.pipeline_waits():
            if self.open_now():
                record_values(self.log, self.guard, list(self._tracked()), step)

    def close(self, status: str, reason: str | None, step: int = 0, tags: Mapping[str, str] | None = None) -> None:
        """Records the datasets read and saved, and ends the run; a failed step does not affect the others."""
        if not self.open_now():
            return
        self.stream.stop()
        with no_logs(), self.calls.budget.pipeline_waits():  # else each call would switch the logs off and on
            tracked = self.guard.attempt("the metadata of the catalog", lambda: list(self._tracked())) or []
            record_results(self.log, self.guard, tracked, self.opening.project, step)
            if self._thread is not None:
                self.calls.budget.join(self._thread, _LAST_WRITE_S)
            self.stream.finish(self.log, self.guard)
            if self.workers:
                self.guard.attempt("its workers", lambda: log_workers(self.log, self.workers))
            if tags:
                self.guard.attempt("what stopped it", lambda: self.log.batch(tags=tags))
            self.guard.attempt("its description", lambda: self._describe(status, reason))
            with self.calls.budget.reserve():
                self.guard.attempt("its end", lambda: self.log.end(status, reason))
        self.guard.report()

    def register_prompts(self, names: Iterable[str]) -> dict[str, int]:
        """Registers the prompts among the datasets as this run reads them; returns their versions by name."""
        found = ((name, self.catalog.get(name)) for name in names)
        tracked = [
            TrackedDataset(name, dataset, metadata, saved=False, bytes_read=self.prompts.get(name))
            for name, dataset in found
            if (metadata := mlflow_metadata_of(dataset)) is not None and metadata.prompt
        ]
        with self.calls.budget.pipeline_waits():
            return record_prompts(self.log, self.guard, tracked) if self.open_now() else {}

    def _new_guard(self) -> Guard:
        return Guard(Store.of(self.opening.project), self.calls.budget)

    def _describe(self, status: str, reason: str | None) -> None:
        """Writes the run's description; last, since it links to the logged files."""
        tags = self.opening.tags
        ending = Ending(
            status=status,
            reason=reason,
            pipeline=tags.get("pipeline", ""),
            note=tags.get(DESCRIPTION_TAG),
            dataset=shown_place(self.catalog.get(names.EXAMPLES)) if names.EXAMPLES in self.saved else None,
            saved={name: self.catalog.load(name) for name in DESCRIBED_DATASETS if name in self.saved},
        )
        self.log.batch(tags={DESCRIPTION_TAG: describe(self.log, ending)})

    def _tracked(self) -> Iterator[TrackedDataset]:
        for name in sorted(self.read | self.saved):
            dataset = self.catalog.get(name)
            metadata = mlflow_metadata_of(dataset)
            if metadata:
                yield TrackedDataset(name, dataset, metadata, name in self.saved, self.prompts.get(name))
