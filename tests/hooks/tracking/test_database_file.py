"""MLflow's database file: whole or absent after a kill, and what was torn before is kept aside."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from synthetic_textcat.errors import TrackingStoreError
from synthetic_textcat.hooks.tracking import MlflowTracking
from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls, quiet
from synthetic_textcat.hooks.tracking.database_check import DatabaseState, examine
from synthetic_textcat.hooks.tracking.database_file import ensure_database
from synthetic_textcat.hooks.tracking.store import Store
from tests.hooks.tracking.pipelines import small_pipeline
from tests.hooks.tracking.project import Project, make_project

Damage = Callable[[Path], object]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


def _sql(*statements: str) -> Damage:
    def run(file: Path) -> None:
        with closing(sqlite3.connect(file)) as database, database:
            for statement in statements:
                database.execute(statement)

    return run


def _new(*statements: str) -> Damage:
    def write(file: Path) -> None:
        file.unlink()
        _sql(*statements)(file)

    return write


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "something").touch()


def _overwrite_pages(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(8192)
        stream.write(b"\xff" * 65536)


def _cut_off(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.truncate(300_000)


_ANY_VERSION = "ffffffffffff"
_TORN: dict[str, Damage] = {
    "empty": lambda file: file.write_bytes(b""),
    "no tables": _new("PRAGMA user_version = 1"),
    "tables half made": _new("CREATE TABLE experiments (experiment_id INTEGER)", "CREATE TABLE runs (x)"),
    "stopped between migrations": _sql("DELETE FROM experiments", "DROP TABLE spans"),
    "no version": _sql("DELETE FROM experiments", "DELETE FROM alembic_version"),
    "damaged": _overwrite_pages,
    "cut off": _cut_off,
}
_NO_DATABASE: dict[str, Damage] = {
    "text": lambda file: file.write_text("not a database, and long enough not to pass for an empty one " * 20),
    "folder": _folder,
}
_OTHER_MLFLOW: dict[str, tuple[Damage, str]] = {
    "older": (_sql("DROP TABLE spans"), "mlflow db upgrade sqlite:///"),
    "newer": (_sql(f"UPDATE alembic_version SET version_num = '{_ANY_VERSION}'"), "install the MLflow that wrote it"),
    "unknown": (_sql("DROP TABLE alembic_version"), "install the MLflow that wrote it"),
}


@pytest.mark.parametrize("kind", _TORN)
def test_a_torn_file_is_reported(project: Project, kind: str) -> None:
    file = project.path / "mlflow.db"
    assert examine(file).state is DatabaseState.READY
    _TORN[kind](file)
    found = examine(file)
    assert found.state is DatabaseState.TORN, found
    assert "\n" not in found.why


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_TORN["tables half made"], marks=pytest.mark.whole_run),
        _NO_DATABASE["folder"],
    ],  # it waits for seconds
)
def test_what_is_no_whole_database_is_kept_aside_and_runs_are_recorded(
    project: Project, caplog: pytest.LogCaptureFixture, damage: Damage
) -> None:
    file = project.path / "mlflow.db"
    damage(file)
    before = file.read_bytes() if file.is_file() else None
    _record_a_run(project)

    (aside,) = [path for path in project.path.iterdir() if ".broken-" in path.name]
    assert list(project.path.glob(".mlflow.db.new-*")) == []
    if before is None:
        assert (aside / "something").exists()
    else:
        assert aside.read_bytes() == before
    (line,) = caplog.messages
    assert f"It was renamed to {aside.name}, and a new database is created" in line
    assert len(project.runs()) == 1


@pytest.mark.parametrize("kind", _OTHER_MLFLOW)
def test_a_database_of_another_mlflow_is_left_alone(project: Project, kind: str) -> None:
    file = project.path / "mlflow.db"
    damage, advice = _OTHER_MLFLOW[kind]
    damage(file)
    before = file.read_bytes()
    with pytest.raises(TrackingStoreError) as caught:
        Store.of(project.path).connect(BoundedCalls())

    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == before
    assert [path.name for path in project.path.iterdir() if "mlflow.db" in path.name] == ["mlflow.db"]


@pytest.mark.parametrize("kind", _NO_DATABASE)
def test_a_file_that_the_user_named_by_mistake_stays_where_it_is(
    project: Project, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    named = project.path / "notes.txt"
    named.touch()
    _NO_DATABASE[kind](named)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{named}")
    with pytest.raises(TrackingStoreError, match="can't be MLflow's database"):
        Store.of(project.path).connect(BoundedCalls())
    assert named.exists()


def test_another_programs_tables_are_no_torn_store(tmp_path: Path) -> None:
    file = tmp_path / "theirs.db"
    _sql("CREATE TABLE accounts (x)")(file)
    assert examine(file).state is DatabaseState.READY


@pytest.mark.whole_run  # it waits for seconds
def test_a_database_that_another_program_holds_costs_a_line_and_a_few_seconds(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = project.path / "mlflow.db"
    monkeypatch.chdir(project.path)
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        project.run(MlflowTracking(), small_pipeline())

    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.startswith("MLflow did not record this run in mlflow.db: OperationalError: database is locked. Next: ")
    assert [path.name for path in project.path.iterdir() if "mlflow.db" in path.name] == ["mlflow.db"]


def test_what_a_kill_left_next_to_a_missing_file_does_no_harm(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    project = make_project(tmp_path / "project", with_store=False)
    (project.path / ".mlflow.db.new-abc").touch()
    journal = project.path / "mlflow.db-journal"
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(504))  # as of a database that was deleted
    _record_a_run(project)

    assert len(project.runs()) == 1
    assert caplog.messages == []
    assert sorted(
        path.name.partition(".broken-")[0] for path in project.path.iterdir() if "mlflow.db" in path.name
    ) == [
        "mlflow.db",
        "mlflow.db-journal",
    ]


def test_a_link_to_another_disk_stays_one(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", with_store=False)
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir()
    (project.path / "mlflow.db").symlink_to(elsewhere / "runs.db")
    _record_a_run(project)

    assert (project.path / "mlflow.db").is_symlink()
    assert examine(elsewhere / "runs.db").state is DatabaseState.READY
    assert (project.path / "mlartifacts").exists()


def test_first_runs_at_once_make_one_store(tmp_path: Path) -> None:
    file, errors = tmp_path / "mlflow.db", list[BaseException]()

    def make() -> None:
        try:
            ensure_database(file, tmp_path / "locks", is_project_file=True)
        except BaseException as error:  # noqa: BLE001  shown below
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert examine(file).state is DatabaseState.READY
    assert sorted(path.name for path in tmp_path.iterdir()) == ["locks", "mlflow.db"]


def test_an_experiment_that_was_deleted_is_restored(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    _record_a_run(project)
    experiment = project.client().get_experiment_by_name("synthetic-textcat")
    assert experiment is not None
    project.client().delete_experiment(experiment.experiment_id)
    _record_a_run(project)

    assert len(project.runs()) == 2
    assert "was deleted; it is restored" in caplog.text


def _record_a_run(project: Project) -> None:
    with quiet():
        store = Store.of(project.path)
        client = store.connect(BoundedCalls())
        run = client.create_run(store.experiment_id(client))
        client.log_text(run.info.run_id, "text", "file.txt")
        client.set_terminated(run.info.run_id)
