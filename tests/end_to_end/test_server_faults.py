"""The whole thread through ChatOpenAI over real HTTP, against a server that fails in every way."""

from collections import Counter

import pytest
import yaml

from tests.support.project import TRACKED, UP_TO_THE_REPORT, Project
from tests.support.server import FaultServer

_ROWS = "attribute_sampling.num_examples"


def test_500_rows_through_faults_are_all_accounted_for(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(rate_limited=0.1, server_error=0.05, broken_json=0.05)

    output = project.generate(
        "--env", "openai", "--params", f"{_ROWS}=500", stages=UP_TO_THE_REPORT, **openai_env, **TRACKED
    )

    counts, ledger = project.counts(), project.ledger()
    assert counts["requests"] == 500 == ledger["planned"]
    placed = [row for name in ("examples", "rejected", "failed") for row in project.table(name)["request_id"]]
    assert len(placed) == len(set(placed))
    assert len(placed) + ledger["not_run"] == 500
    assert set(placed) <= set(project.table("requests")["request_id"])
    # Faults fall on calls, not on rows: what failed once was asked again, and cost no other row.
    assert counts["examples"] >= 495
    assert "planned   500" in output
    [run] = project.mlflow_runs()
    ends = ("rows/accepted", "rows/rejected", "rows/failed", "rows/not_run")
    assert sum(run.data.metrics[name] for name in ends) == run.data.metrics["rows/planned"] == 500
    assert run.data.metrics["rows/accepted"] == ledger["accepted"]
    stats = server.stats()
    assert stats["by_fault"].keys() >= {"rate_limited", "server_error", "broken_json"}
    assert stats["repeated_prompts"] == 0
    key = openai_env["OPENAI_API_KEY"].encode()
    assert not [path for path in project.folder.rglob("*") if path.is_file() and key in path.read_bytes()]
    assert key.decode() not in output


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("refusal", "refused"),
        pytest.param("truncated", "truncated", marks=pytest.mark.slow),
        pytest.param("content_filter", "content_filtered", marks=pytest.mark.slow),
        pytest.param("schema_violation", "schema_violation", marks=pytest.mark.slow),
    ],
)
def test_a_row_that_never_gets_a_good_reply_ends_under_its_cause(
    project: Project, server: FaultServer, openai_env: dict[str, str], fault: str, cause: str
) -> None:
    server.set_faults(sticky=True, **{fault: 0.3})

    settings = f"{_ROWS}=40,generation.max_attempts=2,quality_report.thresholds.parsed.fail=0"

    project.generate("--env", "openai", "--params", settings, stages=UP_TO_THE_REPORT, **openai_env)

    failed = project.table("failed")
    assert set(failed["failure_cause"]) == {cause}
    assert set(failed["attempts"]) == {2}
    assert len(failed) + project.counts()["examples"] == 40
    replies = Counter(line["request_id"] for line in project.journal())
    assert all(replies[row] == 2 for row in failed["request_id"])
    assert all(line["completion_tokens"] is not None for line in project.journal())


@pytest.mark.slow
def test_rows_without_a_reply_are_asked_again_by_the_next_run(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(sticky=True, server_error=0.2, retry_after=0.01)
    project.generate("--env", "openai", "--params", f"{_ROWS}=40", stages=UP_TO_THE_REPORT, **openai_env)
    lost = project.table("failed")
    assert len(lost) > 0
    assert set(lost["failure_cause"]) == {"server_error"}

    server.set_faults()
    server.reset()
    project.generate("--env", "openai", "--params", f"{_ROWS}=40", stages=UP_TO_THE_REPORT, **openai_env)

    assert server.stats()["requests"] == len(lost)
    assert project.counts()["examples"] == 40


def test_a_server_that_fails_each_row_in_one_way_is_left_after_a_few(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(always="schema_violation")

    done = project.run("--pipelines", "generate", "--env", "openai", "--params", f"{_ROWS}=400", **openai_env)

    assert done.returncode == 1
    assert "llm.structured_output" in done.stderr
    assert server.stats()["requests"] <= 20 + 32 + 32  # those that told, and what was in flight
    assert len(project.journal()) == server.stats()["replied"]  # they were paid for


@pytest.mark.slow
def test_a_call_that_hangs_costs_its_own_row_and_ends_as_a_timeout(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    catalog = project.path("conf/openai/catalog_genai.yml")
    text = catalog.read_text(encoding="utf-8")
    catalog.write_text(text.replace("timeout: 120", "timeout: 2").replace("retries: 4", "retries: 0"), encoding="utf-8")
    server.set_faults(sticky=True, hang=0.1)

    output = project.generate("--env", "openai", "--params", f"{_ROWS}=60", stages=UP_TO_THE_REPORT, **openai_env)

    failed = project.table("failed")
    assert f"timed out {len(failed)} call" in output
    assert "the server may bill for up to" in " ".join(output.split())
    assert set(failed["failure_cause"]) == {"timeout"}
    assert project.counts()["examples"] == 60 - len(failed)


@pytest.mark.parametrize("structured_output", [pytest.param("json_object", marks=pytest.mark.slow), "none"])
def test_servers_that_know_less_are_asked_for_less(
    project: Project, server: FaultServer, openai_env: dict[str, str], structured_output: str
) -> None:
    settings = f"llm.structured_output={structured_output},llm.max_tokens=900,llm.token_limit_field=max_tokens"

    server.set_faults(answers_as="/models/SmolLM2.Q4_1.gguf")

    settings = f"{_ROWS}=30,{settings},llm.send_seed=false"
    output = project.generate("--env", "openai", "--params", settings, stages=UP_TO_THE_REPORT, **openai_env)

    said = "The server answers as /models/SmolLM2.Q4_1.gguf, and llm.model is gpt-4o-mini"
    assert said in " ".join(output.split())
    assert (
        project.path("data/08_reporting/answering_model.txt").read_text(encoding="utf-8") == "/models/SmolLM2.Q4_1.gguf"
    )
    page = project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    assert said in page.replace("<wbr>", "")
    body = server.stats()["last_body"]
    wanted = {"type": "json_object"} if structured_output == "json_object" else None
    assert body.get("response_format") == wanted
    assert body["max_tokens"] == 900
    assert "max_completion_tokens" not in body
    assert "seed" not in body
    assert project.counts()["examples"] > 15


@pytest.mark.slow
def test_poison_replies_fail_their_rows_and_no_later_run(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(sticky=True, fenced_key=0.15, repeated_signs=0.15)
    settings = f"{_ROWS}=40,generation.max_attempts=1,quality_report.thresholds.parsed.fail=0"

    project.generate("--env", "openai", "--params", settings, stages=UP_TO_THE_REPORT, **openai_env)
    first = project.table("failed")
    project.generate("--env", "openai", "--params", settings, stages=UP_TO_THE_REPORT, **openai_env)

    faults = server.stats()["by_fault"]
    assert len(first) == faults["fenced_key"] + faults["repeated_signs"]
    assert first["detail"].str.contains("json-repair: AssertionError").sum() == faults["fenced_key"] > 0
    causes = set(first["failure_cause"])  # which signs are repeated, and whether for too long, is up to the prompts
    assert {"invalid_json"} <= causes <= {"invalid_json", "schema_violation"}
    assert project.table("failed").equals(first)  # read from the journal as it was judged when it came
    assert server.stats()["requests"] == 40


def _ten_rows_without_patience(project: Project) -> str:
    entry = {
        "type": "synthetic_textcat.datasets.ChatModelDataset",
        "class_path": "langchain_openai.ChatOpenAI",
        "kwargs": {"timeout": 20, "max_retries": 1},
    }
    project.path("conf/openai/catalog_genai.yml").write_text(yaml.safe_dump({"llm": entry}), encoding="utf-8")
    return f"{_ROWS}=10"


def test_few_rows_that_a_server_leaves_unanswered_end_in_its_own_words(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    rows = _ten_rows_without_patience(project)
    server.set_faults(always="server_error")

    output = project.generate("--env", "openai", "--params", rows, stages=UP_TO_THE_REPORT, **openai_env)
    output = " ".join(output.split())

    assert "stopped by server_error (" in output
    said = "The server had an error while processing your request"
    assert said in output
    assert project.ledger()["failed"] == {"server_error": 10}

    server.set_faults(always="server_error", after=2)
    done = project.run("--pipelines", UP_TO_THE_REPORT, "--env", "openai", "--params", rows, **openai_env)

    assert done.returncode == 1
    line = " ".join(done.stderr.split())
    assert "Only 2 of 10 rows were accepted; 8 rows failed as server_error (" in line
    assert said in line
