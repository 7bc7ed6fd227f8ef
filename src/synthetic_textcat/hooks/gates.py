"""Gates: secrets, parameters and runner are checked before a run, yield and quality after it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, SharedMemoryDataCatalog

from synthetic_textcat.errors import QualityTooLowError, RunnerError
from synthetic_textcat.pipelines.quality_report.concerns import complaint
from synthetic_textcat.redaction import learn_command_line, learn_credentials, learn_environment, learn_settings
from synthetic_textcat.schemas.parameters import validate_parameters


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


class ParameterGate:
    """Checks all parameters against one model before anything else; Kedro checks only the blocks that are used."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Raises ParameterError with one line on the first sight of a wrong key or value."""
        validate_parameters(context.config_loader["parameters"])


class RunnerGate:
    """Refuses Kedro's ParallelRunner before anything is paid for."""

    @hook_impl
    def before_pipeline_run(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Looks at the catalog: Kedro gives a runner of several processes one of its own.

        Raises:
            RunnerError: If the run is to go over several processes.
        """
        if isinstance(catalog, SharedMemoryDataCatalog):
            raise RunnerError(
                "--runner ParallelRunner does not work here: the journal is written by one process, which makes "
                "generation.max_concurrency calls at a time. Allowed: SequentialRunner, ThreadRunner. "
                "Next: leave out --runner"
            )


class LearnSecrets:
    """Fills the registry of secrets; each redacted text from then on is without them.

    Called before all other hooks, whose errors may quote what is configured: first of those that want to be first,
    since it is the last in `settings.HOOKS`.
    """

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Learns what the environment, the command line and the credentials hold."""
        learn_environment()
        learn_command_line()
        with suppress(MissingConfigException):
            learn_credentials(context.config_loader["credentials"], "")

    @hook_impl(tryfirst=True)
    def after_catalog_created(self, conf_catalog: dict[str, Any], conf_creds: dict[str, Any] | None) -> None:
        """Learns what the catalog's entries hold: headers, tokens of storage options, users of addresses."""
        learn_settings(conf_catalog, "")
        learn_credentials(conf_creds or {}, "")
