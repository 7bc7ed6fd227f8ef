"""What a user rehearses with the offline model before paying for a real one."""

import mlflow
import pytest
import yaml

from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from tests.support.project import TRACKED, UP_TO_THE_REPORT, Project


def test_a_yield_that_is_too_low_ends_in_an_error_with_everything_saved(project: Project) -> None:
    project.parameters(llm={"defects": {"refused": 0.8}}, generation={"retry": "show_reply"})

    done = project.run("--pipelines", "generate", "--params", "attribute_sampling.num_examples=60", **TRACKED)

    assert done.returncode == 1
    assert "quality_report.min_yield=0.5" in done.stderr
    assert "refused" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    counts = project.counts()
    assert counts["examples"] + counts["failed"] == 60
    assert project.path("data/08_reporting/quality_report.html").exists()
    assert project.path("data/05_model_input/export/triplets.parquet").exists()
    [run] = project.mlflow_runs()
    assert run.info.status == "FAILED"
    assert "min_yield" in run.data.tags["reason"]
    assert run.data.metrics["failed/refused"] == counts["failed"]


@pytest.mark.slow  # next to it: test_bill.py
def test_a_cap_in_usd_ends_an_offline_run_as_it_ends_a_real_one(project: Project) -> None:
    capped = "attribute_sampling.num_examples=200,generation.max_cost_usd=0.005,generation.max_concurrency=4"

    done = project.run("--pipelines", "generate", "--params", capped, **TRACKED)

    assert done.returncode == 0, done.stdout + done.stderr
    metrics, ledger = project.metrics(), project.ledger()
    spent = metrics["cost/usd_this_run"]
    assert spent is not None
    assert 0.005 <= spent < 0.006
    assert 0 < ledger["not_run"] < 200
    assert "stopped   by generation.max_cost_usd" in done.stdout
    assert "(made up)" in done.stdout
    report = project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    assert " (made up)</td>" in report
    [run] = project.mlflow_runs()
    assert run.info.status == "FINISHED"
    assert run.data.tags["stopped_by"] == "generation.max_cost_usd"
    assert run.data.metrics["cost/made_up"] == 1
    assert "(made up)" in run.data.tags["mlflow.note.content"]


@pytest.mark.slow
def test_runs_are_kept_where_mlflow_is_told_to(project: Project) -> None:
    store = f"sqlite:///{project.path('elsewhere.db')}"

    done = project.run("--pipelines", "task_ingest", **TRACKED, MLFLOW_TRACKING_URI=store)

    assert done.returncode == 0, done.stderr
    assert not project.path("mlflow.db").exists()
    client = mlflow.MlflowClient(tracking_uri=store)
    [run] = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    assert run.info.status == "FINISHED"


@pytest.mark.slow
def test_brainstormed_tasks_join_those_of_the_file_and_are_asked_for_once(project: Project) -> None:
    brainstorm = "task_ingest.num_brainstormed=5,task_ingest.brainstorm_round=2"
    params = ("--params", f"{brainstorm},attribute_sampling.num_examples=50")
    in_file = len(yaml.safe_load(project.path("data/01_raw/tasks.yml").read_text(encoding="utf-8")))

    first = project.generate(*params)

    tasks = project.table("tasks")
    assert (tasks["source"] == "file").sum() == in_file
    thought = tasks[tasks["source"] == "brainstorm"]
    assert len(thought) == 5
    assert set(thought["model_name"]) == {OFFLINE_MODEL}
    assert all(len(labels) == 0 for labels in thought["labels"])
    assert tasks["task_id"].is_unique
    assert "calls     52" in first
    journal = project.path("data/02_intermediate/brainstorm_completions.jsonl")
    assert len(journal.read_text(encoding="utf-8").splitlines()) == 2
    assert "calls     0" in project.generate(*params)


def test_a_csv_file_named_in_the_local_catalog_takes_the_place_of_the_tasks_file(project: Project) -> None:
    project.path("data/01_raw/mine.csv").write_text(
        "task,labels,weight\nSort a letter.,formal | NA,2\nName its topic.,,\n", encoding="utf-8"
    )
    project.tasks_file("data/01_raw/mine.csv")

    done = project.run("--pipelines", "task_ingest")

    assert done.returncode == 0, done.stderr
    tasks = project.table("tasks")
    assert list(tasks["task"]) == ["Sort a letter.", "Name its topic."]
    assert [[label["name"] for label in labels] for labels in tasks["labels"]] == [["formal", "NA"], []]
    assert list(tasks["weight"]) == [2.0, 1.0]


def test_a_task_of_the_users_own_is_written_for_and_said_to_be_a_placeholder(project: Project) -> None:
    own = [{"task": "Sort a knitting pattern by the garment.", "labels": ["scarf", "mitten", "hat"]}]
    project.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump(own), encoding="utf-8")

    project.generate("--params", "attribute_sampling.num_examples=30", stages=UP_TO_THE_REPORT)

    examples = project.table("examples")
    assert len(examples) == 30
    assert (
        examples["input_text"]
        .str.contains("placeholder|made by a program|no model|real model|no language model|no grammar", case=False)
        .all()
    )
    assert set(examples["label"]) == {"scarf", "mitten", "hat"}


@pytest.mark.slow
def test_a_template_of_the_users_own_is_understood(project: Project) -> None:
    template = {
        "messages": [
            {
                "role": "user",
                "content": "{language}, {num_words}, {clarity}, {difficulty}. Not {misleading_label} but {label}!\n"
                "Of\n{labels}\nJob: {task}",
            }
        ]
    }
    path = project.path("data/01_raw/prompts/closed_labels.yml")
    path.write_text(yaml.safe_dump(template, sort_keys=False), encoding="utf-8")

    project.generate("--params", "attribute_sampling.num_examples=60", stages=UP_TO_THE_REPORT)

    ledger = project.ledger()
    assert ledger["accepted"] >= 55, ledger
