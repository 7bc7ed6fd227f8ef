"""The hook: when an MLflow run opens, what is noted while it runs, and how it ends."""

import atexit
import logging
import os
from collections.abc import Callable
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol

from synthetic_textcat.hooks.tracking.guard import Guard, first_line
from synthetic_textcat.hooks.tracking.marks import unknown_keys
from synthetic_textcat.hooks.tracking.parameters import plain
from synthetic_textcat.hooks.tracking.run import ActiveRun, open_run
from synthetic_textcat.hooks.tracking.store import Store
from synthetic_textcat.hooks.tracking.tags import run_name, start_tags

Catalog = CatalogProtocol[Any, Any]
Verdict = Callable[[Catalog, dict[str, Any]], str | None]

SWITCH = "TEXTCAT_TRACKING"
"""Set to `off`, this environment variable leaves MLflow out of a run: for quick tries, where its start-up counts."""

_CUT_SHORT = "the process ended before the pipeline did"

logger = logging.getLogger(__name__)


class MlflowTracking:
    """Records each `kedro run` as one MLflow run; a failure of MLflow costs one warning, never the run.

    It opens its run after all other hooks have had their say on parameters and catalog, and closes it before any
    other hook can raise. Nothing of MLflow's fluent (global) state is used.

    Args:
        verdict: Says why a finished run is still a failure, or None; asked once for each finished run, tracked or not.

    Attributes:
        run_id: The MLflow run of the last pipeline run; None before it, and where it could not be opened.
        tracking_uri: Where that run is kept.
    """

    def __init__(self, verdict: Verdict) -> None:
        self.run_id: str | None = None
        self.tracking_uri: str | None = None
        self._verdict = verdict
        self._context: KedroContext | None = None
        self._params: dict[str, Any] = {}
        self._active: ActiveRun | None = None

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
    def before_pipeline_run(self, run_params: dict[str, Any], catalog: Catalog) -> None:
        """Opens the MLflow run, with all that is known before the first node."""
        self._close_unfinished()
        self.run_id = self.tracking_uri = None
        context, guard = self._context, Guard()
        if context is None:
            return
        self._params = {name: plain(value) for name, value in context.params.items()}
        if os.environ.get(SWITCH, "").casefold() == "off":
            return
        name = run_name(run_params, self._params)
        tags = start_tags(run_params, self._params, context)
        log = guard.attempt("this run", lambda: open_run(Store.of(context.project_path), name, tags))
        if log is None:
            guard.report()
            return
        self.run_id, self.tracking_uri = log.run_id, log.client.tracking_uri
        self._active = ActiveRun(
            log=log, guard=guard, project=context.project_path, params=self._params, catalog=catalog
        )
        atexit.register(self._close_at_exit, os.getpid())  # exit handlers run last in, first out: before MLflow's own
        self._active.record_start()

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str) -> None:
        """Notes that the run read this dataset."""
        if self._active:
            self._active.note_read(dataset_name)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Notes that the run saved this dataset."""
        if self._active:
            self._active.note_saved(dataset_name)

    @hook_impl(tryfirst=True)
    def after_pipeline_run(self, catalog: Catalog) -> None:
        """Records the results; FINISHED, or FAILED where the verdict says so."""
        try:
            reason = self._verdict(catalog, self._params)
        except Exception as error:
            self._close("FAILED", first_line(error))
            raise
        self._close("FAILED" if reason else "FINISHED", reason)

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self, error: Exception) -> None:
        """Records what was saved before the error, and the error as the reason; FAILED."""
        self._close("FAILED", first_line(error))

    def _close_at_exit(self, pid: int) -> None:
        if pid == os.getpid():  # not in a forked child, which inherits exit handlers
            self._close_unfinished()

    def _close_unfinished(self) -> None:
        """Kedro calls no hook on Ctrl-C: what is still open at exit, or at the next start, was killed."""
        self._close("KILLED", _CUT_SHORT)

    def _close(self, status: str, reason: str | None) -> None:
        if self._active:
            self._active.close(status, reason)
            self._active = None  # only now: an interrupt while closing leaves the rest to the exit handler
            atexit.unregister(self._close_at_exit)
