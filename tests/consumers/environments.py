"""Virtual environments of the consumers, made once below the user's cache folder, and scripts that run in them."""

import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

_REQUIREMENTS = Path(__file__).parent / "requirements"
_GUARD = str(Path(__file__).parents[1] / "support" / "loopback_only")
_INSTALL_S, _RUN_S = 3600, 600
_SHOWN = 4_000  # characters of a failed process's output


def python_in(name: str) -> Path:
    """The Python of an environment with the packages that `requirements/<name>.txt` pins; installs them at first."""
    pinned = (_REQUIREMENTS / f"{name}.txt").read_bytes()
    digest = hashlib.sha256(pinned + sys.version.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "synthetic-textcat" / "consumers" / f"{name}-{digest}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / ".ready"
    if not ready.exists():
        venv.create(folder, clear=True, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "-r", str(_REQUIREMENTS / f"{name}.txt")]
        _done(command, {"PYTHONPATH": ""}, _INSTALL_S)
        ready.touch()
    return python


def run_in(name: str, script: str, home: Path, *arguments: object) -> Any:
    """What a script prints in its last line, as JSON. It reaches no other host, so it loads no weights.

    Args:
        name: Of the environment.
        script: Python code.
        home: Folder for caches of the consumer.
        arguments: `sys.argv[1:]`.
    """
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(home), "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": _GUARD}
    command = [str(python_in(name)), "-W", "ignore", "-c", script, *map(str, arguments)]
    return json.loads(_done(command, offline, _RUN_S).splitlines()[-1])


def _done(command: list[str], env: Mapping[str, str], limit_s: float) -> str:
    done = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, timeout=limit_s, check=False
    )
    if done.returncode:
        pytest.fail(f"exit {done.returncode}\n{done.stdout[-_SHOWN:]}\n{done.stderr[-_SHOWN:]}")
    return done.stdout
