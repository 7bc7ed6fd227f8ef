"""Anthropic's Message Batches, in the environment that has its SDK."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.providers.environments import python_in

_ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.provider


def test_the_batch_route_against_anthropics_wire_format() -> None:
    """The tests in `anthropic_batches.py`, each of which this environment's pytest reports."""
    command = [str(python_in("anthropic")), "-m", "pytest", "-n", "0", "-m", "provider", "-W", "ignore"]
    path = os.pathsep.join(map(str, (_ROOT / "src", _ROOT)))
    done = subprocess.run(
        [*command, "tests/providers/anthropic_batches.py"],
        env={**os.environ, "PYTHONPATH": path},
        cwd=_ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert "skipped" not in done.stdout
