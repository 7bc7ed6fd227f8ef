"""Servers that count oddly, or not at all: what is paid is right or unknown, and a cap holds all the same."""

import pytest

from tests.support.project import TRACKED, UP_TO_THE_REPORT, Project
from tests.support.server import FaultServer

_OPENAI = ("--pipelines", "generate", "--env", "openai")


def _params(rows: int, **generation: object) -> tuple[str, str]:
    settings = [f"generation.{name}={value}" for name, value in generation.items()]
    return "--params", ",".join([f"attribute_sampling.num_examples={rows}", *settings])


def test_thoughts_beside_the_completion_count_and_a_cap_stops_in_time(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(always="thoughts_beside", latency_ms=20)

    output = project.generate(
        "--env", "openai", *_params(20, max_tokens_total=20_000), stages=UP_TO_THE_REPORT, **openai_env
    )

    lines, metrics = project.journal(), project.metrics()
    assert all(line["completion_tokens"] > 2000 for line in lines)
    dearest = max(line["prompt_tokens"] + line["completion_tokens"] for line in lines)
    assert 20_000 <= metrics["tokens/this_run"] <= 20_000 + dearest  # type: ignore[operator]
    assert "stopped   by generation.max_tokens_total" in output
    assert project.ledger()["not_run"] == 20 - len(lines) > 5


@pytest.mark.parametrize("after", [0, pytest.param(12, marks=pytest.mark.slow)])
def test_a_reply_that_is_not_counted_ends_a_capped_run_at_once(
    project: Project, server: FaultServer, openai_env: dict[str, str], after: int
) -> None:
    server.set_faults(always="usage_text", after=after, latency_ms=20)

    done = project.run(*_OPENAI, *_params(60, max_tokens_total=10**6, max_concurrency=4), **openai_env)

    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert "does not report how many tokens a call used, so generation.max_tokens_total can't be kept" in said
    assert "Traceback" not in done.stdout + done.stderr
    lines = project.journal()
    assert len(lines) == server.stats()["requests"]
    uncounted = [line for line in lines if line["prompt_tokens"] is None]
    assert 1 <= len(uncounted) <= (4 if after else 1)  # those in flight come home
    assert len(lines) >= after + len(uncounted)


@pytest.mark.slow
def test_without_a_cap_unknown_counts_make_unknown_cost_and_the_run_goes_on(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(usage_text=0.2, refusal=0.1, latency_ms=5)

    output = project.generate("--env", "openai", *_params(30), stages=UP_TO_THE_REPORT, **openai_env, **TRACKED)

    uncounted = [line for line in project.journal() if line["prompt_tokens"] is None]
    metrics = project.metrics()
    assert uncounted
    assert all(line["raw_text"] and line["prompt_tokens_at_most"] > 100 for line in uncounted)
    assert metrics["calls/unknown_usage_this_run"] == len(uncounted)
    assert metrics["cost/usd_this_run"] is metrics["cost/usd_dataset"] is metrics["tokens/all"] is None
    known, at_most = metrics["cost/usd_known_this_run"], metrics["cost/usd_unknown_at_most_this_run"]
    assert known is not None
    assert at_most is not None
    assert 0 < known < at_most
    assert f"\ncost      this run: unknown ({len(uncounted)} call" in output
    assert "of unknown usage, charged at most $" in " ".join(output.split())
    [run] = project.mlflow_runs()
    assert "cost/usd_this_run" not in run.data.metrics
    assert run.data.metrics["cost/usd_known_this_run"] == pytest.approx(known)
    assert "of unknown usage, charged at most USD" in run.data.tags["mlflow.note.content"].replace("\\", "")
    page = project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    assert f"unknown ({len(uncounted)} calls of unknown usage, charged at most $" in page
    assert project.table("outcomes")["cost"].isna().any()


@pytest.mark.slow
def test_connections_that_break_are_charged_their_upper_bound_until_the_cap(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    """Of each the server may have read and written something, which nobody tells."""
    server.set_faults(close=0.3, sticky=True, latency_ms=5)
    limits = _params(60, max_tokens_total=30_000, max_concurrency=8)

    output = project.generate("--env", "openai", *limits, stages=UP_TO_THE_REPORT, **openai_env)

    lines, metrics = project.journal(), project.metrics()
    broken = [line for line in lines if line["status"] == "connection_error"]
    assert broken
    charged = [line["prompt_tokens_at_most"] + line["completion_tokens_at_most"] for line in broken]
    assert metrics["tokens/unknown_at_most_this_run"] == sum(charged)
    known = metrics["tokens/known_this_run"]
    assert known is not None
    assert 30_000 <= known + sum(charged) <= 30_000 + 8 * max(charged)
    assert metrics["tokens/this_run"] is None
    assert "stopped   by generation.max_tokens_total" in output
