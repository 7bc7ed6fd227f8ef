"""Git ignores each file that holds texts of the user's or of a run, and none that comes with the project."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.test_catalog import resolved_entries

_ROOT = Path(__file__).parents[1]
_SHIPPED = {"tasks_file", "domains", "prices"}
"""Entries whose file comes with the project, beside the prompts: templates and made-up tasks."""

_COMMITTED = {"confusable_file": "data/01_raw/confusable.yml"}
"""Entries whose file the user writes and commits: names of labels, and no texts."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty repository with the project's `.gitignore`."""
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    shutil.copy(_ROOT / ".gitignore", folder)
    return folder


def _ignored(repository: Path, paths: set[str]) -> set[str]:
    asked = "\0".join(sorted(paths))
    command = ["git", "-C", str(repository), "check-ignore", "-z", "--stdin"]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    assert not done.stderr
    return set(filter(None, done.stdout.split("\0")))


def _places() -> tuple[set[str], set[str]]:
    """Files of the catalog: those that come with the project, and the others."""
    shipped: set[str] = set()
    own: set[str] = set()
    for name, entry in resolved_entries().items():
        if name in _COMMITTED:
            continue
        inner = entry.get("dataset", entry)
        inner = entry if isinstance(inner, str) else inner  # a partitioned dataset names the class of its files
        place = inner.get("filepath") or (f"{inner['path']}/any.parquet" if "path" in inner else None)
        if place is not None:
            is_shipped = name in _SHIPPED or name.endswith("_prompt")
            (shipped if is_shipped else own).add(place)
    return shipped, own


def test_each_dataset_with_texts_of_the_users_or_of_a_run_is_ignored(repository: Path) -> None:
    _, own = _places()

    assert {"data/01_raw/evaluation_set.csv", "data/01_raw/reference.csv"} <= own
    assert own - _ignored(repository, own) == set()


def test_none_that_comes_with_the_project_is_ignored(repository: Path) -> None:
    shipped, _ = _places()
    kept = {f"data/{folder.name}/.gitkeep" for folder in (_ROOT / "data").iterdir()} | {"conf/local/.gitkeep"}

    assert all((_ROOT / place).is_file() for place in shipped)
    assert _ignored(repository, shipped | kept | {*_COMMITTED.values()}) == set()


@pytest.mark.parametrize(
    "place",
    [
        "data/01_raw/label_sample.csv",  # and whatever a user names a table
        "data/01_raw/customers/may.parquet",
        "data/09_of_mine/rows.csv",
        "data/notes.xlsx",
        "data/01_raw/prompts/customers.csv",
        "conf/local/parameters.yml",
        "conf/local/mine/catalog.yml",
        "conf/openai/credentials.yml",
        "mlflow.db-wal",
        "build/api/main",
    ],
)
def test_any_other_place_of_a_users_own_is_ignored(repository: Path, place: str) -> None:
    assert _ignored(repository, {place}) == {place}
