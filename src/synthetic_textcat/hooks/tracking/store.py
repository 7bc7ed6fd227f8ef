"""Where runs are kept: the server of `MLFLOW_TRACKING_URI`, or a database file in the project."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from synthetic_textcat.hashing import short_id

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "synthetic-textcat"

_SQLITE = "sqlite:///"
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Store:
    """A tracking store and the experiment in it.

    Attributes:
        uri: Tracking URI.
        registry_uri: Where prompts are registered.
        experiment: The experiment's name.
        artifact_location: Where a new experiment keeps its files; None = where the store's server wants them.
    """

    uri: str
    registry_uri: str
    experiment: str
    artifact_location: str | None

    @classmethod
    def of(cls, project: Path) -> "Store":
        """The store that the environment names, else `mlflow.db` and `mlartifacts` of the project."""
        asked = os.environ.get("MLFLOW_TRACKING_URI")
        uri = asked or f"{_SQLITE}{(project / 'mlflow.db').as_posix()}"
        return cls(
            uri=uri,
            registry_uri=os.environ.get("MLFLOW_REGISTRY_URI") or uri,
            experiment=os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT,
            artifact_location=None if asked else (project / "mlartifacts").as_uri(),
        )

    @property
    def file(self) -> Path | None:
        """The database, where it is a file."""
        return Path(self.uri.removeprefix(_SQLITE)) if self.uri.startswith(_SQLITE) else None

    @property
    def locks(self) -> Path:
        """Where runs keep their locks: beside a database file, which itself relies on locks, or on this machine."""
        return self.file.parent / ".mlflow-running" if self.file else Path(tempfile.gettempdir())

    def is_missing(self) -> bool:
        """Whether the database is a file that nothing was ever written to."""
        return self.file is not None and not self.file.exists()

    def connect(self) -> "MlflowClient":
        """A client of this store alone; a new database is made here."""
        self._probe()
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri, registry_uri=self.registry_uri)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps other runs of ours waiting: two that make the tables of a new database at once break each other's."""
        name = f"synthetic-textcat-{short_id(self.uri)}.lock"
        with FileLock(Path(tempfile.gettempdir()) / name, timeout=_LONGEST_WAIT_S):
            yield

    def experiment_id(self, client: "MlflowClient") -> str:
        """The id of the experiment, which is made where it is missing."""
        found = client.get_experiment_by_name(self.experiment)
        if found is not None:
            return str(found.experiment_id)
        return str(client.create_experiment(self.experiment, artifact_location=self.artifact_location))

    def _probe(self) -> None:
        """Fails at once on a database file that can't be opened: MLflow tries it ten times, for 100 seconds."""
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.file)) as database:
                database.execute("PRAGMA schema_version")
