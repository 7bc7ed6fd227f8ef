"""The two runs of a comparison, fetched from MLflow into the catalog."""

from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline

from synthetic_textcat.hooks.tracking.records import records_to_compare
from synthetic_textcat.hooks.tracking.store import Store
from synthetic_textcat.schemas.parameters import CompareParameters

_RUNS = ("baseline_run", "candidate_run")


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
