"""What the catalog names on S3 is there after a run, and nowhere else."""

import io
import re
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.support.project import TRACKED, Project
from tests.support.s3 import BUCKET, S3Server
from tests.support.server import FaultServer

_DATASETS = "synthetic_textcat.datasets"
_SIZE = ("--params", "attribute_sampling.num_examples=12")
_RUN = ("--env", "openai", *_SIZE)
_VERSION = r"\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d\.\d{3}Z"


def _entry(kind: str, name: str, marks: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    place = "path" if kind == "FolderDataset" else "filepath"
    metadata = {"metadata": {"mlflow": marks}} if marks else {}
    return {
        "type": f"{_DATASETS}.{kind}",
        place: f"s3://{BUCKET}/textcat/{name}",
        "credentials": "team_s3",
        **metadata,
        **more,
    }


def _catalog() -> dict[str, Any]:
    rounds = _entry("FileDataset", "rounds.json")
    return {
        "tasks_file": _entry("TasksFileDataset", "in/tasks.yml"),
        "closed_prompt": _entry("PromptDataset", "in/closed_labels.yml", {"prompt": True}),
        "rounds": {**rounds, "metadata": {"mlflow": {"artifact": "rebuild"}}},
        "previous_rounds": {"type": f"{_DATASETS}.OptionalDataset", "dataset": rounds},
        "examples": _entry("TableDataset", "examples.parquet", {"input": "training", "parent": True}, versioned=True),
        "ledger": _entry("FileDataset", "ledger.json", {"artifact": ""}),
        "quality_report": _entry("FileDataset", "quality_report.html", {"artifact": ""}, versioned=True),
        "yield_plot": _entry("FigureDataset", "plots/yield.json", {"artifact": "plots"}),
        "text_label": _entry("FolderDataset", "text_label"),
        "huggingface": _entry("FolderDataset", "huggingface", versioned=True),
    }


def _use_s3(project: Project, s3: S3Server, **credentials: Any) -> None:
    """Has `--env openai` read tasks and a prompt from the bucket, and write there."""
    for name, path in {"tasks.yml": "tasks.yml", "closed_labels.yml": "prompts/closed_labels.yml"}.items():
        s3.files.pipe_file(f"{BUCKET}/textcat/in/{name}", project.path(f"data/01_raw/{path}").read_bytes())
    project.path("conf/openai/catalog_s3.yml").write_text(yaml.safe_dump(_catalog()), encoding="utf-8")
    project.path("conf/openai/credentials.yml").write_text(
        yaml.safe_dump({"team_s3": {**s3.credentials, **credentials}}), encoding="utf-8"
    )


@pytest.mark.slow  # next to it: the bucket that is not there, and the datasets' own tests of fsspec
def test_a_run_reads_and_writes_there_and_says_so(
    project: Project, server: FaultServer, openai_env: dict[str, str], s3: S3Server
) -> None:
    _use_s3(project, s3)
    said = project.generate(*_RUN, **openai_env, **TRACKED)

    names = s3.names("textcat")
    [examples] = [name for name in names if name.endswith("examples.parquet")]
    assert re.fullmatch(f"textcat/examples.parquet/{_VERSION}/examples.parquet", examples)
    [report] = [name for name in names if name.endswith("quality_report.html")]
    assert f"dataset   s3://{BUCKET}/{examples}" in said
    assert f"report    s3://{BUCKET}/{report}" in said
    assert {"textcat/ledger.json", "textcat/rounds.json", "textcat/plots/yield.json"} <= {*names}
    assert "textcat/text_label/index.json" in names
    assert [name for name in names if re.fullmatch(f"textcat/huggingface/{_VERSION}/huggingface/README.md", name)]
    assert not [name for name in names if "/." in name]  # no probe, no marker
    rows = pd.read_parquet(io.BytesIO(s3.files.cat_file(f"{BUCKET}/{examples}")))
    assert len(rows) == 12

    assert not [path for path in project.folder.rglob("*") if ":" in path.name]
    assert not list(project.folder.glob("data/0*/**/examples.parquet"))
    assert not project.path("data/08_reporting/ledger.json").exists()

    [run] = project.mlflow_runs()
    kept = {item.path for item in project.mlflow_client().list_artifacts(run.info.run_id)}
    assert {"ledger.json", "quality_report.html"} <= kept
    prompts = project.mlflow_client().list_artifacts(run.info.run_id, "rebuild/prompts")
    assert "rebuild/prompts/closed_labels.yml" in {item.path for item in prompts}
    assert {"sha256.examples", "sha256.closed_prompt", "sha256.quality_report"} <= run.data.tags.keys()
    assert f"s3://{BUCKET}/{examples}" in run.data.tags["mlflow.note.content"]
    assert run.inputs is not None
    assert f"s3://{BUCKET}/{examples}" in " ".join(entry.dataset.source for entry in run.inputs.dataset_inputs)
    _assert_no_secret(project, s3, said)

    asked = server.stats()["requests"]
    again = project.generate(*_RUN, "--only-missing-outputs", **openai_env)
    assert "calls     0" in again
    assert server.stats()["requests"] == asked
    assert s3.names("textcat") == names

    pinned = ("--load-versions", f"examples:{examples.split('/')[-2]}")
    exported = project.run("--pipelines", "export", "--env", "openai", *pinned, **openai_env)
    assert exported.returncode == 0, exported.stderr
    assert len([name for name in s3.names("textcat/huggingface") if name.endswith("README.md")]) == 2


def test_a_bucket_that_is_not_there_ends_the_run_before_anything_is_asked(
    project: Project, server: FaultServer, openai_env: dict[str, str], s3: S3Server
) -> None:
    _use_s3(project, s3)
    text = project.path("conf/openai/catalog_s3.yml").read_text(encoding="utf-8")
    wrong = text.replace(f"s3://{BUCKET}/textcat/examples", "s3://no-such-bucket/textcat/examples")
    project.path("conf/openai/catalog_s3.yml").write_text(wrong, encoding="utf-8")
    done = project.run("--pipelines", "generate", *_RUN, **openai_env)
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert "Dataset 'examples': s3://no-such-bucket/textcat/examples.parquet can't be written: " in line
    assert "The specified bucket does not exist" in line
    assert "Traceback" not in done.stderr
    assert server.stats()["requests"] == 0
    _assert_no_secret(project, s3, done.stdout + done.stderr)


def _assert_no_secret(project: Project, s3: S3Server, said: str) -> None:
    for secret in (s3.credentials["key"], s3.credentials["secret"]):
        assert secret not in said
        holders = [
            path for path in project.folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
        ]
        assert [path.name for path in holders] == ["credentials.yml"]
