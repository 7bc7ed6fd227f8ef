"""The hook: when an MLflow run opens, what is noted while it runs, and how it ends."""

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
from synthetic_textcat.hooks.tracking.bounded_calls import DEFAULT_LIMIT_S, BoundedCalls, WaitingBudget
from synthetic_textcat.hooks.tracking.catalog_metadata import plain, unknown_keys
from synthetic_textcat.hooks.tracking.description import run_name, start_tags, stop_tags
from synthetic_textcat.hooks.tracking.guard import first_line
from synthetic_textcat.hooks.tracking.live_metrics import Stream
from synthetic_textcat.hooks.tracking.opening import Opening
from synthetic_textcat.hooks.tracking.run import ActiveRun
from synthetic_textcat.hooks.tracking.run_log import RunClock
from synthetic_textcat.llm.interrupts import INTERRUPTED

Catalog = CatalogProtocol[Any, Any]

SWITCH = "TEXTCAT_TRACKING"
"""Set to `off`, this environment variable leaves MLflow out of a run: for quick tries, where its start-up counts."""

_MODEL_CALLS = "model_calls"
"""Tag of the nodes that ask the model: with them MLflow's start-up, a matter of seconds, waits until calls are out."""

_CALLS_ARE_OUT_S = 2.0
"""After so long a model-calling node has imported its client and sent its first request."""

_LAST_WAIT_S = 8.0
"""How long a process that was interrupted waits for MLflow."""

_VERSIONS = names.PROMPT_VERSIONS
"""A dataset of ours: the numbers under which MLflow has the prompts of the node that loads it; empty without MLflow."""

_CUT_SHORT = "the process ended before the pipeline did"

logger = logging.getLogger(__name__)


class MlflowTracking:
    """Records each `kedro run` as one MLflow run; a failure of MLflow costs one warning, never the run.

    It opens its run after all other hooks have had their say on parameters and catalog, and closes it before any
    other hook can raise. Nothing of MLflow's fluent (global) state is used.

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

    @property
    def run_id(self) -> str | None:
        """The MLflow run of the last pipeline run; None before it is open, and where it could not be opened."""
        return self._last.opened.run_id if self._last and self._last.opened else None

    @property
    def run_name(self) -> str | None:
        """Its name."""
        return self._last.opening.name if self._last and self._last.opened else None

    @property
    def tracking_uri(self) -> str | None:
        """Where that run is kept."""
        return self._last.opened.client.tracking_uri if self._last and self._last.opened else None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keeps the context: its parameters are read when the run starts, as other hooks have left them."""
        self._context = context

    @hook_impl
    def after_catalog_created(self, conf_catalog: dict[str, Any]) -> None:
        """Warns of a mark in the catalog that means nothing: it would be missed only when runs are compared."""
        for warning in unknown_keys(conf_catalog):
            logger.warning("%s", warning)

    @hook_impl(trylast=True)
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Catalog) -> None:
        """Opens the MLflow run; one that makes model calls is opened when the first of them are out."""
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
        stream = Stream(lambda: self._notes.tally, settings.get("trace_share", 0.0), clock)
        self._active = self._last = ActiveRun(opening=opening, calls=calls, clock=clock, catalog=catalog, stream=stream)
        if not any(_MODEL_CALLS in node.tags for node in pipeline.nodes) and not self._active.open_now():
            self._active = None
            return
        atexit.register(self._close_at_exit, os.getpid())  # exit handlers run last in, first out: before MLflow's own

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Has the run opened once the first calls are out: a server may take its time, and a user lose patience."""
        if self._active and _MODEL_CALLS in node.tags:
            self._active.open_within(_CALLS_ARE_OUT_S)
        elif self._active:
            self._active.stream.calls_are_over()

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str, node: Node) -> None:
        """Registers a node's prompts where it asks for their versions."""
        if dataset_name == _VERSIONS and self._active:
            self._active.catalog.save(_VERSIONS, self._active.register_prompts(node.inputs))

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any, node: Node) -> None:
        """Notes that the run read this dataset."""
        if self._active:
            self._active.note_read(dataset_name)
            if _MODEL_CALLS in node.tags:
                self._active.stream.hold(dataset_name, data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Notes that the run saved this dataset; answers on disk are the time to open the MLflow run."""
        if self._active:
            self._active.note_saved(dataset_name)
            if _MODEL_CALLS in node.tags:
                self._active.open_within(0)
            if dataset_name == names.COMPLETIONS:
                self._active.stream.note(data)

    @hook_impl(tryfirst=True)
    def after_pipeline_run(self) -> None:
        """Records the results as FINISHED, or FAILED with its complaint; before the last pass, metrics only."""
        if self._passes.goes_on:
            if self._active:
                self._active.record_pass(self._passes.round)
            return
        complaint = self._notes.complaint
        self._close("FAILED" if complaint else "FINISHED", complaint)
        self._notes.run_name = self.run_name

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self, error: Exception) -> None:
        """Records what was saved before the error, and the error as the reason; FAILED, if it is a failure."""
        self._close("FINISHED" if isinstance(error, RunStoppedError) else "FAILED", first_line(error))

    def _close_at_exit(self, pid: int) -> None:
        if pid != os.getpid():  # a forked child inherits exit handlers
            return
        if self._active and self._active.hand_over("KILLED", _CUT_SHORT):
            _end_at_once()
        if self._active:
            self._active.calls.budget.leave_at_most(_LAST_WAIT_S)
        self._close_unfinished()

    def _close_unfinished(self) -> None:
        """Kedro calls no hook on Ctrl-C: what is still open at exit, or at the next start, was killed."""
        self._close("KILLED", _CUT_SHORT)

    def _close(self, status: str, reason: str | None) -> None:
        if self._active:
            self._active.close(status, reason, self._passes.round, stop_tags(self._notes.stops))
            self._active = None  # only now: an interrupt while closing leaves the rest to the exit handler
            atexit.unregister(self._close_at_exit)


def _end_at_once() -> None:
    """Leaves without Python's own clean-up: MLflow's import, under way in a thread, can't be broken off in order."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    logging.shutdown()
    os._exit(INTERRUPTED)
