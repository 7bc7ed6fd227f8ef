"""Tracking store: the server of `MLFLOW_TRACKING_URI`, or a database file in the project, which may move.

MLflow resolves an experiment's artifact location to an absolute path when the experiment is made, and has no call that
changes it. Left alone, a copied project would write into the original's folder, and a moved one would lose its files.
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
from synthetic_textcat.hooks.tracking.database_file import ensure_database, refuse_unusable
from synthetic_textcat.redaction import redact

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

logger = logging.getLogger(__name__)

EXPERIMENT = "synthetic-textcat"

_SQLITE = "sqlite:///"

_FOLDERS = ("mlartifacts", "mlruns")
"""Names of a folder of artifacts beside a database: ours, and MLflow's own choice."""

_EXPERIMENTS = "SELECT experiment_id, artifact_location FROM experiments"
_RUNS = "SELECT run_uuid, artifact_uri FROM runs WHERE experiment_id = ?"
_MOVE_EXPERIMENT = "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?"
_MOVE_RUN = "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?"


@dataclass(frozen=True, slots=True)
class Store:
    """A tracking store and the experiment in it.

    Attributes:
        uri: Tracking URI.
        registry_uri: Where prompts are registered.
        experiment: The experiment's name.
        project: The project's folder.
        is_default: Whether nobody has named another store.
    """

    uri: str
    registry_uri: str
    experiment: str
    project: Path
    is_default: bool

    @classmethod
    def of(cls, project: Path) -> "Store":
        """The store that the environment names, else `mlflow.db` and `mlartifacts` of the project."""
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
        """The database, where it is a file."""
        return _file(self.uri)

    @property
    def locks(self) -> Path:
        """Where runs keep their locks: beside a database file, which itself relies on locks, or on this machine."""
        return self.file.parent / ".mlflow-running" if self.file else Path(tempfile.gettempdir())

    @property
    def artifact_location(self) -> str | None:
        """Where a new experiment keeps its files; None = where the store wants them."""
        return (self.project / "mlartifacts").as_uri() if self.is_default or self._is_in_project else None

    def is_missing(self) -> bool:
        """Whether the database is a file that nothing was ever written to."""
        return self.file is not None and not self.file.exists()

    def connect(self, calls: BoundedCalls, *, to_read: bool = False) -> "MlflowClient":
        """A client of this store alone, whose calls are bounded; a new database is made here, unless it is `to_read`.

        Raises:
            TrackingStoreError: If the store can't be used as it is.
        """
        for file in {file for uri in (self.uri, self.registry_uri) if (file := _file(uri)) is not None}:
            if to_read:
                refuse_unusable(file)
            else:
                ensure_database(file, self.locks, is_project_file=self.is_default)
        if self.file is not None and self._is_in_project:
            with suppress(sqlite3.OperationalError) if to_read else nullcontext():  # a read-only copy can be read too
                follow_project(self.file, self.project)
        from mlflow import MlflowClient

        return calls.client(MlflowClient(tracking_uri=self.uri, registry_uri=self.registry_uri))

    def experiment_id(self, client: "MlflowClient") -> str:
        """The id of the experiment, which is made where it is missing, and restored where it was deleted."""
        found = client.get_experiment_by_name(self.experiment) or self._make_experiment(client)
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)
            logger.warning(
                "MLflow's experiment %s was deleted; it is restored, since runs are kept there", self.experiment
            )
        return str(found.experiment_id)

    def advice(self, error: Exception | None) -> str:
        """What to do about an error of this store."""
        if isinstance(error, ImportError):
            return "install the missing package; MLflow itself with `pip install --constraint constraints.txt mlflow`"
        if self.is_default:
            return "mend what it says, or set MLFLOW_TRACKING_URI to another store"
        if self.uri.startswith(("http://", "https://")):
            return "see whether MLflow's server runs there, or unset MLFLOW_TRACKING_URI to keep runs in mlflow.db"
        return "set MLFLOW_TRACKING_URI to http(s)://HOST or sqlite:///FILE, or unset it to keep runs in mlflow.db"

    def __str__(self) -> str:
        """As errors name it."""
        return redact(self.uri)

    @property
    def _is_in_project(self) -> bool:
        """Whether the database is the project's own, so that its files are too."""
        return self.file is not None and self.file.resolve().is_relative_to(self.project.resolve())

    def _make_experiment(self, client: "MlflowClient") -> "Experiment":
        from mlflow.exceptions import MlflowException

        try:
            experiment_id = client.create_experiment(self.experiment, artifact_location=self.artifact_location)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":  # another run was faster
                raise
            found = client.get_experiment_by_name(self.experiment)
            assert found is not None
            return found
        return client.get_experiment(experiment_id)


def _file(uri: str) -> Path | None:
    """The file of a SQLite address; None for one in memory, or of another kind."""
    path = uri.removeprefix(_SQLITE).partition("?")[0]
    return Path(path) if uri.startswith(_SQLITE) and path and not path.startswith((":", "file:")) else None


def follow_project(database_file: Path, project: Path) -> None:
    """Has experiments that keep their files in an earlier folder of this project keep them in the present one.

    A run's recorded path follows only where its files are here. A folder that is no project's is left alone: an
    experiment may be told to keep its files on another disk.

    Raises:
        sqlite3.Error: If the database can't be changed.
    """
    with open_database(database_file) as database:
        if not list(_strays(database, database_file, project)):
            return
        database.execute("BEGIN IMMEDIATE")  # another run may be at it
        for experiment_id, old, new in _strays(database, database_file, project):
            database.execute(_MOVE_EXPERIMENT, (new.as_uri(), experiment_id))
            runs = list(database.execute(_RUNS, (experiment_id,)))
            here = [(new / uri.removeprefix(f"{old}/"), run_id) for run_id, uri in runs if _is_within(uri, old)]
            moved = [(path.as_uri(), run_id) for path, run_id in here if path.is_dir()]
            database.executemany(_MOVE_RUN, moved)
            logger.warning(
                "This project was copied or moved from %s: MLflow's files of it are kept in %s from now on, "
                "where those of %d of %d earlier runs are",
                *(_path(old).parent, new, len(moved), len(runs)),
            )
        database.execute("COMMIT")


def _strays(database: sqlite3.Connection, database_file: Path, project: Path) -> list[tuple[int, str, Path]]:
    """Experiment, its recorded location, and the folder of this project that it should be."""
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
    """It is gone, or it lies beside a database of the same name, or the files of its runs are here."""
    if not old.exists() or (old.parent / database_name).exists():
        return True
    runs = database.execute(_RUNS, (experiment_id,))
    return any((new / run_id).is_dir() for run_id, _ in runs)


def _is_within(uri: object, location: str) -> bool:
    return str(uri).startswith(f"{location}/")


def _is_same(one: Path, other: Path) -> bool:
    return one == other or (one.exists() and other.exists() and one.samefile(other))


def _path(location: str) -> Path:
    """The path of a `file:` address or of a plain path; one that is not absolute for any other address."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return Path(location) if not parts.scheme else Path(parts.scheme)
