"""A run from what MLflow keeps of an earlier one, after everything in the project has changed."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from synthetic_textcat.schemas.rows import PLAN_VERSION
from tests.support.project import TRACKED, UNTRACKED, Project, environment
from tests.support.server import FaultServer

_THEN: dict[str, dict[str, Any]] = {
    "attribute_sampling": {
        "num_examples": 24,
        "language": {"English": 3, "Swahili": 1},
        "extra": {"tone": ["dry"]},
        "misleading_label": "similar",
    },
    "task_ingest": {"num_brainstormed": 4, "tasks_per_call": 2, "brainstorm_round": 2, "label_sets": "propose"},
    "quality_report": {"min_yield": 0},  # another than the default, which is to come back
}
_NOW: dict[str, dict[str, Any]] = {
    "attribute_sampling": {"num_examples": 9, "language": {"German": 1}, "extra": {"mood": ["calm"]}}
}


@pytest.mark.slow
def test_all_of_a_run_comes_back_from_mlflow(project: Project) -> None:
    project.parameters(**_THEN)
    _edit_prompt(project)
    _confuse_labels(project, "Sport", "Politics")
    project.generate("--params", "seed=7", **TRACKED)
    [first] = project.mlflow_runs()
    tasks, plan, prompts = project.table("tasks"), project.table("requests"), _prompts(project)
    _change_everything(project)
    files = _inputs(project)

    output = project.generate("--params", f"from_run={first.info.run_id}", **TRACKED)

    assert "calls     0" in output
    assert re.search(r"The plan is that of run\s", output)
    pd.testing.assert_frame_equal(project.table("requests"), plan)
    pd.testing.assert_frame_equal(project.table("tasks"), tasks)
    assert list(tasks["source"][-4:]) == ["brainstorm"] * 4
    assert '"confusable":{"Sport":["Politics"]}' in tasks["attributes"][0]
    second = next(run for run in project.mlflow_runs() if run.info.run_id != first.info.run_id)
    assert second.data.tags["plan_sha256"] == first.data.tags["plan_sha256"]
    assert second.data.tags["rebuilt_from"] == first.info.run_id
    assert "rebuilt_from" not in first.data.tags
    assert second.data.params == first.data.params | {"from_run": first.info.run_id}
    told = {name for name in first.data.tags if name.startswith(("prompt.", "sha256."))}
    told.remove("sha256.quality_report")  # it shows how long the calls of each run took
    assert len(told) > len(prompts)
    assert {name: second.data.tags[name] for name in told} == {name: first.data.tags[name] for name in told}
    client = project.mlflow_client()
    kept = Path(client.download_artifacts(second.info.run_id, "rebuild", str(project.folder)))
    assert {path.name: path.read_bytes() for path in (kept / "prompts").iterdir()} == prompts
    assert _inputs(project) == files  # the project's own stay as they are

    project.path("data/03_primary/requests.parquet").unlink()
    _in_a_session(project, first.info.run_id)
    pd.testing.assert_frame_equal(project.table("requests"), plan)
    folder = f"data/02_intermediate/from_run/{first.info.run_id}/conf"
    project.path("mlflow.db").rename(project.path("elsewhere.db"))
    preview = project.run("--pipelines", "preview", "--conf-source", folder)
    assert preview.returncode == 0, preview.stderr
    assert "of 24 planned rows" in preview.stdout
    assert "Tell of a situation" in project.path("data/03_primary/prompt_preview.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_is_typed_wins_and_each_pipeline_can_be_rebuilt(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    project.parameters(**_THEN)
    project.generate(**TRACKED)
    [first] = project.mlflow_runs()
    plan, name = project.table("requests"), str(first.info.run_name)
    _change_everything(project)
    project.path("data/03_primary/requests.parquet").unlink()
    project.path("data/02_intermediate/tasks.parquet").unlink()

    other = project.run("--pipelines", "attribute_sampling", "--params", f"from_run={name},seed=1")
    assert other.returncode == 0, other.stderr
    assert "as asked for: seed=1" in " ".join(other.stdout.split())
    assert set(project.table("requests")["tone"]) == {"dry"}
    assert not set(project.table("requests")["request_id"]) & set(plan["request_id"])

    stale = project.run("--pipelines", "generation", "--params", f"from_run={name}")
    assert stale.returncode == 1
    assert "requests.parquet holds another. Next: run attribute_sampling with the same from_run first" in stale.stderr

    again = project.run("--pipelines", "attribute_sampling", "--params", f"from_run={name}")
    assert again.returncode == 0, again.stderr
    pd.testing.assert_frame_equal(project.table("requests"), plan)
    for pipeline in ("generation", "quote"):
        done = project.run("--pipelines", pipeline, "--params", f"from_run={name}")
        assert done.returncode == 0, done.stderr
        assert "calls     0" in done.stdout
    preview = project.run("--pipelines", "preview", "--params", f"from_run={name}")
    assert preview.returncode == 0, preview.stderr
    assert "of 24 planned rows" in preview.stdout
    assert "Be brief" not in preview.stdout

    asked = f"from_run={name},llm.model=gpt-4o-mini"
    output = project.generate("--env", "openai", "--params", asked, **openai_env)
    said = " ".join(output.split())
    assert "model offline-template-v1 (now gpt-4o-mini); --env local (now openai)" in said
    assert server.stats()["requests"] == 24  # the rows, and no task
    pd.testing.assert_frame_equal(project.table("requests"), plan)


@pytest.mark.slow
def test_what_can_not_be_had_is_told_in_one_line_before_any_call(project: Project) -> None:
    size = "attribute_sampling.num_examples=12"
    project.generate("--params", size, **TRACKED)
    [run] = project.mlflow_runs()
    client, kept = project.mlflow_client(), project.path("mlartifacts") / run.info.run_id / "artifacts" / "rebuild"

    client.set_tag(run.info.run_id, "plan_sha256", "0" * 64)
    before = project.path("data/03_primary/requests.parquet").read_bytes()
    said = _refusal(project, run.info.run_id)
    assert "is not that of run" in said
    assert "the code that plans has changed since" in said
    client.delete_tag(run.info.run_id, "plan_version")  # as of a run before plans had versions
    said = " ".join(_refusal(project, run.info.run_id).split())
    assert f"drawn by version 1 of the plan's rules, and this code draws by version {PLAN_VERSION}" in said
    assert project.path("data/03_primary/requests.parquet").read_bytes() == before

    (kept / "tasks.parquet").unlink()
    assert "has no rebuild/tasks.parquet: it is a run of generate with status FINISHED" in _refusal(
        project, run.info.run_id
    )

    parameters = yaml.safe_load((kept / "parameters.yml").read_text(encoding="utf-8"))
    parameters["generation"]["gone"] = 1
    (kept / "parameters.yml").write_text(yaml.safe_dump(parameters), encoding="utf-8")
    said = _refusal(project, run.info.run_id)
    assert "does not take: Unknown parameter generation.gone" in said
    assert "no run of the experiment" in _refusal(project, "another")
    assert len(project.journal()) == 12


def _in_a_session(project: Project, from_run: str) -> None:
    """Plans as a notebook does, which runs no command."""
    code = f"""
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
bootstrap_project({str(project.folder)!r})
with KedroSession.create({str(project.folder)!r}, runtime_params={{"from_run": {from_run!r}}}) as session:
    session.run(pipeline_names=["attribute_sampling"])
"""
    env = environment(**UNTRACKED)
    subprocess.run([sys.executable, "-c", code], cwd=project.folder.parent, env=env, check=True)


def _refusal(project: Project, from_run: str) -> str:
    done = project.run("--pipelines", "generate", "--params", f"from_run={from_run},attribute_sampling.num_examples=12")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr


def _edit_prompt(project: Project) -> None:
    path = project.path("data/01_raw/prompts/open_labels.yml")
    path.write_text(path.read_text(encoding="utf-8").replace("Tell of one", "Tell of a"), encoding="utf-8")


def _confuse_labels(project: Project, *labels: str) -> None:
    confusable = {"Sort a news story by its topic.": {labels[0]: list(labels[1:])}}
    project.path("data/01_raw/confusable.yml").write_text(yaml.safe_dump(confusable), encoding="utf-8")


def _change_everything(project: Project) -> None:
    project.parameters(**_NOW)
    _confuse_labels(project, "Gossip", "none")  # labels that no task has
    for path in project.path("data/01_raw/prompts").iterdir():
        path.write_text("Be brief {", encoding="utf-8")  # no prompt at all
    project.path("data/01_raw/tasks.yml").write_text("- Sort a letter.\n", encoding="utf-8")
    project.path("data/01_raw/domains.yml").write_text("no list\n", encoding="utf-8")


def _prompts(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in project.path("data/01_raw/prompts").iterdir()}


def _inputs(project: Project) -> dict[Path, bytes]:
    folders = (project.path("data/01_raw"), project.path("conf"))
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
