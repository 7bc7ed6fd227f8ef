"""MLflow, imported before the first test of this folder, and without settings from the environment."""

from collections.abc import Iterator

import pytest

from tests.hooks.tracking.project import import_mlflow


@pytest.fixture(scope="session", autouse=True)
def _mlflow() -> None:
    """MLflow's import takes seconds, which no test's time limit is to include."""
    import_mlflow()


@pytest.fixture(scope="module", autouse=True)
def _no_mlflow_settings() -> Iterator[None]:
    """A project's store is its own, whatever the shell that starts the tests has set."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_NAME"):
            patch.delenv(name, raising=False)
        yield
