"""A run whose yield or quality is beyond what a parameter allows ends in an error, after everything is saved."""

from collections.abc import Callable
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol

from synthetic_textcat.errors import QualityTooLowError
from synthetic_textcat.pipelines.quality_report.concerns import complaint


class QualityGate:
    """Reads the concerns of this run, if it had any.

    Args:
        goes_on: Whether another pass follows: the last one is judged.
    """

    def __init__(self, goes_on: Callable[[], bool] = lambda: False) -> None:
        self._goes_on = goes_on
        self._complaint: str | None = None

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Forgets what was said of the run before."""
        self._complaint = None

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Keeps what is wrong."""
        if dataset_name == "concerns":
            self._complaint = complaint(data)

    def complaint(self, catalog: CatalogProtocol[Any, Any], parameters: dict[str, Any]) -> str | None:
        """Why this run is a failure, None if it is not."""
        del catalog, parameters  # concerns on disk may be another run's
        return self._complaint

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Raises QualityTooLowError, so that the command exits non-zero."""
        if self._complaint is not None and not self._goes_on():
            raise QualityTooLowError(self._complaint)
