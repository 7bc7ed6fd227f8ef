"""A project that was copied or moved takes its MLflow artifacts along: their absolute paths in the database follow.

MLflow resolves an experiment's artifact location to an absolute path when the experiment is made, and has no call that
changes it. Left alone, a copied project would write into the original's folder, and a moved one would lose its files.
"""

import logging
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from synthetic_textcat.hooks.tracking.database_check import open_database

_FOLDERS = ("mlartifacts", "mlruns")
"""Names of a folder of artifacts beside a database: ours, and MLflow's own choice."""

_EXPERIMENTS = "SELECT experiment_id, artifact_location FROM experiments"
_RUNS = "SELECT run_uuid, artifact_uri FROM runs WHERE experiment_id = ?"
_MOVE_EXPERIMENT = "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?"
_MOVE_RUN = "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?"

logger = logging.getLogger(__name__)


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
