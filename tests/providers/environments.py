"""Virtual environments of the provider packages, on top of the project's own, made once below ~/.cache."""

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]
_REQUIREMENTS = Path(__file__).parent / "requirements"
_GUARD = _ROOT / "tests" / "support" / "loopback_only"
_UNCONSTRAINED = {"google", "hugging_face"}
"""Environments whose packages need others than `constraints.txt` has."""

_INSTALL_S, _RUN_S = 1800, 300
_SHOWN = 4_000  # characters of a failed process's output


def python_in(name: str) -> Path:
    """The Python of an environment: the project's packages, and those that `requirements/<name>.txt` pins.

    Without a name the project's own.
    """
    if not name:
        return Path(sys.executable)
    requirements = _REQUIREMENTS / f"{name}.txt"
    project = sysconfig.get_path("purelib")
    key = requirements.read_bytes() + f"{sys.version} {project}".encode()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "synthetic-textcat" / "providers" / f"{name}-{hashlib.sha256(key).hexdigest()[:12]}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / ".ready"
    if not ready.exists():
        venv.create(folder, clear=True, with_pip=True)
        own = subprocess.run(
            [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ""},
        ).stdout.strip()  # fmt: skip
        Path(own, "project.pth").write_text(f"{project}\n", encoding="utf-8")
        constraints = [] if name in _UNCONSTRAINED else ["-c", str(_ROOT / "constraints.txt")]
        command = [str(python), "-m", "pip", "install", "--quiet", *constraints, "-r", str(requirements)]
        _done(command, {"PYTHONPATH": ""}, _INSTALL_S)
        ready.touch()
    return python


def ask(name: str, given: Sequence[Mapping[str, Any]], env: Mapping[str, str]) -> list[dict[str, Any]]:
    """What `asking.py` finds for each of these in an environment. It reaches no other host."""
    path = os.pathsep.join(map(str, (_GUARD, _ROOT / "src", _ROOT)))
    command = [str(python_in(name)), "-W", "ignore", "-m", "tests.providers.asking", json.dumps(list(given))]
    found: list[dict[str, Any]] = json.loads(_done(command, {**env, "PYTHONPATH": path}, _RUN_S).splitlines()[-1])
    return found


def _done(command: list[str], env: Mapping[str, str], limit_s: float) -> str:
    done = subprocess.run(
        command, env={**os.environ, **env}, cwd=_ROOT, capture_output=True, text=True, timeout=limit_s, check=False
    )
    if done.returncode:
        pytest.fail(f"exit {done.returncode}\n{done.stdout[-_SHOWN:]}\n{done.stderr[-_SHOWN:]}")
    return done.stdout
