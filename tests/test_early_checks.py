"""Faulty parameters and tasks are reported before the model, MLflow, hooks or pipelines are imported."""

import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.framework.project import configure_project, pipelines

from synthetic_textcat.early_checks import ASK_FOR_ROWS, ASK_JUDGE, READ_TASKS, check_early
from synthetic_textcat.errors import ConfusableFileError, ModelSetupError, ParameterError, TasksFileError
from synthetic_textcat.pipeline_registry import register_pipelines
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameter_validation import validate_parameters
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.export.builders import tasks_table
from tests.support.project import KEDRO, ROOT, Project, environment

_OPTIONS: dict[str, Any] = {
    "env": None,
    "conf_source": None,
    "params": {},
    "pipeline": None,
    "pipelines": [],
    "tags": "",
    "node_names": [],
    "from_nodes": [],
    "to_nodes": [],
    "from_inputs": "",
    "to_outputs": "",
    "namespaces": [],
    "only_missing_outputs": False,
}
_RESERVED = json.dumps([{"task": "Sort a mail.", "labels": ["Work", "None of these"]}])
_BAD_TASKS = "- task: Sort a review.\n  labels: [good]\n"
_HEAVY = ("langchain_core", "mlflow", "openai", "sklearn", "synthetic_textcat.hooks", "synthetic_textcat.llm.engine")
_LIST_IMPORTS = f"""
import atexit, sys
atexit.register(lambda: print("heavy:", [name for name in {_HEAVY} if name in sys.modules]))
from kedro.framework.cli import main
sys.argv = ["kedro", *sys.argv[1:]]
main()
"""


_READ = ("tasks_file", "confusable_file", "tasks", "llm", "judge", "completions", "verdict_completions")
"""Catalog entries that checks read."""

_TASK = "Sort a news story by its topic."


@pytest.fixture(scope="module")
def _known_to_kedro() -> Iterator[None]:
    """Kedro knows the project; afterwards it knows none, as the other tests expect."""
    configure_project("synthetic_textcat", preserve_logging=True)
    yield
    pipelines.configure(None)


@cache
def _read_by_checks() -> dict[str, str]:
    """The project's files with nothing but what a check needs: to parse all takes most of its time."""

    def content(file: Path) -> Any:
        return yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)

    files = (ROOT / "conf" / "base").glob("catalog_*.yml")
    entries = {name: entry for file in files for name, entry in content(file).items()}
    parameters = validate_parameters(content(ROOT / "conf/base/parameters.yml"))
    tasks = content(ROOT / "data/01_raw/tasks.yml")
    needed = {
        "conf/base/catalog.yml": {name: entries[name] for name in _READ},
        "conf/base/parameters.yml": parameters.model_dump(mode="json", exclude_defaults=True),
        "data/01_raw/tasks.yml": [task for task in tasks if task["task"] == _TASK],
    }
    return {name: yaml.safe_dump(kept) for name, kept in needed.items()}


@pytest.fixture
def own(project: Project, monkeypatch: pytest.MonkeyPatch, _known_to_kedro: None) -> Project:
    """A project that is the current folder."""
    for file in project.path("conf/base").glob("catalog_*.yml"):
        file.unlink()
    for name, text in _read_by_checks().items():
        project.path(name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(project.folder)
    return project


def _check(**options: Any) -> None:
    check_early(_OPTIONS | options)


def test_pipelines_that_read_the_tasks_file_are_those_of_the_registry() -> None:
    assert {name for name, pipeline in register_pipelines().items() if "tasks_file" in pipeline.inputs()} == READ_TASKS


def test_pipelines_that_ask_for_rows_are_those_of_the_registry() -> None:
    asking = {name for name, pipeline in register_pipelines().items() if "generate" in str(_short_names(pipeline))}
    assert asking == ASK_FOR_ROWS


def _short_names(pipeline: Any) -> list[str]:
    return [node.name.rpartition(".")[2] for node in pipeline.nodes if "model_calls" in node.tags]


def test_parameters_are_checked_for_any_pipeline_and_environment(own: Project) -> None:
    _check()
    with pytest.raises(ParameterError, match="did you mean attribute_sampling"):
        _check(pipelines=["publish"], params={"atribute_sampling": {"num_examples": 5}})
    own.parameters(generation={"max_attempts": 0})
    with pytest.raises(ParameterError, match=r"generation\.max_attempts=0"):
        _check(env="openai")


def test_tasks_are_checked_where_the_pipelines_read_them(own: Project) -> None:
    own.path("data/01_raw/tasks.yml").write_text(_BAD_TASKS, encoding="utf-8")
    refused: list[dict[str, Any]] = [
        {},
        {"pipeline": "generate"},
        {"pipelines": ["task_ingest", "preview"]},
        {"pipelines": ["task_ingest", "attribute_sampling"]},
    ]
    for options in refused:
        with pytest.raises(TasksFileError, match="has one label"):
            _check(**options)
    _check(pipelines=["export"])
    _check(to_nodes=["write_report"])
    _check(params={"from_run": "any"})


_EVERYDAY = [{"task": "Sort an answer.", "labels": ["Yes", "No", "Other"]}]


@pytest.mark.parametrize("asked", [["generate"], ["task_ingest", "attribute_sampling"], ["attribute_sampling"]])
def test_a_plan_warns_of_labels_that_are_everyday_words(
    own: Project, caplog: pytest.LogCaptureFixture, asked: list[str]
) -> None:
    own.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump(_EVERYDAY), encoding="utf-8")
    own.path("data/02_intermediate").mkdir()
    table = own.path("data/02_intermediate/tasks.parquet")
    tasks_table(Task.model_validate(_EVERYDAY[0])).to_parquet(table)

    _check(pipelines=asked)
    assert "everyday words" in caplog.text

    caplog.clear()
    _check(pipelines=["export"])
    assert not caplog.text


def test_a_plan_without_tasks_yet_is_left_to_its_node(own: Project) -> None:
    assert not own.path("data/02_intermediate/tasks.parquet").exists()
    _check(pipelines=["attribute_sampling"])


def test_confusable_labels_are_checked_where_they_are_drawn_from(own: Project) -> None:
    similar = {"attribute_sampling": {"misleading_label": "similar"}}
    _check(params=similar)
    file = own.path("data/01_raw/confusable.yml")
    for content, says in (
        (
            "Sort a news stoy by its topic.: {}",
            "the unknown task 'Sort a news stoy by its topic.' .did you mean Sort a",
        ),
        (f"{_TASK}: {{Sport: [Polls]}}", "'Sport' names the unknown label 'Polls'"),
    ):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(ConfusableFileError, match=says):
            _check(params=similar)
    _check()
    file.write_text(f"{_TASK}: {{Sport: [Politics]}}", encoding="utf-8")
    _check(params=similar)


@pytest.mark.parametrize(
    ("name", "content"),
    [("mine.csv", "task,labels\nSort.,good\n"), ("mine.jsonl", '{"task": "Sort.", "labels": ["good"]}\n')],
)
def test_so_are_tasks_of_other_formats_that_the_users_catalog_names(own: Project, name: str, content: str) -> None:
    own.tasks_file(f"data/01_raw/{name}")
    own.path(f"data/01_raw/{name}").write_text(content, encoding="utf-8")

    with pytest.raises(TasksFileError, match=name):
        _check(env="openai")


def test_what_only_the_node_can_read_is_left_to_it(own: Project) -> None:
    entry = {"type": "kedro_datasets.yaml.YAMLDataset", "filepath": "data/01_raw/none.yml"}
    own.path("conf/local/catalog.yml").write_text(yaml.safe_dump({"tasks_file": entry}), encoding="utf-8")
    _check()
    own.tasks_file("s3://bucket/tasks.yml")
    _check()


def test_brainstormed_tasks_need_no_file_of_tasks(own: Project) -> None:
    own.path("data/01_raw/tasks.yml").write_text("", encoding="utf-8")
    _check(params={"task_ingest": {"num_brainstormed": 1}})
    with pytest.raises(TasksFileError, match="is empty"):
        _check()


def test_columns_of_a_quota_and_names_of_own_attributes_are_checked(own: Project) -> None:
    quota: dict[str, Any] = {"target_accepted": 5, "per": ["task", "languag"]}
    with pytest.raises(ParameterError, match=r"names 'languag', which no row of the plan has; did you mean language"):
        _check(params={"attribute_sampling": quota})
    with pytest.raises(ParameterError, match=r"per task names 'Sort a news stoy\.', which no row"):
        _check(params={"attribute_sampling": {"target_accepted": 5, "per": {"task": {"Sort a news stoy.": 1}}}})
    _check(params={"attribute_sampling": quota | {"per": ["task", "language"]}})
    _check(params={"attribute_sampling": {"per": ["languag"]}})  # there is no quota
    mixed = {"target_accepted": 5, "per": {"label": "all", "language": {"German": 3, "English": 2}}}
    with pytest.raises(
        ParameterError, match=r"allowed: English\. Next: give attribute_sampling\.language these values"
    ):
        _check(params={"attribute_sampling": mixed})
    _check(params={"attribute_sampling": mixed | {"language": {"German": 3, "English": 2}}})
    own.path("data/01_raw/tasks.yml").write_text("- {task: Sort a review., extra: {Tone: dry}}", encoding="utf-8")
    with pytest.raises(ParameterError, match="own attributes tone and Tone differ in case only"):
        _check(params={"attribute_sampling": {"extra": {"tone": "dry"}}})
    _check(params={"attribute_sampling": quota | {"per": ["Tone"]}})


@pytest.mark.usefixtures("own")
def test_what_brainstorming_adds_is_no_unknown_value_of_a_cell() -> None:
    brainstorm = {"task_ingest": {"num_brainstormed": 3}}
    _check(params=brainstorm | {"attribute_sampling": {"target_accepted": 5, "per": {"task": {"A new one.": 2}}}})
    with pytest.raises(ParameterError, match="names 'languag'"):
        _check(params=brainstorm | {"attribute_sampling": {"target_accepted": 5, "per": "languag"}})


@pytest.mark.usefixtures("own")
def test_a_missing_key_is_found_where_the_model_will_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    asking: list[dict[str, Any]] = [
        {},
        {"pipelines": ["quote"]},
        {"pipelines": ["quality_report", "generation"]},
        {"pipeline": "task_ingest", "params": {"task_ingest": {"num_brainstormed": 1}}},
    ]
    for options in asking:
        with pytest.raises(ModelSetupError, match="OPENAI_API_KEY is not set"):
            _check(env="openai", **options)
    for name in ("task_ingest", "preview", "quality_report", "export"):
        _check(env="openai", pipelines=[name])
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    _check(env="openai")
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:8000/v1")
    with pytest.raises(ModelSetupError, match="OPENAI_BASE_URL has no scheme"):
        _check(env="openai")


def test_a_missing_key_is_left_to_the_first_call_where_the_journal_has_answers_of_a_model(
    own: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    journal = own.path("data/03_primary/completions.jsonl")
    journal.parent.mkdir(parents=True)
    templates = json.dumps({"raw_text": '"model_name":"gpt"', "model_name": OFFLINE_MODEL})
    journal.write_text(f"{templates}\n{json.dumps({'status': 'timeout', 'model_name': None})}\n", encoding="utf-8")
    with pytest.raises(ModelSetupError, match="OPENAI_API_KEY is not set"):
        _check(env="openai")
    with journal.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"model_name": "gpt-4o-mini-2024-07-18"}) + "\n")
    _check(env="openai")


def test_the_judge_is_checked_before_rows_are_paid_for(own: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def judged(**llm: Any) -> dict[str, Any]:
        return {"params": {"label_check": {"share": 0.5, "llm": llm or None}}}

    _check(**judged())
    with pytest.raises(ModelSetupError, match=r"label_check\.llm\.model=gpt needs a server"):
        _check(**judged(model="gpt"))
    _check(pipelines=["generation"], **judged(model="gpt"))
    with pytest.raises(ModelSetupError, match=r"label_check\.llm\.model=gpt needs a server"):
        _check(pipelines=["label_check"], params={"label_check": {"llm": {"model": "gpt"}}})
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelSetupError, match="OPENAI_API_KEY is not set"):
        _check(env="openai", pipelines=["label_check"])
    with pytest.raises(ModelSetupError, match="The catalog entry judge: OPENAI_API_KEY is not set"):
        _check(env="openai", pipelines=["label_check"], params={"label_check": {"llm": {"model": "gpt"}}})
    own.path("conf/local/catalog_genai.yml").write_text("judge: null", encoding="utf-8")
    with pytest.raises(ModelSetupError, match="the catalog has no entry judge"):
        _check(**judged(model="gpt"))
    own.path("data/01_raw/tasks.yml").write_text(_RESERVED, encoding="utf-8")
    _check()
    with pytest.raises(TasksFileError, match=r"'None of these' of the task .*Sort a mail.* is what a judge answers"):
        _check(**judged())


def test_pipelines_that_ask_the_judge_are_those_of_the_registry() -> None:
    asking = {name for name, pipeline in register_pipelines().items() if "ask_judge" in str(_short_names(pipeline))}
    assert asking == ASK_JUDGE


def test_another_class_names_its_own_variable(own: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("AZURE_OPENAI_API_KEY", raising=False)
    entry = {
        "type": "synthetic_textcat.datasets.ChatModelDataset",
        "class_path": "langchain_openai.AzureChatOpenAI",
        "kwargs": {"azure_endpoint": "http://127.0.0.1:9", "api_version": "2024-10-21"},
    }
    own.path("conf/local/catalog_genai.yml").write_text(yaml.safe_dump({"llm": entry}), encoding="utf-8")
    llm = {"llm": {"model": "gpt-4o-mini"}}

    with pytest.raises(ModelSetupError, match="AZURE_OPENAI_API_KEY"):
        _check(params=llm)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "any")
    _check(params=llm)


@pytest.mark.whole_run
@pytest.mark.parametrize("fault", [pytest.param("parameter", marks=pytest.mark.slow), "tasks"])
def test_a_fault_is_reported_before_anything_heavy_is_imported(project: Project, fault: str) -> None:
    arguments = ["run", "--pipelines", "generate"]
    if fault == "parameter":
        arguments += ["--params", "generation.max_attempt=2"]
    else:
        project.path("data/01_raw/tasks.yml").write_text(_BAD_TASKS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _LIST_IMPORTS, *arguments],
        cwd=project.folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert done.stdout.splitlines()[-1] == "heavy: []"


def _cpu_seconds(folder: Path, *arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([KEDRO, *arguments], cwd=folder, env=environment(), capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.slow
@pytest.mark.whole_run
def test_a_fault_costs_at_most_a_fifth_more_than_the_version(project: Project) -> None:
    project.path("data/01_raw/tasks.yml").write_text(_BAD_TASKS, encoding="utf-8")
    commands = (("--version",), ("run", "--params", "seed=x"), ("run", "--pipelines", "generate"))
    rounds = [[_cpu_seconds(project.folder, *command) for command in commands] for _ in range(5)]
    version, parameter, tasks = (statistics.median(column) for column in zip(*rounds, strict=True))

    assert parameter <= 1.2 * version
    assert tasks <= 1.2 * version
