"""The Makefile: its list of targets, and its servers, which end with it."""

import os
import re
import shutil
import signal
import stat
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from tests.support.project import is_alive

_ROOT = Path(__file__).parents[1]
_SERVER = """#!/bin/sh
echo "$$ $0 $*" >> "$SEEN"
echo "$PYTHONWARNINGS" >> "$SEEN"
exec sleep 60
"""
"""A stand-in for a command of the environment: says who it is, and serves until it is ended."""


def _environment(folder: Path, *commands: str) -> Path:
    """A virtual environment that is ready, with these commands in it."""
    (folder / "bin").mkdir(parents=True)
    for stamp in (".ready", ".ready-viz", ".ready-dev"):
        (folder / stamp).touch()
    for command in commands:
        path = folder / "bin" / command
        path.write_text(_SERVER, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


def test_help_lists_every_target_with_its_text() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=_ROOT, capture_output=True, text=True, check=True
    ).stdout
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    phony = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    listed = dict(line.split(maxsplit=2)[1:] for line in shown.splitlines())
    assert sorted(listed) == sorted(targets)
    assert sorted(" ".join(phony).split()) == sorted(targets)
    assert listed["generate"].startswith("plan, generate")


def test_make_unit_leaves_out_what_the_default_run_leaves_out() -> None:
    """A `-m` replaces that of the settings: each marker must stand in both."""
    options = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    made = (_ROOT / "Makefile").read_text(encoding="utf-8").partition("UNIT := ")[2].splitlines()[0]
    assert {*re.findall(r"not (\w+)", options["addopts"])} <= {*re.findall(r"not (\w+)", made)}


@pytest.mark.parametrize(("target", "command"), [("mlflow", "mlflow"), ("server", "python"), ("viz", "python")])
def test_a_server_ends_with_make(tmp_path: Path, target: str, command: str) -> None:
    venv, seen = _environment(tmp_path / "venv", "python", "mlflow"), tmp_path / "seen"
    given = {"PATH": os.environ["PATH"], "SEEN": str(seen)}
    made = subprocess.Popen(["make", target, f"VENV={venv}"], cwd=_ROOT, env=given, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while not seen.exists() or len(seen.read_text(encoding="utf-8").splitlines()) < 2:
        assert time.monotonic() < end
        time.sleep(0.05)
    said = seen.read_text(encoding="utf-8").splitlines()
    process, started = said[0].split()[:2]
    assert Path(started).name == command
    if target == "mlflow":
        assert said[1].startswith("ignore:starlette.")

    made.send_signal(signal.SIGTERM)
    made.wait(timeout=20)
    while is_alive(int(process)):
        assert time.monotonic() < end, "the server outlives make"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("arguments", "local", "is_installed"),
    [
        ("", None, False),
        ("", "# cluster:\nllm: {model: m}\n", False),
        ("--env dask", None, True),
        ("--params cluster.local.workers=2", None, True),
        ("", "llm: {model: m}\ncluster:\n  address: tcp://host:8786\n", True),
    ],
)
def test_generate_installs_dask_where_a_cluster_is_chosen(
    tmp_path: Path, arguments: str, local: str | None, is_installed: bool
) -> None:
    shutil.copy(_ROOT / "Makefile", tmp_path)
    (tmp_path / "conf" / "local").mkdir(parents=True)
    if local is not None:
        (tmp_path / "conf" / "local" / "parameters.yml").write_text(local, encoding="utf-8")
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).touch()
    command = ["make", "-n", "generate", f"ARGS={arguments}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ('".[dask]"' in done.stdout) == is_installed
    assert not done.stderr
