"""Tracking store: the server of `MLFLOW_TRACKING_URI`, or a database file in the project, which may move.

MLflow resolves an experiment's artifact location to an absolute path when the experiment is created, and has no call to
change it. Without a correction, a copied project would write to the original's folder, and a moved project would lose
its files.
"""

import logging
import os
import sqlite3
import tempfile
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls
from synthetic_textcat.hooks.tracking.database_check import open_database
from synthetic_textcat.hooks.tracking.database_file import check_readable, ensure_database
from synthetic_textcat.redaction import redact

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

logger = logging.getLogger(__name__)

EXPERIMENT = "synthetic-textcat"

_SQLITE = "sqlite:///"

_FOLDERS = ("mlartifacts", "mlruns")
"""Names of the artifact folder next to a database: ours, and MLflow's default."""

_EXPERIMENTS = "SELECT experiment_id, artifact_location FROM experiments"
_RUNS = "SELECT run_uuid, artifact_uri FROM runs WHERE experiment_id = ?"
_MOVE_EXPERIMENT = "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?"
_MOVE_RUN = "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?"


@dataclass(frozen=True, slots=True)
class Store:
    """Tracking store and experiment.

    Attributes:
        uri: Tracking URI.
        registry_uri: URI of the prompt registry.
        experiment: Name of the experiment.
        project: The project's folder.
        is_default: Whether the user has not set another store.
    """

    uri: str
    registry_uri: str
    experiment: str
    project: Path
    is_default: bool

    @classmethod
    def of(cls, project: Path) -> "Store":
        """Store set in the environment, by default `mlflow.db` and `mlartifacts` in the project."""
        asked = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
        uri = asked or f"{_SQLITE}{(project / 'mlflow.db').as_posix()}"
        return cls(
            uri=uri,
            registry_uri=os.environ.get("MLFLOW_REGISTRY_URI") or uri,
            experiment=os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT,
            project=project,
            is_default=not asked,
        )

    @property
    def file(self) -> Path | None:
        """Database file; None for other stores."""
        return _file(self.uri)

    @property
    def locks(self) -> Path:
        """Folder of the liveness locks: next to a database file, which itself relies on locks, or on this machine."""
        return self.file.parent / ".mlflow-running" if self.file else Path(tempfile.gettempdir())

    @property
    def artifact_location(self) -> str | None:
        """Artifact location of a new experiment; None = the store's default."""
        return (self.project / "mlartifacts").as_uri() if self.is_default or self._is_in_project else None

    def is_missing(self) -> bool:
        """Whether the database is a file that does not exist yet."""
        return self.file is not None and not self.file.exists()

    def connect(self, calls: BoundedCalls, *, to_read: bool = False) -> "MlflowClient":
        """Client of this store with bounded calls; creates a missing database, unless `to_read`.

        Raises:
            TrackingStoreError: If the store can't be used.
        """
        for file in {file for uri in (self.uri, self.registry_uri) if (file := _file(uri)) is not None}:
            if to_read:
                check_readable(file)
            else:
                ensure_database(file, self.locks, is_project_file=self.is_default)
        if self.file is not None and self._is_in_project:
            with suppress(sqlite3.OperationalError) if to_read else nullcontext():  # the copy may be read-only
                relocate_artifacts(self.file, self.project)
        from mlflow import MlflowClient

        return calls.client(MlflowClient(tracking_uri=self.uri, registry_uri=self.registry_uri))

    def experiment_id(self, client: "MlflowClient") -> str:
        """Id of the experiment, which is created if missing, and restored if deleted."""
        found = client.get_experiment_by_name(self.experiment) or self._make_experiment(client)
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)
            logger.warning(
                "MLflow's experiment %s was deleted; it is restored, since runs are recorded in it", self.experiment
            )
        return str(found.experiment_id)

    def advice(self, error: Exception | None) -> str:
        """Next step after an error of this store."""
        if isinstance(error, ImportError):
            return "install the missing package; MLflow itself with `pip install --constraint constraints.txt mlflow`"
        if self.is_default:
            return "fix this error, or set MLFLOW_TRACKING_URI to another store"
        if self.uri.startswith(("http://", "https://")):
            return "check that MLflow's server runs there, or unset MLFLOW_TRACKING_URI to use mlflow.db"
        return "set MLFLOW_TRACKING_URI to http(s)://HOST or sqlite:///FILE, or unset it to use mlflow.db"

    def __str__(self) -> str:
        """URI without secrets, for messages."""
        return redact(self.uri)

    @property
    def _is_in_project(self) -> bool:
        """Whether the database, and so its artifacts, belong to the project."""
        return self.file is not None and self.file.resolve().is_relative_to(self.project.resolve())

    def _make_experiment(self, client: "MlflowClient") -> "Experiment":
        from mlflow.exceptions import MlflowException

        try:
            experiment_id = client.create_experiment(self.experiment, artifact_location=self.artifact_location)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":  # created by another run meanwhile
                raise
            found = client.get_experiment_by_name(self.experiment)
            assert found is not None
            return found
        return client.get_experiment(experiment_id)


def _file(uri: str) -> Path | None:
    """Path of a SQLite URI; None for an in-memory database or another kind of URI."""
    path = uri.removeprefix(_SQLITE).partition("?")[0]
    return Path(path) if uri.startswith(_SQLITE) and path and not path.startswith((":", "file:")) else None


def relocate_artifacts(database_file: Path, project: Path) -> None:
    """Updates artifact locations in the database after the project was copied or moved.

    The path of a run changes only if its files are in the present folder. A location outside of projects is kept, since
    an experiment may store its files on another disk.

    Raises:
        sqlite3.Error: If the database can't be changed.
    """
    with open_database(database_file) as database:
        if not list(_strays(database, database_file, project)):
            return
        database.execute("BEGIN IMMEDIATE")  # another run may do the same
        for experiment_id, old, new in _strays(database, database_file, project):
            database.execute(_MOVE_EXPERIMENT, (new.as_uri(), experiment_id))
            runs = list(database.execute(_RUNS, (experiment_id,)))
            here = [(new / uri.removeprefix(f"{old}/"), run_id) for run_id, uri in runs if _is_within(uri, old)]
            moved = [(path.as_uri(), run_id) for path, run_id in here if path.is_dir()]
            database.executemany(_MOVE_RUN, moved)
            logger.warning(
                "This project was copied or moved from %s: MLflow's files are stored in %s from now on, "
                "which has the files of %d of %d earlier runs",
                *(_path(old).parent, new, len(moved), len(runs)),
            )
        database.execute("COMMIT")


def _strays(database: sqlite3.Connection, database_file: Path, project: Path) -> list[tuple[int, str, Path]]:
    """Experiments with an outdated location: id, recorded location, and the present folder."""
    found = []
    for experiment_id, location in database.execute(_EXPERIMENTS):
        old = _path(str(location))
        if old.name not in _FOLDERS or not old.is_absolute():
            continue
        new = project / old.name
        if not _is_same(old, new) and _was_this_projects(old, new, database_file.name, database, experiment_id):
            found.append((experiment_id, str(location), new))
    return found


def _was_this_projects(
    old: Path, new: Path, database_name: str, database: sqlite3.Connection, experiment_id: int
) -> bool:
    """Whether the old folder was this project's: it is gone, has the same database name, or its runs are here."""
    if not old.exists() or (old.parent / database_name).exists():
        return True
    runs = database.execute(_RUNS, (experiment_id,))
    return any((new / run_id).is_dir() for run_id, _ in runs)


def _is_within(uri: object, location: str) -> bool:
    return str(uri).startswith(f"{location}/")


def _is_same(one: Path, other: Path) -> bool:
    return one == other or (one.exists() and other.exists() and one.samefile(other))


def _path(location: str) -> Path:
    """Path of a `file:` URI or a plain path; a relative path for any other URI."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return Path(location) if not parts.scheme else Path(parts.scheme)
