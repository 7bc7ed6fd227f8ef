"""A run whose yield is too low ends in an error, after everything is saved."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol

from synthetic_textcat.errors import YieldTooLowError
from synthetic_textcat.pipelines.quality_report.ledger import Ledger
from synthetic_textcat.pipelines.quality_report.thresholds import too_low


class YieldGate:
    """Measures the ledger of this run, if it made one, against `quality_report.min_yield`."""

    def __init__(self) -> None:
        self._ledger: Ledger | None = None
        self._complaint: str | None = None

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Forgets the ledger of a run that failed before its end."""
        self._ledger = self._complaint = None

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Keeps the ledger."""
        if dataset_name == "ledger":
            self._ledger = data

    def complaint(self, catalog: CatalogProtocol[Any, Any], parameters: dict[str, Any]) -> str | None:
        """What is wrong with this run's yield, None if nothing is."""
        del catalog  # a ledger on disk may be another run's
        if self._ledger is not None:
            self._complaint = too_low(self._ledger, parameters["quality_report"]["min_yield"])
        return self._complaint

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Raises YieldTooLowError, so that the command exits non-zero."""
        if self._complaint is not None:
            raise YieldTooLowError(self._complaint)
