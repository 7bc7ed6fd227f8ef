"""No surprise on the bill: caps, limits, prices and the quote, through real HTTP."""

import hashlib
import json
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.project import TRACKED, UP_TO_THE_CALLS, UP_TO_THE_REPORT, Project
from tests.support.server import FaultServer

_OPENAI = ("--pipelines", "generate", "--env", "openai")
_ROWS = 100
_CONCURRENCY = 8


def _params(**values: object) -> tuple[str, str]:
    return "--params", ",".join(f"{name.replace('__', '.')}={value}" for name, value in values.items())


def _adds_up(project: Project) -> dict[str, int]:
    ledger = project.ledger()
    rejected, failed = sum(ledger["rejected"].values()), sum(ledger["failed"].values())
    assert ledger["accepted"] + rejected + failed + ledger["not_run"] == ledger["planned"]
    return ledger


@pytest.mark.parametrize(
    ("cap", "spent"),
    [
        ("max_cost_usd=0.0025", "cost/usd_this_run"),
        pytest.param("max_tokens_total=10000", "tokens/this_run", marks=pytest.mark.slow),
    ],
)
def test_a_cap_ends_a_run_well_and_the_next_one_goes_on(
    project: Project, server: FaultServer, openai_env: dict[str, str], cap: str, spent: str
) -> None:
    server.set_faults(latency_ms=20, broken_json=0.05)
    size = f"attribute_sampling.num_examples={_ROWS},generation.max_concurrency={_CONCURRENCY}"

    capped = ("--env", "openai", "--params", f"{size},generation.{cap}")
    output = project.generate(*capped, stages=UP_TO_THE_REPORT, **openai_env, **TRACKED)

    name, limit = cap.split("=")
    assert f"stopped   by generation.{name}" in output
    ledger, metrics, asked = _adds_up(project), project.metrics(), server.stats()["requests"]
    assert 0 < ledger["not_run"] < _ROWS
    lines = project.journal()
    assert len(lines) == asked
    most = max(line["prompt_tokens"] + line["completion_tokens"] for line in lines)
    a_call = most if name == "max_tokens_total" else most * 0.60 / 1e6  # were all of them written
    assert float(limit) <= metrics[spent] <= float(limit) + a_call * _CONCURRENCY  # type: ignore[operator]
    (run,) = project.mlflow_runs()
    assert (run.info.status, run.data.tags["stopped_by"]) == ("FINISHED", f"generation.{name}")
    assert "Stopped by generation" in project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")

    output = project.generate("--env", "openai", "--params", size, stages=UP_TO_THE_REPORT, **openai_env)

    assert "stopped" not in output
    assert _adds_up(project)["not_run"] == 0
    assert server.stats()["repeated_prompts"] == 0


def test_a_cap_in_usd_that_can_not_be_kept_is_refused_before_any_call(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    done = project.run(*_OPENAI, *_params(llm__model="unheard-of", generation__max_cost_usd=1), **openai_env)
    assert done.returncode == 1
    assert "no price for unheard-of in the price list" in done.stderr
    assert "Traceback" not in done.stderr
    assert server.stats()["requests"] == 0


@pytest.mark.slow
def test_cost_is_by_the_price_list_and_unknown_without(project: Project, openai_env: dict[str, str]) -> None:
    size = _params(attribute_sampling__num_examples=36)
    project.generate("--env", "openai", *size, **openai_env)
    metrics = project.metrics()
    read, cached, written = (metrics[f"tokens/{kind}"] for kind in ("prompt", "cached", "completion"))
    assert read is not None
    assert cached is not None
    assert written is not None
    usd = ((read - cached) * 0.15 + cached * 0.075 + written * 0.60) / 1e6  # gpt-4o-mini
    assert metrics["cost/usd_dataset"] == metrics["cost/usd_this_run"] == pytest.approx(usd)
    assert metrics["cost/usd_per_accepted"] == pytest.approx(usd / project.ledger()["accepted"])
    assert metrics["cost/usd_language/en"] == pytest.approx(usd)
    of_tasks = [value for name, value in metrics.items() if name.startswith("cost/usd_task/")]
    assert sum(value for value in of_tasks if value is not None) == pytest.approx(usd)
    assert project.table("outcomes")["cost"].sum() == pytest.approx(usd)

    prices = project.path("conf/base/prices.yml")
    prices.write_text(prices.read_text(encoding="utf-8").replace("gpt-4o-mini: {", "gpt-x: {"), encoding="utf-8")
    project.generate("--env", "openai", *size, **openai_env)
    cost = {name: value for name, value in project.metrics().items() if name.startswith("cost/")}
    assert {value for name, value in cost.items() if name.endswith("_this_run")} == {0}  # it made no call
    assert cost.pop("cost/made_up") == 0
    known = {name: cost[name] for name in cost if not name.endswith("_this_run") and "unknown_at_most" not in name}
    assert {"cost/usd_this_configuration", "cost/usd_dataset", "cost/usd_per_accepted"} < known.keys()
    assert set(known.values()) == {None}
    assert project.table("outcomes")["cost"].isna().all()


@pytest.mark.slow
def test_requests_stay_under_the_limit_in_every_second_retries_included(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(rate_limited=0.3, retry_after=0.1)
    limits = _params(attribute_sampling__num_examples=40, generation__requests_per_minute=600)
    project.generate("--env", "openai", *limits, **openai_env)

    arrivals = server.stats()["arrivals_s"]
    assert len(arrivals) > 40
    late_s = 0.5  # what a busy machine may hold up the first
    assert all(arrival - arrivals[0] >= 0.1 * place - late_s for place, arrival in enumerate(arrivals))
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    assert sum(gap < 0.05 for gap in gaps) < len(gaps) / 5  # no bursts


def _files(project: Project) -> dict[str, str]:
    found = (path for path in project.path("data").rglob("*") if path.is_file() and "completions" not in path.name)
    return {str(path): hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in found}


@pytest.mark.slow
def test_a_quote_prices_the_plan_and_touches_nothing_of_the_users(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=20, broken_json=0.1)
    project.generate("--env", "openai", *_params(attribute_sampling__num_examples=40), **openai_env)
    before, asked = _files(project), server.stats()["requests"]
    paid = project.path("data/03_primary/completions.jsonl").read_bytes()
    larger = _params(attribute_sampling__num_examples=400, generation__requests_per_minute=60000)

    done = project.run("--pipelines", "quote", "--env", "openai", *larger, **openai_env, **TRACKED)

    assert done.returncode == 0, done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    after = _files(project)
    assert {name for name in after if after[name] != before.get(name)} == {
        str(project.path("data/08_reporting/quote.json"))
    }
    assert project.path("data/03_primary/completions.jsonl").read_bytes().startswith(paid)
    assert server.stats()["requests"] - asked <= 3 * 20
    quote = project.quote()
    assert quote["quote/planned"] == 400
    assert quote["quote/pilot/rows"] == 20
    for what in ("tokens", "usd", "seconds", "accepted"):
        assert 0 < quote[f"quote/{what}/low"] <= quote[f"quote/{what}/expected"] <= quote[f"quote/{what}/high"]
    [run, *_] = project.mlflow_runs()
    assert run.data.metrics["quote/usd/expected"] == pytest.approx(quote["quote/usd/expected"])

    project.generate("--env", "openai", *larger, **openai_env)

    assert server.stats()["repeated_prompts"] == 0  # the pilot's answers are the plan's
    metrics = project.metrics()
    assert quote["quote/usd/expected"] == pytest.approx(metrics["cost/usd_dataset"], rel=0.25)
    assert quote["quote/tokens/expected"] == pytest.approx(metrics["tokens/all"], rel=0.25)
    assert quote["quote/accepted/low"] <= project.ledger()["accepted"] <= quote["quote/accepted/high"]


@pytest.mark.slow
def test_a_quote_of_the_offline_model_has_tokens_yield_and_a_cost_said_to_be_made_up(project: Project) -> None:
    project.parameters(llm={"defects": {"refused": 0.3}})
    done = project.run("--pipelines", "quote", *_params(attribute_sampling__num_examples=900, quote__pilot_rows=60))
    assert done.returncode == 0, done.stderr
    quote = project.quote()
    assert quote["quote/tokens/expected"] > 0
    assert 450 < quote["quote/accepted/low"] < quote["quote/accepted/expected"] < quote["quote/accepted/high"] < 900
    assert quote["quote/usd/expected"] > 0
    assert quote["quote/usd/made_up"] == 1
    assert "          made up: the offline model charges nothing" in done.stdout


def test_replies_that_name_no_model_are_reported_exported_and_quoted(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    """As ChatCohere's, and those of servers that send `"model": null`: the cost is unknown, and nothing else is."""
    size = _params(attribute_sampling__num_examples=40)
    project.generate("--env", "openai", *size, stages=UP_TO_THE_CALLS, **openai_env)
    lines = [{**line, "model_name": None} for line in project.journal()]
    journal = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    project.path("data/03_primary/completions.jsonl").write_text(journal, encoding="utf-8")
    asked = server.stats()["requests"]

    project.generate("--env", "openai", *size, **openai_env)
    quoted = project.run("--pipelines", "quote", "--env", "openai", *size, **openai_env)

    assert project.table("examples")["model_name"].isna().all()
    assert quoted.returncode == 0, quoted.stderr
    assert project.quote()["quote/tokens/expected"] > 0
    assert project.quote()["quote/usd/expected"] is None
    assert server.stats()["requests"] == asked
