"""200 kills while a project's first run makes its store: each later run is recorded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_each_run_after_a_kill_is_recorded() -> None:
    command = [sys.executable, "-m", "tests.hooks.tracking.store_kills", "--kills", "200"]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)

    assert found["next_run_recorded"] == 200, found
    assert found["left_ready"] + found["left_missing"] == 200, found
