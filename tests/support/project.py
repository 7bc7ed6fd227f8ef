"""A user's copy of the project in a temporary folder, and the commands that a user types there."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities import Run

ROOT = Path(__file__).parents[2]


def python_path(root: Path) -> str:
    """The socket guard, and the package of a checkout: in a second worktree the installed one is another's."""
    return os.pathsep.join(map(str, (Path(__file__).parent / "loopback_only", root / "src")))


PYTHONPATH = python_path(ROOT)

_COPIED = ("pyproject.toml", ".telemetry", "constraints.txt")
KEDRO = str(Path(sys.executable).with_name("kedro"))
_TOO_LONG_S = 300  # seconds; a busy machine takes some three times as long as an idle one

TRACKED = {"TEXTCAT_TRACKING": "on"}
"""For a run whose MLflow record is looked at. The others do without: MLflow is a third of a run's start-up."""

UNTRACKED = {"TEXTCAT_TRACKING": "off"}

RUN_TABLES = ("examples", "rejected", "failed")

UP_TO_THE_PLAN = "task_ingest,attribute_sampling"
UP_TO_THE_CALLS = f"{UP_TO_THE_PLAN},generation"
UP_TO_THE_REPORT = f"{UP_TO_THE_CALLS},quality_report"
"""The stages that a test looks at: the report takes a third of a run of few rows, the export a fifth."""


def environment(**extra: str) -> dict[str, str]:
    """This process's environment, without the developer's keys, stores and threads, with sockets held to loopback."""
    foreign = ("OPENAI_", "MLFLOW_", "KEDRO_", "HF_", "OMP_", "OPENBLAS_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**own, "PYTHONPATH": PYTHONPATH, "NO_COLOR": "1", "COLUMNS": "80", **extra}


class Project:
    """The project as a user has it: conf, data/01_raw and settings; the package comes from the installation."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder = folder
        shutil.copytree(root / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
        shutil.copytree(root / "data" / "01_raw", folder / "data" / "01_raw")
        (folder / "conf" / "local").mkdir()
        (folder / "src").mkdir()
        for name in _COPIED:
            shutil.copy(root / name, folder / name)

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`kedro run` with these arguments, to its end."""
        return self.kedro("run", *arguments, **{**UNTRACKED, **env})

    def kedro(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """A `kedro` command, to its end."""
        return subprocess.run(
            [KEDRO, *arguments],
            cwd=self.folder,
            env=environment(**env),
            capture_output=True,
            text=True,
            timeout=_TOO_LONG_S,
            check=False,
        )

    def generate(self, *arguments: str, stages: str = "generate", **env: str) -> str:
        """`kedro run --pipelines generate`, or its first stages, which must end well; gives back what it printed."""
        done = self.run("--pipelines", stages, *arguments, **env)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not re.search(r"\w+Warning\b", done.stdout + done.stderr), done.stdout + done.stderr
        return done.stdout

    def start(self, *arguments: str, **env: str) -> "subprocess.Popen[str]":
        """`kedro run`, left running."""
        return subprocess.Popen(
            [KEDRO, "run", *arguments],
            cwd=self.folder,
            env=environment(**{**UNTRACKED, **env}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def parameters(self, **blocks: dict[str, Any]) -> None:
        """Writes `conf/local/parameters.yml`, which a user edits for what --params can't say."""
        self.path("conf/local/parameters.yml").write_text(yaml.safe_dump(blocks), encoding="utf-8")

    def tasks_file(self, filepath: str) -> None:
        """Writes `conf/local/catalog.yml`, where a user names a tasks file of their own."""
        entry = {"type": "synthetic_textcat.datasets.TasksFileDataset", "filepath": filepath}
        self.path("conf/local/catalog.yml").write_text(yaml.safe_dump({"tasks_file": entry}), encoding="utf-8")

    def one_retry(self, class_path: str) -> None:
        """Writes `conf/local/catalog_genai.yml`: this model class, asked once more where there is no reply."""
        entry = {
            "type": "synthetic_textcat.datasets.ChatModelDataset",
            "class_path": class_path,
            "kwargs": {"max_retries": 1},
        }
        self.path("conf/local/catalog_genai.yml").write_text(yaml.safe_dump({"llm": entry}), encoding="utf-8")

    def path(self, name: str) -> Path:
        """A file of the project."""
        return self.folder / name

    def table(self, name: str) -> "pd.DataFrame":
        """A Parquet table by the name it has in the catalog."""
        import pandas as pd  # here, since pytest's main process needs none

        return pd.read_parquet(next((self.folder / "data").glob(f"0*/{name}.parquet")))

    def ledger(self) -> dict[str, Any]:
        """`ledger.json`."""
        found: dict[str, Any] = json.loads(self.path("data/08_reporting/ledger.json").read_text(encoding="utf-8"))
        return found

    def metrics(self) -> dict[str, float | None]:
        """`metrics.json`."""
        found: dict[str, float | None] = json.loads(
            self.path("data/08_reporting/metrics.json").read_text(encoding="utf-8")
        )
        return found

    def quote(self) -> dict[str, Any]:
        """`quote.json`."""
        found: dict[str, Any] = json.loads(self.path("data/08_reporting/quote.json").read_text(encoding="utf-8"))
        return found

    def journal(self) -> list[dict[str, Any]]:
        """All whole lines of the journal."""
        path = self.path("data/03_primary/completions.jsonl")
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def mlflow_runs(self) -> "list[Run]":
        """The MLflow runs of the project, the newest first."""
        client = self.mlflow_client()
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        return list(client.search_runs(experiments))

    def wait_for_mlflow_run(self, status: str, within_s: float = 60.0) -> "Run":
        """The only run, once it has this status: of a run that ended in its first seconds MLflow hears afterwards."""
        end = time.monotonic() + within_s
        while self.run_statuses() != [status]:
            assert time.monotonic() < end, self.run_statuses()
            time.sleep(0.2)
        return self.mlflow_runs()[0]

    def run_statuses(self) -> list[str]:
        """Read without MLflow, which would make the tables where they are still missing."""
        if not self.path("mlflow.db").exists():
            return []
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(self.path("mlflow.db"))) as database:
            return [status for (status,) in database.execute("SELECT status FROM runs")]
        return []

    def mlflow_client(self) -> "MlflowClient":
        """A client of the project's own store."""
        from mlflow import MlflowClient  # seconds of import, in each process of the tests

        return MlflowClient(tracking_uri=f"sqlite:///{self.folder / 'mlflow.db'}")

    def counts(self) -> dict[str, int]:
        """Rows in the plan and in each table where a row can end."""
        return {name: len(self.table(name)) for name in ("requests", *RUN_TABLES)}

    def wait_for_journal(self, lines: int, within_s: float = 60.0) -> None:
        """Waits until the journal has at least so many lines."""
        end = time.monotonic() + within_s
        while len(self.journal()) < lines:
            assert time.monotonic() < end, "the journal does not grow"
            time.sleep(0.05)


def end(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[int, str]:
    """Sends a signal and waits; exit code and output."""
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    return process.returncode, output


def is_alive(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
