"""`kedro run --pipelines publish`, as a process, against a hub on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from synthetic_textcat.datasets import FolderDataset
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from tests.pipelines.publish.builders import Export, export
from tests.support.hub import TOKEN, LoopbackHub
from tests.support.project import TRACKED, Project

_FOLDER = "data/05_model_input/export/huggingface"
_NOTE = "data/08_reporting/publication.json"
_PUBLISH = ("--pipelines", "publish", "--params")


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    with LoopbackHub() as running:
        yield running


def _write(project: Project, made: Export) -> None:
    """What an export leaves on disk."""
    for folder in (_FOLDER, "data/08_reporting"):
        project.path(folder).mkdir(parents=True, exist_ok=True)
    made.examples.to_parquet(project.path("data/05_model_input/examples.parquet"), index=False)
    for name, content in {"splits": made.split_report, "ledger": made.ledger, "concerns": made.concerns}.items():
        project.path(f"data/08_reporting/{name}.json").write_text(json.dumps(content), encoding="utf-8")
    FolderDataset(path=str(project.path(_FOLDER))).save(made.content)


def _files_with(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_a_push_is_told_made_and_recorded_and_the_token_is_nowhere(project: Project, hub: LoopbackHub) -> None:
    _write(project, export())
    done = project.run(*_PUBLISH, "publish.repository=reviews", **TRACKED, **hub.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stderr
    there = hub.repositories["somebody/reviews"]
    for name in ("README.md", "data/triplet-test.parquet"):
        assert there.files[name] == project.path(f"{_FOLDER}/{name}").read_bytes()
    assert there.messages == ["17 rows written by synthetic-textcat"]
    told = done.stdout
    assert told.index("in all    13 files") < told.index(f"published {hub.url}/datasets/somebody/reviews (private;")
    assert f"revision  {there.commits[-1]}\n" in told
    note = json.loads(project.path(_NOTE).read_text(encoding="utf-8"))
    assert note["revision"] == there.commits[-1]
    (run,) = project.mlflow_runs()
    assert run.info.status == "FINISHED"
    assert run.data.metrics["publish/rows"] == 17
    assert run.data.metrics["publish/bytes"] == sum(file["bytes"] for file in note["files"])
    assert run.data.tags["publication.repository"] == "somebody/reviews"
    assert run.data.tags["publication.revision"] == there.commits[-1]
    kept = {item.path for item in project.mlflow_client().list_artifacts(run.info.run_id)}
    assert {"publication.json", "publication_plan.json"} <= kept
    assert TOKEN not in done.stdout + done.stderr
    assert not _files_with(project.folder, TOKEN)
    assert {headers["user-agent"].partition("/")[0] for _, headers in hub.requests} >= {"synthetic-textcat"}
    assert not [agent for _, headers in hub.requests if "agent/" in (agent := headers["user-agent"])]


def test_a_dry_run_asks_the_hub_nothing_and_needs_no_token(project: Project, hub: LoopbackHub) -> None:
    _write(project, export(model_name=OFFLINE_MODEL))
    asked = "publish.repository=somebody/reviews,publish.dry_run=true"
    done = project.run(*_PUBLISH, f"{asked},publish.allow_template_data=true", HF_ENDPOINT=hub.url, HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"at        {hub.url}, private if it is new" in done.stdout
    assert "dry run   nothing was sent" in done.stdout
    assert not hub.requests
    assert not project.path(_NOTE).exists()
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.slow
def test_what_ends_a_push_is_one_line(project: Project, hub: LoopbackHub) -> None:
    asked = (*_PUBLISH, "publish.repository=somebody/reviews")

    def _line(**env: str) -> str:
        done = project.run(*asked, **{**hub.environment, **env})
        assert done.returncode == 1
        assert "Traceback" not in done.stdout + done.stderr
        assert TOKEN not in done.stdout + done.stderr
        (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
        return line

    assert f"{_FOLDER} is missing" in _line()
    _write(project, export(model_name=OFFLINE_MODEL))
    assert "rows written by templates" in _line()
    _write(project, export())
    assert "HF_HUB_OFFLINE is set" in _line(HF_HUB_OFFLINE="1")
    assert "HF_TOKEN is not set" in _line(HF_TOKEN="")
    assert not hub.requests
    hub.faults["POST /api/repos/create"] = (403, f"No rights with {TOKEN}")
    assert "(403: No rights with ***)" in _line()
    hub.faults.clear()
    assert "refuses the token in HF_TOKEN (401" in _line(HF_TOKEN="hf_another-token")
    assert not project.path(_NOTE).exists()
    assert not _files_with(project.folder, TOKEN)


@pytest.mark.slow
def test_what_generate_leaves_is_published_and_published_anew(project: Project, hub: LoopbackHub) -> None:
    asked = (*_PUBLISH, "publish.repository=somebody/reviews,publish.allow_template_data=true")
    project.generate("--params", "attribute_sampling.num_examples=60")
    done = project.run(*asked, **hub.environment)
    assert done.returncode == 0, done.stderr
    there = hub.repositories["somebody/reviews"]
    (project.path("there")).write_bytes(there.files["data/default-train.parquet"])
    train = pd.read_parquet(project.path("there"))
    assert set(train["model_name"]) == {OFFLINE_MODEL}
    splits = project.table("splits")
    assert train["request_id"].tolist() == splits.loc[splits["split"] == "train", "request_id"].tolist()

    one_split = {"train": 1.0, "validation": 0.0, "test": 0.0}
    project.parameters(export={"splits": one_split})
    assert project.run("--pipelines", "export").returncode == 0
    done = project.run(*asked, **hub.environment)
    assert done.returncode == 0, done.stderr
    assert "removed   data/default-test.parquet, of an earlier export" in done.stdout
    assert {name for name in there.files if "test" in name} == set()
    assert len(there.messages) == 2
