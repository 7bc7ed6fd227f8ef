"""An earlier run by its id or name, and what is said where it or its files can't be had."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from synthetic_textcat.errors import EarlierRunError
from synthetic_textcat.hooks.tracking.run_artifacts import EarlierRun, load_earlier_run
from tests.hooks.tracking.project import Project, make_project

Maker = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


@pytest.fixture
def make_run(project: Project) -> Maker:
    """Makes a run of this name, with these files under `rebuild/`; gives back its id."""
    client = project.client()
    location = (project.path / "mlartifacts").as_uri()

    def make(name: str, files: dict[str, str], experiment: str = "synthetic-textcat", **tags: str) -> str:
        found = client.get_experiment_by_name(experiment)
        experiment_id = found.experiment_id if found else client.create_experiment(experiment, location)
        run_id: str = client.create_run(experiment_id, run_name=name, tags=tags).info.run_id
        for path, text in files.items():
            client.log_text(run_id, text, f"rebuild/{path}")
        return run_id

    return make


def _complaint(project: Project, asked: str, use: Callable[[EarlierRun], object] = lambda run: run) -> str:
    with pytest.raises(EarlierRunError) as caught:
        use(load_earlier_run(project.path, asked))
    line = str(caught.value)
    assert "\n" not in line
    assert "Next: " in line
    return line


def test_a_run_is_had_by_id_or_name_also_from_another_experiment(project: Project, make_run: Maker) -> None:
    sha256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"  # of `foo`
    files = {"parameters.yml": "seed: 7", "prompts/a.yml": "bar", "prompts/b.yml": "foo"}
    tags = {"sha256.row_prompt": sha256, "plan_sha256": "abc"}
    first = make_run('it\'s "mine"', files, **tags)
    other = make_run("theirs", files, experiment="other")

    by_id, by_name = load_earlier_run(project.path, first), load_earlier_run(project.path, 'it\'s "mine"')

    assert by_id.run_id == by_name.run_id == first
    assert by_id.tags["plan_sha256"] == "abc"
    assert by_id.parameters() == {"seed": 7}
    assert by_name.file_of("row_prompt").read_text() == "foo"
    assert load_earlier_run(project.path, other).name == "theirs"
    assert "no run of the experiment synthetic-textcat" in _complaint(project, "theirs")


def test_what_is_unknown_ambiguous_or_deleted_is_reported(project: Project, make_run: Maker) -> None:
    twins = {make_run("twin", {}), make_run("twin", {})}
    gone = make_run("gone", {})
    project.client().delete_run(gone)

    assert "did you mean twin?" in _complaint(project, "twn")
    assert "has this id or name" in _complaint(project, "0" * 32)
    named = _complaint(project, "twin")
    assert "2 runs have this name" in named
    assert set(re.findall(r"[0-9a-f]{32}", named)) == twins
    for asked in (gone, "gone"):
        assert f"this run is deleted. Next: restore it with `mlflow runs restore --run-id {gone}`" in _complaint(
            project, asked
        )


def test_a_file_that_was_not_kept_is_named_with_what_the_run_was(project: Project, make_run: Maker) -> None:
    asked = make_run("half", {"parameters.yml": "- no mapping"}, pipeline="quote", **{"sha256.row_prompt": "1" * 64})
    empty = make_run("empty", {})

    said = _complaint(project, asked, lambda run: run.file("tasks.parquet"))
    assert said.startswith("Run half has no rebuild/tasks.parquet: it is a run of quote with status RUNNING.")
    assert "no file of the dataset 'row_prompt'" in _complaint(project, asked, lambda run: run.file_of("row_prompt"))
    assert "no file of the dataset 'other'" in _complaint(project, asked, lambda run: run.file_of("other"))
    assert "no mapping in rebuild/parameters.yml" in _complaint(project, asked, lambda run: run.parameters())
    assert "has no rebuild/parameters.yml" in _complaint(project, empty, lambda run: run.parameters())


def test_a_store_that_is_missing_or_broken_is_reported_and_none_is_made(tmp_path: Path, project: Project) -> None:
    bare = make_project(tmp_path / "bare", with_store=False)
    assert "there are no runs in sqlite:" in _complaint(bare, "x")
    assert not (bare.path / "mlflow.db").exists()

    (project.path / "mlflow.db").write_text("not a database, and long enough not to pass for an empty one " * 20)
    assert "can't be read" in _complaint(project, "x")
