"""Hooks that put objects into the catalog: the row check, notes of stops, the two runs of a comparison."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline

from synthetic_textcat.hooks.tracking.run_artifacts import records_to_compare
from synthetic_textcat.hooks.tracking.store import Store
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, known_of
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge_alone
from synthetic_textcat.schemas.completions import Problem, Reply
from synthetic_textcat.schemas.outcomes import LastBatch, Stops
from synthetic_textcat.schemas.parameters import CompareParameters, QualityReportParameters
from synthetic_textcat.schemas.tasks import Task

_STOPS = "stops"
_RUNS = ("baseline_run", "candidate_run")


class LentRowCheck:
    """Puts the check into the catalog, as `row_check`: pipelines do not import one another."""

    def __init__(self) -> None:
        self._flag_only: tuple[str, ...] = ()

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Notes which reasons reject no row."""
        self._flag_only = QualityReportParameters.model_validate(context.params["quality_report"]).flag_only

    @hook_impl
    def before_pipeline_run(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Puts it there for every run."""
        check = partial(reject_reason, flag_only=self._flag_only)
        catalog["row_check"] = MemoryDataset(check, copy_mode="assign")


def reject_reason(task: Task, row: Mapping[str, Any], reply: Reply, flag_only: tuple[str, ...] = ()) -> Problem | None:
    """Why the report would reject this reply, by the checks that need no other row; None if it would not."""
    candidate = Candidate(
        request_id=row["request_id"],
        **reply.model_dump(),
        planned_label=row["label"],
        known=known_of(task),
        language=row["language"],
    )
    verdict = judge_alone(candidate, flag_only).verdict
    return None if verdict is None else Problem(verdict.reason, verdict.detail)


class StopNotes:
    """Fills the dataset `stops`, which is empty until a node's last batch says why it asks no further."""

    def __init__(self) -> None:
        self._catalog: CatalogProtocol[Any, Any] | None = None
        self._stops = Stops()

    def current(self) -> Stops:
        """What is known of this run."""
        return self._stops

    @hook_impl
    def before_pipeline_run(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Forgets the run before."""
        self._catalog, self._stops = catalog, Stops()
        catalog[_STOPS] = MemoryDataset({})

    @hook_impl(tryfirst=True)
    def after_dataset_saved(self, data: Any) -> None:
        """Keeps what a last batch says."""
        if isinstance(data, LastBatch) and self._catalog is not None:
            self._stops = data.stops
            self._catalog.save(_STOPS, self._stops.model_dump(mode="json"))


class ComparedRuns:
    """Puts `baseline_run` and `candidate_run` into the catalog of a pipeline that reads them."""

    def __init__(self) -> None:
        self._context: KedroContext | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keeps the context: parameters are read when the run starts."""
        self._context = context

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Fetches the runs.

        Raises:
            EarlierRunError: If one can't be had.
        """
        if self._context is None or not pipeline.inputs() & set(_RUNS):
            return
        asked = CompareParameters.model_validate(self._context.params["compare"])
        records = records_to_compare(Store.of(self._context.project_path), asked.baseline, asked.candidate)
        for name, record in zip(_RUNS, records, strict=True):
            catalog[name] = MemoryDataset(record, copy_mode="assign")
