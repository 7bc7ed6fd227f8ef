"""So many good rows in each cell, exactly: through faults, kills and caps."""

import json
import random
import re
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.schemas.quota import cells_of
from tests.support.project import TRACKED, Project, end
from tests.support.server import FaultServer

_TASKS = [
    {"task": "Sort a news story by its topic.", "labels": ["Sport", "Business", "Health"]},
    {"task": "Tell what kind of answer a question asks for.", "labels": ["Person", "Place", "Reason"]},
]
_PER = ["task", "language", "label"]
_TARGET = 4
_CELLS = 12
_TABLES = ("examples", "surplus", "rejected", "failed")
_UNEVEN = {
    "refused": {"Sport": 0.5, "Person": 0.2, "German": 0.15},
    "same_labels": {"Place": 0.3},
    "label_leaked": {"Reason": 0.3, "German": 0.1},
    "near_duplicate": 0.08,
    "exact_duplicate": 0.05,
}
_LENIENT = {
    "min_yield": 0,
    "flag_only": ["wrong_language"],
    "thresholds": {name: {"fail": None} for name in ("parsed", "leaked", "near_duplicates")},
}


def _with_quota(project: Project, defects: dict[str, Any] | None = None, **sampling: Any) -> Project:
    project.path("data/01_raw/tasks.yml").write_text(json.dumps(_TASKS), encoding="utf-8")
    attributes = {"target_accepted": _TARGET, "per": _PER, "language": ["English", "German"], **sampling}
    blocks: dict[str, Any] = {"attribute_sampling": attributes, "quality_report": _LENIENT}
    project.parameters(**blocks, llm={"defects": defects or {}})
    return project


def _shortfall(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.path("data/08_reporting/shortfall.json").read_text(encoding="utf-8"))
    return found


def _cells(project: Project) -> "Counter[tuple[str | None, ...]]":
    examples = project.table("examples")
    planned = project.table("requests").set_index("request_id").loc[examples["request_id"]]
    return Counter(cells_of(planned, _PER))


def _adds_up(project: Project) -> None:
    ledger, counts = project.ledger(), {name: len(project.table(name)) for name in (*_TABLES, "requests")}
    assert counts["surplus"] == ledger["surplus"]
    assert sum(counts[name] for name in _TABLES) + ledger["not_run"] == ledger["planned"] == counts["requests"]


@pytest.mark.slow
def test_every_cell_ends_at_exactly_its_target(project: Project) -> None:
    output = _with_quota(project, _UNEVEN).generate()
    assert set(_cells(project).values()) == {_TARGET}
    assert len(_cells(project)) == _CELLS
    assert _shortfall(project)["cells"] == []
    assert f"quota     {_CELLS} of {_CELLS} cells full, {_TARGET} rows each" in output
    assert output.count("planned   ") == 1  # one summary for all rounds
    assert f"calls     {len(project.journal())}" in output
    assert len({line["run_id"] for line in project.journal()}) == 1
    _adds_up(project)
    before = project.table("examples")

    assert "calls     0: the journal has all the answers" in project.generate()
    pd.testing.assert_frame_equal(project.table("examples"), before)


@pytest.mark.slow
def test_all_rounds_are_one_mlflow_run_whose_metrics_have_the_round_as_their_step(project: Project) -> None:
    _with_quota(project, _UNEVEN, per=["label"]).generate(**TRACKED)
    [run] = project.mlflow_runs()
    assert run.info.status == "FINISHED"
    history = project.mlflow_client().get_metric_history(run.info.run_id, "quota/missing")
    assert [point.step for point in history] == list(range(1, len(history) + 1))
    assert len(history) == run.data.metrics["quota/rounds"] > 1
    assert history[0].value > history[-1].value == 0
    done = project.mlflow_client().get_metric_history(run.info.run_id, "live/rows_done")
    assert done[-1].value == len(project.table("requests"))
    kept = {item.path for item in project.mlflow_client().list_artifacts(run.info.run_id, "rebuild")}
    assert "rebuild/rounds.json" in kept
    plan = project.table("requests")

    _with_quota(project, target_accepted=99, per=["task"])
    for name in ("data/03_primary", "data/08_reporting"):
        (project.path(name) / ("rounds.json" if "03" in name else "shortfall.json")).unlink()
    project.generate("--params", f"from_run={run.info.run_id}")
    pd.testing.assert_frame_equal(project.table("requests"), plan)


@pytest.mark.slow
def test_a_raised_target_first_uses_what_was_kept_aside_and_keeps_every_row(project: Project) -> None:
    _with_quota(project, _UNEVEN).generate()
    before, calls = {name: set(project.table(name)["request_id"]) for name in _TABLES}, len(project.journal())

    _with_quota(project, _UNEVEN, target_accepted=_TARGET + 2).generate()

    assert set(_cells(project).values()) == {_TARGET + 2}
    assert before["examples"] <= set(project.table("examples")["request_id"])
    assert before["surplus"] <= set(project.table("examples")["request_id"]) | set(
        project.table("surplus")["request_id"]
    )
    assert len(project.journal()) > calls
    _adds_up(project)


@pytest.mark.slow
def test_a_cell_made_infeasible_is_named_and_does_not_stop_the_others(project: Project) -> None:
    output = _with_quota(project, {"same_labels": {"Sport": 1.0}, "refused": {"German": 0.3}}).generate()
    full = _cells(project)
    assert [rows for (_, _, label), rows in full.items() if label == "Sport"] == []
    assert list(full.values()) == [_TARGET] * (_CELLS - 2)
    [given_up] = _shortfall(project)["given_up"]
    assert (given_up["values"], given_up["accepted"], given_up["wanted"]) == ({"label": "Sport"}, 0, 2 * _TARGET)
    assert len(given_up["replies"]) == 3
    assert given_up["causes"]["same_labels"]
    assert "given up  Sport: 0 of 8 wanted, given up after 2 rounds: same_labels" in output
    assert "warn      Given up by the quota: " in output
    _adds_up(project)


@pytest.mark.slow
def test_a_cap_covers_all_rounds_and_a_higher_one_goes_on(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(sticky=True, refusal=0.4)
    _with_quota(project, per=["label"], target_accepted=15)
    run = ("--env", "openai", "--params")
    once = "generation.max_concurrency=1,generation.max_attempts=1"

    output = project.generate(*run, f"{once},generation.max_tokens_total=26000", **openai_env)

    spent = project.metrics()["tokens/this_run"]
    assert spent is not None
    assert 26_000 <= spent < 28_000
    assert "stopped   by generation.max_tokens_total" in output
    assert _shortfall(project)["cells"]
    project.generate(*run, once, **openai_env)
    assert _shortfall(project)["cells"] == []


@pytest.mark.slow
def test_it_ends_with_the_last_round_that_is_allowed(project: Project) -> None:
    output = _with_quota(project, _UNEVEN, max_rounds=1).generate()
    assert len(project.table("requests")) == _CELLS * _TARGET
    assert "short     " in output
    _with_quota(project, _UNEVEN).generate()
    assert set(_cells(project).values()) == {_TARGET}


@pytest.mark.slow
@pytest.mark.parametrize("environment", ["base", "openai"])
def test_killed_at_random_moments_it_ends_with_the_same_rows(
    tmp_path: Path, server: FaultServer, openai_env: dict[str, str], environment: str
) -> None:
    arguments, env, defects = ["--pipelines", "generate"], dict[str, str](), dict(_UNEVEN)
    if environment == "openai":
        server.set_faults(sticky=True, refusal=0.15, broken_json=0.1, rate_limited=0.03, latency_ms=20)
        arguments += ["--env", "openai", "--params", "generation.max_attempts=2,generation.max_concurrency=4"]
        env, defects = openai_env, {}
    whole, killed = (_with_quota(Project(tmp_path / name), defects) for name in ("whole", "killed"))
    done = whole.run(*arguments, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    moments = random.Random(8)
    for _ in range(10):
        running = killed.start(*arguments, **env)
        try:
            running.wait(moments.uniform(2.0, 9.0))
        except subprocess.TimeoutExpired:
            end(running, signal.SIGKILL)
        else:
            running.communicate()
    done = killed.run(*arguments, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(_cells(killed).values()) == {_TARGET}
    for name in ("requests", *_TABLES):
        found, wanted = (one.table(name).drop(columns="attempts", errors="ignore") for one in (killed, whole))
        pd.testing.assert_frame_equal(found, wanted)  # a row without a reply is tried again after each kill


@pytest.mark.slow
def test_a_full_quota_is_a_success_at_a_low_yield_and_the_run_and_card_tell_the_quota(project: Project) -> None:
    per = {"task": "all", "label": "all", "language": {"English": 3, "German": 1}}
    _with_quota(project, {"refused": 0.6}, per=per)
    strict: dict[str, Any] = {"quality_report": {"flag_only": ["wrong_language"]}, "llm": {"defects": {"refused": 0.6}}}
    project.parameters(
        attribute_sampling={"target_accepted": _TARGET, "per": per, "language": list(per["language"])}, **strict
    )
    done = project.run("--pipelines", "generate", **TRACKED)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"quota     {_CELLS} of {_CELLS} cells full, in " in done.stdout
    assert re.search(r"warn      Only \d+ of \d+ rows were accepted", done.stdout)
    rows = Counter(project.table("examples")["language"])
    assert rows == {"English": 18, "German": 6}
    [run] = project.mlflow_runs()
    assert run.info.status == "FINISHED"
    assert f"-n{_TARGET}-per-task-label-by-language-" in run.info.run_name
    assert run.data.tags["accepted_target"] == (
        f"{_TARGET} accepted rows per task, label, in the proportions of language"
    )
    assert "attribute_sampling.num_examples" not in run.data.params
    card = project.path("data/05_model_input/export/huggingface/README.md").read_text(encoding="utf-8")
    assert f"- target_accepted: `{_TARGET}`" in card
    assert "num_examples" not in card


def test_preview_and_quote_know_of_the_quota(project: Project) -> None:
    _with_quota(project, {"refused": 0.5})
    done = project.run("--pipelines", "quote")
    assert done.returncode == 0, done.stderr
    assert f"quote     for a quota of {_TARGET * _CELLS} rows" in done.stdout
    quote = project.quote()
    assert quote["quote/rows/expected"] > quote["quote/planned"] == _TARGET * _CELLS
    assert quote["quote/accepted/expected"] == _TARGET * _CELLS


@pytest.mark.slow  # the quick one: tests/test_early_checks.py
@pytest.mark.parametrize(
    ("params", "told"),
    [
        ("attribute_sampling.target_accepted=0", "attribute_sampling.target_accepted=0"),
        ("attribute_sampling.target_accepted=2,attribute_sampling.per=lable", "did you mean label?"),
    ],
)
def test_a_wrong_quota_is_told_in_one_line(project: Project, params: str, told: str) -> None:
    done = project.run("--pipelines", "generate", "--params", params)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not project.journal()
