"""MLflow, imported before the first test of this folder."""

import pytest

from tests.hooks.tracking.project import import_mlflow


@pytest.fixture(scope="session", autouse=True)
def _mlflow() -> None:
    """MLflow's import takes seconds, which no test's time limit is to include."""
    import_mlflow()
