"""A small real Kedro project, run with the hook in this process or by the `kedro` command."""

import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from kedro.config import OmegaConfigLoader
from kedro.framework.context import KedroContext
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner

from synthetic_textcat.hooks.tracking import MlflowTracking
from synthetic_textcat.hooks.tracking.database_file import empty_database
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PARAMETERS = {
    "seed": 42,
    "llm": {"model": OFFLINE_MODEL, "temperature": 1.0, "max_tokens": None, "defects": {"refused": 0.01}},
    "attribute_sampling": {"num_examples": 200, "language": {"English": 3, "Welsh": 1}},
    "export": {},
    "fail": False,
}
PROMPT = """\
messages:
  - role: system
    content: "Write {{one}} text in {language}."
  - [human, "{task}"]
"""


def _catalog() -> dict[str, Any]:
    def entry(kind: str, path: str, marks: dict[str, Any] | None = None) -> dict[str, Any]:
        metadata = {"metadata": {"mlflow": marks}} if marks else {}
        return {"type": kind, "filepath": f"data/{path}", **metadata}

    return {
        "row_prompt": entry("yaml.YAMLDataset", "prompts/row.yml", {"prompt": True}),
        "tasks": entry("pandas.ParquetDataset", "tasks.parquet", {"input": "tasks", "artifact": "rebuild"}),
        "plan_sha256": entry("text.TextDataset", "plan_sha256.txt", {"tag": "plan_sha256", "artifact": "rebuild"}),
        "metrics": entry("json.JSONDataset", "metrics.json", {"metrics": True}),
        "report": entry("text.TextDataset", "report.html", {"artifact": ""}),
        "unmarked": entry("text.TextDataset", "unmarked.txt"),
    }


@dataclass(frozen=True)
class Project:
    """A project's folder, with conf, data and source; its MLflow database is there already, empty."""

    path: Path

    def client(self) -> "MlflowClient":
        """A client of the project's own store."""
        return client_of(f"sqlite:///{self.path}/mlflow.db")

    def runs(self) -> "list[Run]":
        """The runs of the project's own store, oldest first."""
        client = self.client()
        experiment = client.get_experiment_by_name("synthetic-textcat")
        assert experiment is not None
        found: list[Run] = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
        return found

    def files(self, run: "Run") -> dict[str, bytes]:
        """All artifacts of a run: path -> bytes."""
        root = self.path / "mlartifacts" / run.info.run_id / "artifacts"
        return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}

    def parameters(self, **changes: Any) -> None:
        """Writes the parameters file: the usual ones with these changes."""
        (self.path / "conf/base/parameters.yml").write_text(yaml.safe_dump(PARAMETERS | changes))

    def run(self, hook: MlflowTracking, pipeline: Pipeline, names: list[str] | None = None) -> None:
        """What `KedroSession.run` does, with Kedro's own context, catalog, runner and hook manager."""
        manager = _create_hook_manager()
        manager.register(hook)
        loader = OmegaConfigLoader(str(self.path / "conf"), base_env="base", default_run_env="base")
        context = KedroContext(
            project_path=self.path, config_loader=loader, env=None, package_name="small", hook_manager=manager
        )
        manager.hook.after_context_created(context=context)
        catalog = context.catalog
        arguments = {"run_params": {"pipeline_names": names}, "pipeline": pipeline, "catalog": catalog}
        manager.hook.before_pipeline_run(**arguments)
        try:
            result = SequentialRunner().run(pipeline, catalog, manager)
        except Exception as error:
            manager.hook.on_pipeline_error(error=error, **arguments)
            raise
        manager.hook.after_pipeline_run(run_result=result, **arguments)

    def kedro(self, *arguments: str) -> "subprocess.Popen[str]":
        """The `kedro` command in the project, with warnings as errors wherever the hook is at work."""
        return subprocess.Popen(
            [sys.executable, "-m", "kedro", *arguments],
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def import_mlflow() -> None:
    """Imports MLflow with its store, which warns when it is first imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.store.tracking.sqlalchemy_store  # noqa: F401


def client_of(uri: str) -> "MlflowClient":
    """A client of a store."""
    import_mlflow()  # here, since most processes of a test run need none
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def make_project(path: Path, *, with_store: bool = True) -> Project:
    """Writes the project; with an empty MLflow database, which takes a second to make, unless asked not to."""
    source = path / "src" / "small"
    for folder in (path / "conf/base", path / "conf/local", path / "data/prompts", source):
        folder.mkdir(parents=True)
    project = Project(path)
    project.parameters()
    (path / "conf/base/catalog.yml").write_text(yaml.safe_dump(_catalog()))
    (path / "data/prompts/row.yml").write_text(PROMPT)
    (path / "constraints.txt").write_text("kedro==1.7.0\n")
    (path / ".telemetry").write_text("consent: false\n")
    (path / "pyproject.toml").write_text(
        '[tool.kedro]\npackage_name = "small"\nproject_name = "small"\nkedro_init_version = "1.7.0"\n'
    )
    (source / "__init__.py").write_text("")
    (source / "settings.py").write_text(
        "from synthetic_textcat.hooks.tracking import MlflowTracking\nHOOKS = (MlflowTracking(),)\n"
    )
    (source / "pipeline_registry.py").write_text(
        "from tests.hooks.tracking.pipelines import small_pipeline\n\n\n"
        "def register_pipelines():\n    return {'__default__': small_pipeline()}\n"
    )
    if with_store:
        import_mlflow()
        (path / "mlflow.db").write_bytes(empty_database())
    return project
