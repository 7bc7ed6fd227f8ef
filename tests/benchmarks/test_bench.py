"""The benchmark harness runs and reports; nothing is asserted about how fast anything is."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


def _bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
def test_a_quick_run_of_the_side_by_side_scenario_gives_the_table_with_its_ratios() -> None:
    done = _bench("no_latency", "--rows", "100", "--repeat", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100 rows, all good" in done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    rows = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in lines}
    assert rows[""] == ["median", "range", "target", ""]
    for name in ("ours / openai", "ours / openai, aiohttp", "ours: rows/s", "ours: CPU ms/row"):
        assert float(rows[name][0]) > 0
    assert rows["ours / openai"][2] == ">= 1.4"
    assert rows["ours / openai, aiohttp"][2] == ">= 0.85"


@pytest.mark.slow
def test_verdicts_are_measured_next_to_rows() -> None:
    done = _bench("verdicts", "--rows", "100", "--repeat", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100 rows, all good" in done.stdout
    assert "| rate, verdicts / ours |" in done.stdout


@pytest.mark.whole_run
def test_a_scenario_that_does_not_exist_is_named_with_those_that_do() -> None:
    done = _bench("no_such")
    assert done.returncode == 2
    assert "no_such" in done.stderr
    assert "no_latency" in done.stderr
