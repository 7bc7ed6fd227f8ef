"""Bad input: one clear line, before any call, a non-zero exit, no traceback, nothing lost."""

import pytest
import yaml

from tests.support.project import TRACKED, Project
from tests.support.server import FaultServer

_KEY = "sk-test-secret-0123456789"


def _complaint(project: Project, *arguments: str, **env: str) -> str:
    """What a run that must fail says; makes sure that it says it in one line."""
    done = project.run(*arguments, **env)
    assert done.returncode not in (0, 130)
    assert "Traceback" not in done.stdout + done.stderr
    assert _KEY not in done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        pytest.param(
            "atribute_sampling.num_examples=5",
            ["atribute_sampling", "did you mean attribute_sampling?"],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "attribute_sampling.num_examples=0",
            ["num_examples=0", "greater than or equal to 1"],
            marks=pytest.mark.slow,
        ),
        pytest.param("attribute_sampling.language=Germn", ["'Germn'", "German"], marks=pytest.mark.slow),
        ("llm.model=gpt-4o", ["--env openai"]),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(project: Project, parameter: str, said: list[str]) -> None:
    line = _complaint(project, "--pipelines", "generate", "--params", parameter)

    assert all(words in line for words in said), line
    assert not project.journal()


@pytest.mark.slow  # the quick ones: tests/test_early_checks.py, for this and the other faults
def test_a_misspelt_block_fails_with_any_pipeline(project: Project) -> None:
    line = _complaint(project, "--pipelines", "task_ingest", "--params", "generatoin.max_attempts=2")

    assert "did you mean generation?" in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "tasks.yml is missing", marks=pytest.mark.slow),
        pytest.param("", "tasks.yml is empty", marks=pytest.mark.slow),
        pytest.param("- task: [unclosed\n- b", "is not YAML", marks=pytest.mark.slow),
        ([{"task": "Sort a letter.", "labels": ["one"]}], "entry 1 ('Sort a letter.'): has one label"),
        pytest.param(
            [{"task": "Sort a letter."}, {"task": " sort a  letter"}],
            "entry 2 ('sort a  letter'): repeats the task of entry 1",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_wrong_tasks_file_is_named_with_the_entry(project: Project, content: object, said: str) -> None:
    path = project.path("data/01_raw/tasks.yml")
    if content is None:
        path.unlink()
    else:
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")

    line = _complaint(project, "--pipelines", "generate")

    assert said in line
    assert "tasks.yml" in line


@pytest.mark.slow
def test_a_broken_tasks_file_is_named_with_the_line_whatever_its_format(project: Project) -> None:
    project.path("data/01_raw/mine.jsonl").write_text('"Sort a letter."\n{"task": }\n', encoding="utf-8")
    project.tasks_file("data/01_raw/mine.jsonl")

    line = _complaint(project, "--pipelines", "task_ingest")

    assert "data/01_raw/mine.jsonl, line 2, column 10 is not JSON" in line


@pytest.mark.slow  # a quick one is in test_recipe.py
def test_a_prompt_with_an_unknown_placeholder_is_named(project: Project) -> None:
    path = project.path("data/01_raw/prompts/open_labels.yml")
    path.write_text(path.read_text(encoding="utf-8").replace("{clarity}", "{claritty}"), encoding="utf-8")

    line = _complaint(project, "--pipelines", "generate")

    assert "open_labels" in line
    assert "{claritty}" in line
    assert "clarity" in line


def test_an_unknown_pipeline_is_named(project: Project) -> None:
    assert "generat" in _complaint(project, "--pipelines", "generat")


def test_a_runner_of_several_processes_is_refused_in_one_line_before_anything_is_written(project: Project) -> None:
    done = project.run("--pipelines", "generate", "--runner", "ParallelRunner")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "--runner ParallelRunner does not work here" in done.stderr
    assert "Allowed: SequentialRunner, ThreadRunner. Next: leave out --runner" in done.stderr
    assert not project.path("data/03_primary").exists()


@pytest.mark.slow
@pytest.mark.parametrize("key", [None, ""])
def test_the_openai_environment_without_a_key_says_so(project: Project, key: str | None) -> None:
    env = {} if key is None else {"OPENAI_API_KEY": key}

    line = _complaint(project, "--pipelines", "generate", "--env", "openai", **env)

    assert "OPENAI_API_KEY is not set" in line
    assert not project.path("data/03_primary").exists()  # nothing was planned


@pytest.mark.parametrize(
    ("fault", "said"),
    [  # a quick one is the next test
        pytest.param("bad_key", "OPENAI_API_KEY", marks=pytest.mark.slow),
        pytest.param("unknown_model", "llm.model", marks=pytest.mark.slow),
        pytest.param("bad_request", "llm.structured_output", marks=pytest.mark.slow),
        pytest.param("quota", "quota", marks=pytest.mark.slow),
    ],
)
def test_what_would_fail_each_call_stops_at_the_first(
    project: Project, server: FaultServer, openai_env: dict[str, str], fault: str, said: str
) -> None:
    server.set_faults(always=fault)

    line = _complaint(project, "--pipelines", "generate", "--env", "openai", **openai_env)

    assert said in line
    # The client itself retries a 429; it does so for this one row only.
    rows = {line["request_id"] for line in project.journal()}
    assert len(rows) == 0
    assert server.stats()["distinct_bodies"] == 1


def test_a_fatal_answer_stops_at_the_first_and_is_told_to_mlflow_as_failed_and_without_the_key(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(always="bad_key")

    line = _complaint(project, "--pipelines", "generate", "--env", "openai", **openai_env, **TRACKED)

    assert "OPENAI_API_KEY" in line
    assert not project.journal()
    assert server.stats()["distinct_bodies"] == 1
    [run] = project.mlflow_runs()
    assert run.info.status == "FAILED"
    assert "OPENAI_API_KEY" in run.data.tags["reason"]
    assert _KEY not in str(run.to_dictionary())
    assert run.data.params["attribute_sampling.num_examples"] == "200"


def test_a_server_that_is_not_there_is_named(project: Project) -> None:
    project.path("conf/openai/catalog_genai.yml").write_text(
        project.path("conf/openai/catalog_genai.yml").read_text(encoding="utf-8").replace("retries: 4", "retries: 0"),
        encoding="utf-8",
    )

    line = _complaint(
        project,
        *("--pipelines", "generate", "--env", "openai"),
        OPENAI_API_KEY=_KEY,
        OPENAI_BASE_URL="http://127.0.0.1:9/v1",
    )

    assert "No server answers" in line
    assert "OPENAI_BASE_URL" in line


def test_a_traceback_comes_when_asked_for(project: Project) -> None:
    logging = project.path("conf/logging.yml")
    logging.write_text(
        logging.read_text(encoding="utf-8").replace(
            "synthetic_textcat: {level: INFO}", "synthetic_textcat: {level: DEBUG}"
        ),
        encoding="utf-8",
    )

    done = project.run("--pipelines", "generate", "--params", "attribute_sampling.num_examples=0")

    assert done.returncode != 0
    assert "Traceback" in done.stdout + done.stderr
