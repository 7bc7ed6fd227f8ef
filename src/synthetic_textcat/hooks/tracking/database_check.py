"""Read-only check of MLflow's database file: ready, missing, torn, or of another MLflow version."""

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from synthetic_textcat.text.unicode import single_line

SIDE_FILES = ("-journal", "-wal", "-shm")
"""Suffixes of SQLite's files next to a database that is in use, or was when its process was killed."""

_WITH_CONTENT = ("experiments", "registered_models")
"""MLflow fills one of these tables as the last step of creating a store: if both are empty, it was never finished."""

_LONGEST_CHECK_S = 1.0
"""Time limit of the integrity check: a database too large for it has worked before."""

_BUSY_S = 5.0


class DatabaseState(Enum):
    """State of a database file."""

    READY = auto()
    MISSING = auto()
    TORN = auto()
    NO_DATABASE = auto()
    OLDER_MLFLOW = auto()
    OTHER_MLFLOW = auto()


@dataclass(frozen=True, slots=True)
class DatabaseFinding:
    """State of a database file, with the reason for a bad state."""

    state: DatabaseState
    why: str = ""


def examine(file: Path) -> DatabaseFinding:
    """Finding about the file at this path.

    Raises:
        sqlite3.OperationalError: If it can't be determined: the file is locked for long, or not readable.
    """
    try:
        mode = file.lstat()
    except FileNotFoundError:
        return DatabaseFinding(DatabaseState.MISSING)
    if stat.S_ISDIR(mode.st_mode):
        return DatabaseFinding(DatabaseState.NO_DATABASE, "it is a folder")
    if not mode.st_size and not side_files(file):
        return DatabaseFinding(DatabaseState.TORN, "it is empty")
    try:
        with open_database(file) as database:
            return _examine(database)
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_NOTADB:
            return DatabaseFinding(DatabaseState.NO_DATABASE, "it is not a database")
        if code == sqlite3.SQLITE_CORRUPT:
            return DatabaseFinding(DatabaseState.TORN, str(error))
        raise


@contextmanager
def open_database(file: Path) -> Iterator[sqlite3.Connection]:
    """Connection in autocommit mode that never creates a file."""
    address = f"{file.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S, isolation_level=None)) as database:
        yield database


def side_files(file: Path) -> list[Path]:
    """Existing side files of the database."""
    names = (file.with_name(file.name + suffix) for suffix in SIDE_FILES)
    return [path for path in names if os.path.lexists(path)]


def _examine(database: sqlite3.Connection) -> DatabaseFinding:
    if damage := _damage(database):
        return DatabaseFinding(DatabaseState.TORN, damage)
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return DatabaseFinding(DatabaseState.TORN, "it has no tables")
    if "experiments" not in tables:
        return DatabaseFinding(DatabaseState.READY)  # another program's database, to which MLflow adds its tables
    if not any(_has_rows(database, name) for name in tables.intersection(_WITH_CONTENT)):
        return DatabaseFinding(DatabaseState.TORN, "its tables were never finished")
    return _examine_schema(database, tables)


def _examine_schema(database: sqlite3.Connection, tables: set[str]) -> DatabaseFinding:
    """Finding about the schema version.

    MLflow 3.17 migrates a database with missing tables automatically, in place and not in one transaction. So a
    database of an older MLflow is never opened with it: a kill at that moment would lose all runs.
    """
    rows = list(database.execute("SELECT version_num FROM alembic_version")) if "alembic_version" in tables else []
    version = rows[0][0] if rows else "none"
    if not _is_known(version):
        return DatabaseFinding(DatabaseState.OTHER_MLFLOW, f"its schema, {version}, is unknown to this MLflow")
    if lacking := _expected_tables() - tables:
        return DatabaseFinding(DatabaseState.OLDER_MLFLOW, f"it lacks {len(lacking)} tables of this MLflow")
    return DatabaseFinding(DatabaseState.READY)


def _damage(database: sqlite3.Connection) -> str | None:
    end = time.monotonic() + _LONGEST_CHECK_S
    database.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    try:
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return None
    finally:
        database.set_progress_handler(None, 0)
    return None if found == "ok" else single_line(found)


def _has_rows(database: sqlite3.Connection, table: str) -> bool:
    return database.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone() is not None  # noqa: S608  a name of ours


def _is_known(version: str) -> bool:
    """Whether this MLflow has a migration to the version: the file is named after it."""
    import mlflow

    folder = Path(str(mlflow.__file__)).parent / "store" / "db_migrations" / "versions"
    return not folder.is_dir() or any(folder.glob(f"{version}_*.py"))


def _expected_tables() -> set[str]:
    with suppress(ImportError):  # a later MLflow may move these modules: then only its own check applies
        import mlflow.store.model_registry.dbmodels.models
        import mlflow.store.tracking.dbmodels.models
        import mlflow.store.workspace.dbmodels.models  # noqa: F401
        from mlflow.store.db.base_sql_model import Base

        return set(Base.metadata.tables)
    return set()
