"""The export of the hard rows, made once by a real run, and values to hold against it."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.schemas.tasks import Task
from tests.consumers import hard_label_sets, hard_rows
from tests.consumers.environments import run_in
from tests.support.project import Project

_ESCAPED = re.compile(r"^'+[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001  as the README next to the CSV files says


class Exported:
    """The exported folder, and the rows as `examples.parquet` has them."""

    def __init__(self, project: Project) -> None:
        self.folder = project.path("data/05_model_input/export")
        self.examples = pd.read_parquet(project.path("data/05_model_input/examples.parquet"))
        self.splits = pd.read_parquet(project.path("data/05_model_input/splits.parquet"))

    def of(self, task_id: str | None = None, split: str | None = None) -> pd.DataFrame:
        """The examples of a task and split, in their order."""
        kept = pd.Series(True, index=self.examples.index)
        if task_id is not None:
            kept &= self.examples["task_id"] == task_id
        if split is not None:
            kept &= self.splits["split"] == split
        return self.examples[kept]

    def pairs(self, task_id: str | None = None, split: str | None = None) -> list[list[Any]]:
        """Text and label of each."""
        return self.of(task_id, split)[["input_text", "label"]].to_numpy().tolist()

    def sets(self, task_id: str | None = None, split: str | None = None) -> list[list[Any]]:
        """Text and list of labels of each."""
        rows = self.of(task_id, split)
        return [[text, [*labels]] for text, labels in zip(rows["input_text"], rows["labels"], strict=True)]

    def task_ids(self) -> list[str]:
        """All tasks."""
        return sorted(self.examples["task_id"].unique())


def restored(cells: list[list[str]]) -> list[list[str]]:
    """CSV cells without the apostrophe before formulas, by the README next to the files."""
    return [[cell[1:] if _ESCAPED.match(cell) else cell for cell in row] for row in cells]


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The hard rows, exported by `kedro run --pipelines export`."""
    planned, rows = hard_rows.examples(), hard_rows.hard_examples()
    return _exported(tmp_path_factory.mktemp("hard"), rows, planned, hard_rows.TASKS)


@pytest.fixture(scope="session")
def exported_sets(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Hard rows with several labels a text, and some with one, exported in the same way."""
    rows = hard_label_sets.examples()
    return _exported(tmp_path_factory.mktemp("sets"), rows, rows, hard_label_sets.TASKS)


def _exported(folder: Path, rows: pd.DataFrame, planned: pd.DataFrame, tasks: Sequence[Task]) -> Exported:
    project = Project(folder)
    hard_rows.write_tables(project, rows, planned, tasks)
    done = project.run("--pipelines", "export")
    assert done.returncode == 0, done.stdout + done.stderr
    return Exported(project)


@pytest.fixture
def consume(exported: Exported, tmp_path: Path) -> Callable[..., Any]:
    """Runs a script in a named environment, with the exported folder as its first argument."""

    def _run(environment: str, script: str, *arguments: object) -> Any:
        return run_in(environment, script, tmp_path, exported.folder, *arguments)

    return _run


@pytest.fixture
def consume_sets(exported_sets: Exported, tmp_path: Path) -> Callable[..., Any]:
    """The same, with the folder of `exported_sets`."""

    def _run(environment: str, script: str, *arguments: object) -> Any:
        return run_in(environment, script, tmp_path, exported_sets.folder, *arguments)

    return _run
