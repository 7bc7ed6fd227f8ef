"""MLflow, imported before the first test of this folder, and without settings from the environment."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.hooks.tracking.project import import_mlflow, make_project

if TYPE_CHECKING:
    from mlflow import MlflowClient


@pytest.fixture(scope="session", autouse=True)
def _mlflow() -> Iterator[None]:
    """MLflow's import takes seconds, which no test's time limit is to include.

    For each store that it opens it loads its 67 migrations, only to know which is the newest.
    """
    import_mlflow()
    from mlflow.store.db import utils

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "_get_latest_schema_revision", cache(utils._get_latest_schema_revision))
        yield


@pytest.fixture(scope="session")
def shared_client(tmp_path_factory: pytest.TempPathFactory) -> "MlflowClient":
    """A client of a store for tests that look at nothing but their own runs."""
    return make_project(tmp_path_factory.mktemp("store") / "project").client()


@pytest.fixture(scope="module", autouse=True)
def _no_mlflow_settings() -> Iterator[None]:
    """A project's store is its own, whatever the shell that starts the tests has set."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_NAME"):
            patch.delenv(name, raising=False)
        yield
