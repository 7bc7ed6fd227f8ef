"""The default run, as a newcomer makes it: no key, no network, no arguments."""

import json
from collections.abc import Iterator

import pandas as pd
import pytest
import yaml

from synthetic_textcat.datasets.previews import ABSENT
from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.rows import EXAMPLES, FAILED, PLAN_VERSION, REJECTED, REQUESTS
from tests.support.project import TRACKED, Project
from tests.support.strict_json import strictly_parsed


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    project = Project(tmp_path_factory.mktemp("newcomer"))
    return project, project.generate(**TRACKED)


def test_it_ends_by_saying_what_came_of_it(first_run: tuple[Project, str]) -> None:
    project, output = first_run
    ledger = project.ledger()

    assert ledger["planned"] == 200
    assert ledger["accepted"] >= 150
    assert f"accepted  {ledger['accepted']}" in output
    for words in (
        "planned   200",
        "calls     200",
        "examples.parquet",
        "quality_report.html",
        "make mlflow",
        "make viz",
    ):
        assert words in output
    assert BANNER in " ".join(output.split())


def test_the_tables_have_their_columns_and_add_up(first_run: tuple[Project, str]) -> None:
    project, _ = first_run
    columns = {"requests": REQUESTS, "examples": EXAMPLES, "rejected": REJECTED, "failed": FAILED}

    for name, expected in columns.items():
        assert list(project.table(name).columns) == list(expected)
    counts = project.counts()
    assert counts["examples"] + counts["rejected"] + counts["failed"] + project.ledger()["not_run"] == 200
    outcomes = project.table("outcomes")
    assert list(outcomes["request_id"]) == list(project.table("requests")["request_id"])
    assert (outcomes["outcome"] == "accepted").sum() == counts["examples"]


def test_mlflow_has_the_ledger_the_parameters_and_what_rebuilds_the_run(first_run: tuple[Project, str]) -> None:
    project, _ = first_run
    [run] = project.mlflow_runs()
    ledger, metrics = project.ledger(), run.data.metrics

    assert run.info.status == "FINISHED"
    assert run.info.run_name is not None
    card = project.path("data/05_model_input/export/huggingface/README.md").read_text(encoding="utf-8")
    version = run.data.tags["prompt.closed_prompt"].rpartition("/")[2]
    assert f"| closed_prompt | {version} | `" in card
    assert OFFLINE_MODEL in run.info.run_name
    assert metrics["rows/planned"] == 200
    assert metrics["rows/accepted"] == ledger["accepted"]
    assert metrics["rows/not_run"] == ledger["not_run"]
    assert metrics["tokens/all"] > 0
    ended = metrics["rows/accepted"] + metrics["rows/rejected"] + metrics["rows/failed"] + metrics["rows/not_run"]
    assert ended == 200
    assert run.data.params["attribute_sampling.num_examples"] == "200"
    assert run.data.params["llm.temperature"] == "1.0"
    assert run.data.params["seed"] == "42"
    assert run.data.tags["plan_version"] == str(PLAN_VERSION)
    assert run.data.tags["plan_sha256"] == project.path("data/03_primary/plan_sha256").read_text().strip()
    assert run.inputs is not None
    assert {entry.dataset.name for entry in run.inputs.dataset_inputs} == {"tasks", "requests", "examples"}
    artifacts = set(_files(project, run.info.run_id))
    prompts = {f"rebuild/prompts/{path.name}" for path in project.path("data/01_raw/prompts").glob("*.yml")}
    assert artifacts >= {
        *("quality_report.html", "outcomes.parquet"),
        *("rebuild/parameters.yml", "rebuild/tasks.parquet", "rebuild/constraints.txt", "rebuild/plan_sha256"),
        *prompts,
    }


def test_the_report_the_card_and_the_rows_say_who_wrote_the_text(first_run: tuple[Project, str]) -> None:
    project, _ = first_run
    report = project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    card = project.path("data/05_model_input/export/huggingface/README.md").read_text(encoding="utf-8")

    assert BANNER in report
    assert BANNER in card
    assert set(project.table("examples")["model_name"]) == {OFFLINE_MODEL}
    assert yaml.safe_load(card.split("---")[1])["annotations_creators"] == ["machine-generated"]


def test_kedro_viz_shows_layers_and_previews(first_run: tuple[Project, str]) -> None:
    project, _ = first_run
    done = project.kedro("viz", "build", "--include-previews")
    assert done.returncode == 0, done.stdout + done.stderr

    graph = json.loads(project.path("build/api/main").read_text(encoding="utf-8"))

    pipelines = {pipeline["id"] for pipeline in graph["pipelines"]}
    assert pipelines >= {"task_ingest", "attribute_sampling", "generation", "quality_report", "export", "generate"}
    assert {"raw", "intermediate", "primary", "feature", "model input", "reporting"} <= set(graph["layers"])
    files = {
        node["id"]: node["name"] for node in graph["nodes"] if "memory" not in (node.get("dataset_type") or "memory")
    }
    previews = {
        name: json.loads(project.path(f"build/api/nodes/{key}").read_text(encoding="utf-8")).get("preview")
        for key, name in files.items()
    }
    assert len(files) > 50
    assert {name for name, preview in previews.items() if not preview} == set()
    absent = {name for name, preview in previews.items() if ABSENT in json.dumps(preview)}
    by_hand = {"label_accuracy", "previous_label_sample_design"}
    assert absent == {"confusable_file", "reference_texts", "evaluation_set"} | by_hand


def test_the_report_is_one_file_that_asks_for_nothing(first_run: tuple[Project, str]) -> None:
    project, _ = first_run
    report = project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")

    assert "http://" not in report
    assert "https://" not in report
    assert report.count("<script") == 1  # the page's own


def test_every_json_file_can_be_read_by_any_program(first_run: tuple[Project, str]) -> None:
    files = sorted(first_run[0].path("data").rglob("*.json"))
    assert {"metrics", "ledger", "fidelity", "readability"} <= {file.stem for file in files}
    for file in files:
        strictly_parsed(file)


def test_the_triplets_have_the_three_columns_and_no_other(first_run: tuple[Project, str]) -> None:
    project, _ = first_run
    triplets = pd.read_parquet(project.path("data/05_model_input/export/triplets.parquet"))

    assert list(triplets.columns) == ["anchor", "positive", "negative"]
    assert len(triplets) == project.counts()["examples"]
    assert triplets["anchor"].str.startswith("Instruct: ").all()


def test_every_view_is_exported_and_every_example_has_its_place(first_run: tuple[Project, str]) -> None:
    project, _ = first_run
    export = project.path("data/05_model_input/export")
    examples, splits = project.table("examples"), project.table("splits")

    assert splits["request_id"].tolist() == examples["request_id"].tolist()
    assert set(splits["split"].dropna()) == {"train", "validation", "test"}
    for name in ("e5.jsonl", "flag_embedding.jsonl"):
        lines = export.joinpath(name).read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["query"] for line in lines] == examples["input_text"].tolist()
    index = json.loads(export.joinpath("text_label/index.json").read_text(encoding="utf-8"))
    assert {entry["task_id"]: entry["rows"] for entry in index} == dict(examples["task_id"].value_counts())
    assert {path.name for path in export.joinpath("huggingface").iterdir()} == {"README.md", "data"}
    train = pd.read_parquet(export / "huggingface" / "data" / "default-train.parquet")
    assert train["request_id"].tolist() == splits.query("split == 'train'")["request_id"].tolist()
    assert any(export.joinpath("mteb").glob("*/test.jsonl"))
    assert any(export.joinpath("argilla").glob("*.records.json"))


def test_the_same_command_again_makes_no_call_and_changes_no_row(first_run: tuple[Project, str]) -> None:
    project, _ = first_run
    before = {name: project.table(name) for name in ("requests", "examples", "rejected", "failed")}
    journal = project.path("data/03_primary/completions.jsonl").read_bytes()

    output = project.generate(**TRACKED)

    assert "calls     0" in output
    assert project.path("data/03_primary/completions.jsonl").read_bytes() == journal
    for name, table in before.items():
        pd.testing.assert_frame_equal(project.table(name), table)
    newest = project.mlflow_runs()[0]
    assert newest.data.metrics["calls/this_run"] == 0
    assert newest.data.metrics["calls/dataset"] == 200


@pytest.mark.slow
def test_each_stage_runs_alone_from_what_is_on_disk(first_run: tuple[Project, str]) -> None:
    project, _ = first_run
    examples = project.table("examples")

    for stage in ("task_ingest", "attribute_sampling", "generation", "quality_report", "export"):
        done = project.run("--pipelines", stage, **(TRACKED if stage == "quality_report" else {}))
        assert done.returncode == 0, done.stdout + done.stderr

    pd.testing.assert_frame_equal(project.table("examples"), examples)
    assert {run.info.status for run in project.mlflow_runs()} == {"FINISHED"}


@pytest.mark.slow
def test_the_older_option_works_too(first_run: tuple[Project, str]) -> None:
    project, _ = first_run

    done = project.run("--pipeline", "generate")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "planned   200" in done.stdout


def _files(project: Project, run_id: str, folder: str = "") -> Iterator[str]:
    for entry in project.mlflow_client().list_artifacts(run_id, folder or None):
        if entry.is_dir:
            yield from _files(project, run_id, entry.path)
        else:
            yield entry.path
