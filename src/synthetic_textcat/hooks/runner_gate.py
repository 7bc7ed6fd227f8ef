"""No run over several processes: the journal has one writer, and calls are made side by side within one process."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, SharedMemoryDataCatalog

from synthetic_textcat.errors import RunnerError


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
