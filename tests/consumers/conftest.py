"""The export of the hard rows, made once by a real run, and values to hold against it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.consumers import hard_rows
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

    def task_ids(self) -> list[str]:
        """All tasks."""
        return sorted(self.examples["task_id"].unique())


def restored(cells: list[list[str]]) -> list[list[str]]:
    """CSV cells without the apostrophe before formulas, by the README next to the files."""
    return [[cell[1:] if _ESCAPED.match(cell) else cell for cell in row] for row in cells]


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The hard rows, exported by `kedro run --pipelines export`."""
    project = Project(tmp_path_factory.mktemp("hard"))
    hard_rows.write_tables(project)
    done = project.run("--pipelines", "export")
    assert done.returncode == 0, done.stdout + done.stderr
    return Exported(project)


@pytest.fixture
def consume(exported: Exported, tmp_path: Path) -> Callable[..., Any]:
    """Runs a script in a named environment, with the exported folder as its first argument."""

    def _run(environment: str, script: str, *arguments: object) -> Any:
        return run_in(environment, script, tmp_path, exported.folder, *arguments)

    return _run
