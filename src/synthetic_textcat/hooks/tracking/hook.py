"""Kedro hook of MLflow tracking: opens the MLflow run, records progress, and ends it with its status."""

import atexit
import logging
import os
import sys
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from synthetic_textcat.errors import RunStoppedError
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.hooks.tracking.active_run import ActiveRun
from synthetic_textcat.hooks.tracking.bounded_calls import DEFAULT_LIMIT_S, BoundedCalls, WaitingBudget
from synthetic_textcat.hooks.tracking.catalog_metadata import plain, unknown_keys
from synthetic_textcat.hooks.tracking.description import run_name, start_tags, stop_tags
from synthetic_textcat.hooks.tracking.guard import first_line
from synthetic_textcat.hooks.tracking.live_metrics import LiveRecorder
from synthetic_textcat.hooks.tracking.opening import Opening
from synthetic_textcat.hooks.tracking.run_log import RunClock
from synthetic_textcat.interrupts import INTERRUPTED
from synthetic_textcat.schemas.worker_counts import ReportBatch

Catalog = CatalogProtocol[Any, Any]

SWITCH = "TEXTCAT_TRACKING"
"""Environment variable: `off` runs without MLflow, for quick trials in which its start-up time matters."""

_LAST_WAIT_S = 8.0
"""Maximum wait of an interrupted process for MLflow."""

_VERSIONS = names.PROMPT_VERSIONS
"""Dataset of the MLflow registry versions of the loading node's prompts; empty without MLflow."""

_CUT_SHORT = "the process ended before the pipeline did"

logger = logging.getLogger(__name__)


class MlflowTracking:
    """Records each `kedro run` as one MLflow run; a failure of MLflow costs one warning, never the run.

    The MLflow run opens after all other hooks have changed parameters and catalog, and closes before any other hook
    can raise. MLflow's fluent (global) state is not used.

    Args:
        notes: Values of the run that other hooks note: its passes, which are one MLflow run, its tally, its stops, the
            run that it rebuilds, and why it counts as failed.
    """

    def __init__(self, notes: RunNotes | None = None) -> None:
        self._last: ActiveRun | None = None
        self._notes = notes or RunNotes()
        self._passes = self._notes.passes
        self._context: KedroContext | None = None
        self._active: ActiveRun | None = None
        self._first_callers: set[str] = set()  # nodes that may still make the run's first call

    @property
    def run_id(self) -> str | None:
        """Id of the last pipeline run's MLflow run; None before it is open, and if it could not be opened."""
        return self._last.opened.run_id if self._last and self._last.opened else None

    @property
    def run_name(self) -> str | None:
        """Name of that MLflow run."""
        return self._last.opening.name if self._last and self._last.opened else None

    @property
    def tracking_uri(self) -> str | None:
        """Tracking URI of that MLflow run."""
        return self._last.opened.client.tracking_uri if self._last and self._last.opened else None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Stores the context; its parameters are read at the start of the run, after other hooks changed them."""
        self._context = context

    @hook_impl
    def after_catalog_created(self, conf_catalog: dict[str, Any]) -> None:
        """Warns about unknown MLflow metadata in the catalog, which would otherwise go unnoticed."""
        for warning in unknown_keys(conf_catalog):
            logger.warning("%s", warning)

    @hook_impl(trylast=True)
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Catalog) -> None:
        """Opens the MLflow run; with model calls, only once these leave time for it."""
        self._first_callers = {node.name for node in pipeline.nodes if names.MODEL_CALLS in node.tags}
        if self._active and self._passes.follows:
            self._active.catalog = catalog
            catalog[_VERSIONS] = MemoryDataset({})
            self._active.stream.next_pass()
            return
        self._close_unfinished()
        catalog[_VERSIONS] = MemoryDataset({})
        self._last, self._notes.run_name, context = None, None, self._context
        if context is None:
            return
        params = {name: plain(value) for name, value in context.params.items()}
        if os.environ.get(SWITCH, "").casefold() == "off":
            return
        parent = self._notes.rebuilt_from
        clock, settings = RunClock(), params.get("tracking") or {}
        opening = Opening(
            project=context.project_path,
            name=run_name(run_params, params),
            tags=start_tags(run_params, params, context) | ({"rebuilt_from": parent} if parent else {}),
            params=params,
            start_ms=clock.started_ms,
        )
        calls = BoundedCalls(WaitingBudget(settings.get("max_wait_seconds", DEFAULT_LIMIT_S)))
        stream = LiveRecorder(lambda: self._notes.tally, settings.get("trace_share", 0.0), clock)
        self._active = self._last = ActiveRun(opening=opening, calls=calls, clock=clock, catalog=catalog, stream=stream)
        if not self._first_callers and not self._active.open_now():
            self._active = None
            return
        atexit.register(self._close_at_exit, os.getpid())  # exit handlers run last in, first out: before MLflow's own

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Schedules the opening of the run during the calls or after them; the user may interrupt before."""
        if self._active and node.name in self._first_callers:
            self._first_callers.remove(node.name)
            self._active.calls_begin()
        elif self._active:
            self._active.calls_end(first_may_follow=bool(self._first_callers))

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str, node: Node) -> None:
        """Registers a node's prompts if the node loads their versions."""
        if dataset_name == _VERSIONS and self._active:
            self._active.catalog.save(_VERSIONS, self._active.register_prompts(node.inputs))

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any, node: Node) -> None:
        """Records that the run read this dataset."""
        if self._active:
            self._active.note_read(dataset_name)
            if names.MODEL_CALLS in node.tags:
                self._active.stream.keep_input(dataset_name, data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Records that the run saved this dataset, and the progress of the calls."""
        if self._active:
            self._active.note_saved(dataset_name)
            if names.MODEL_CALLS in node.tags and isinstance(data, list) and data:
                self._first_callers.clear()
            if dataset_name == names.COMPLETIONS:
                self._active.stream.note(data)
            if isinstance(data, ReportBatch):
                self._active.note_workers(data.by_worker)

    @hook_impl(tryfirst=True)
    def after_pipeline_run(self) -> None:
        """Records the results as FINISHED, or FAILED with its complaint; before the last pass, only metrics."""
        if self._passes.goes_on:
            if self._active:
                self._active.record_pass(self._passes.round)
            return
        complaint = self._notes.complaint
        self._close("FAILED" if complaint else "FINISHED", complaint)
        self._notes.run_name = self.run_name

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self, error: Exception) -> None:
        """Records the datasets saved before the error, with the error as reason; FAILED unless the run was stopped."""
        self._close("FINISHED" if isinstance(error, RunStoppedError) else "FAILED", first_line(error))

    def _close_at_exit(self, pid: int) -> None:
        if pid != os.getpid():  # a forked child inherits exit handlers
            return
        if self._active and self._active.hand_over("KILLED", _CUT_SHORT):
            _end_at_once()
        if self._active:
            self._active.calls.budget.limit_remaining(_LAST_WAIT_S)
        self._close_unfinished()

    def _close_unfinished(self) -> None:
        """Ends an open run as KILLED at exit or at the next start, since Kedro calls no hook on Ctrl-C."""
        self._close("KILLED", _CUT_SHORT)

    def _close(self, status: str, reason: str | None) -> None:
        if self._active:
            self._active.close(status, reason, self._passes.round, stop_tags(self._notes.stops))
            self._active = None  # last, so that after an interrupt the exit handler does the rest
            atexit.unregister(self._close_at_exit)


def _end_at_once() -> None:
    """Exits without Python's clean-up, since the import of MLflow in another thread can't be interrupted cleanly."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    logging.shutdown()
    os._exit(INTERRUPTED)
