"""Gates: parameters and runner are checked before a run, yield and quality after it."""

from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, SharedMemoryDataCatalog

from synthetic_textcat.errors import QualityTooLowError, RunnerError
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.pipelines.quality_report.concerns import complaint
from synthetic_textcat.schemas.parameter_validation import validate_parameters


class RunGate:
    """Checks parameters and runner before anything is paid for."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Checks all parameters against one model; Kedro checks only the blocks that are used.

        Raises:
            ParameterError: With one line for the first wrong key or value.
        """
        validate_parameters(context.config_loader["parameters"])

    @hook_impl
    def before_pipeline_run(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Refuses Kedro's ParallelRunner, recognised by its catalog for several processes.

        Raises:
            RunnerError: If the run is to go over several processes.
        """
        if isinstance(catalog, SharedMemoryDataCatalog):
            raise RunnerError(
                "--runner ParallelRunner does not work here: the journal is written by one process, which makes "
                "generation.max_concurrency calls at a time. Allowed: SequentialRunner, ThreadRunner. "
                "Next: leave out --runner"
            )


class QualityGate:
    """Fails a run whose yield or quality is below the thresholds, once all is recorded and reported."""

    def __init__(self, notes: RunNotes) -> None:
        self._notes = notes

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Resets the complaint, since concerns on disk may belong to another run."""
        self._notes.complaint = None

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Stores the complaint that follows from this run's concerns, if any."""
        if dataset_name == names.CONCERNS:
            self._notes.complaint = complaint(data)

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Raises QualityTooLowError after the last pass, so that the command exits non-zero."""
        if self._notes.complaint is not None and not self._notes.passes.goes_on:
            raise QualityTooLowError(self._notes.complaint)
