"""The terminal goes away: a reader that ends, a closed stream, a full disk, a hang-up. What is paid for is kept."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.project import KEDRO, UP_TO_THE_REPORT, Project, environment
from tests.support.server import FaultServer

_ROWS = 30
_GENERATE = f"run --pipelines generate --params attribute_sampling.num_examples={_ROWS}"
_OPENAI = f"--env openai --params attribute_sampling.num_examples={_ROWS},generation.max_concurrency=2"


def _in_a_shell(project: Project, redirections: str) -> "subprocess.CompletedProcess[str]":
    command = f"exec {KEDRO} {_GENERATE} {redirections}"
    env = environment(TEXTCAT_TRACKING="off")
    bash = ["bash", "-c", command]
    return subprocess.run(bash, cwd=project.folder, env=env, capture_output=True, text=True, timeout=120, check=False)


def _is_whole(project: Project) -> bool:
    ledger = project.ledger()
    return ledger["planned"] == _ROWS and ledger["not_run"] == 0 and len(project.journal()) >= _ROWS


def test_a_run_goes_on_when_its_reader_has_ended(project: Project) -> None:
    """As in `kedro run | head -1`."""
    running = subprocess.Popen(
        [KEDRO, *_GENERATE.split()],
        cwd=project.folder,
        env=environment(TEXTCAT_TRACKING="off"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stderr is not None
    assert running.stdout.readline()
    running.stdout.close()
    said = running.stderr.read()
    assert running.wait(120) == 0, said
    assert _is_whole(project)
    assert said.count("stdout can't be written (its reader has ended): the run continues without it") == 1
    assert len(said.splitlines()) == 1, said  # no traceback, no "Exception ignored"
    running.stderr.close()


@pytest.mark.parametrize(
    ("redirections", "told"),
    [
        pytest.param("2>&1 | true; exit ${PIPESTATUS[0]}", "", marks=pytest.mark.slow),
        pytest.param(">&-", "", marks=pytest.mark.slow),
        pytest.param(">&- 2>&- <&-", "", marks=pytest.mark.slow),
        (">/dev/full", "stdout can't be written (its disk is full)"),
        pytest.param(">/dev/full 2>/dev/full", "", marks=pytest.mark.slow),
    ],
)
def test_output_that_can_not_be_written_is_dropped(project: Project, redirections: str, told: str) -> None:
    done = _in_a_shell(project, redirections)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _is_whole(project)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.slow
def test_an_error_keeps_its_exit_code_without_a_terminal(project: Project) -> None:
    command = f"exec {KEDRO} run --pipelines generate --params attribute_sampling.num_examples=none >&- 2>&-"
    assert subprocess.run(["bash", "-c", command], cwd=project.folder, env=environment(), check=False).returncode == 1


def _goes_on_from_there(project: Project, server: FaultServer, openai_env: dict[str, str]) -> None:
    saved = len(project.journal())
    assert 0 < saved < _ROWS
    assert server.stats()["requests"] - saved <= 2  # in flight
    server.set_faults(latency_ms=0)
    project.generate(*_OPENAI.split(), stages=UP_TO_THE_REPORT, **openai_env)
    assert _is_whole(project)
    assert server.stats()["repeated_prompts"] <= 2


def test_a_terminal_that_hangs_up_ends_the_run_in_order(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=1000)  # a busy machine hangs up late
    ours, theirs = pty.openpty()
    # A session of its own, whose terminal this is: the kernel tells it when the other end is closed.
    leader = (
        "import fcntl, os, signal, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
        "signal.signal(signal.SIGHUP, signal.SIG_DFL); "  # the tests may run under nohup
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", leader, KEDRO, "run", "--pipelines", "generate", *_OPENAI.split()],
        cwd=project.folder,
        env=environment(TERM="xterm", TEXTCAT_TRACKING="off", **openai_env),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    project.wait_for_journal(3)
    os.close(ours)
    for _ in range(150):  # a shell passes it on once more; here until the process has gone
        time.sleep(0.02)
        if running.poll() is not None:
            break
        running.send_signal(signal.SIGHUP)
    assert running.wait(60) == 130
    _goes_on_from_there(project, server, openai_env)


@pytest.mark.slow
def test_under_nohup_a_run_goes_on(
    project: Project, server: FaultServer, openai_env: dict[str, str], tmp_path: Path
) -> None:
    server.set_faults(latency_ms=100)
    with (tmp_path / "out.txt").open("w") as out:
        running = subprocess.Popen(
            ["nohup", KEDRO, "run", "--pipelines", "generate", *_OPENAI.split()],
            cwd=project.folder,
            env=environment(TEXTCAT_TRACKING="off", **openai_env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
        project.wait_for_journal(3)
        running.send_signal(signal.SIGHUP)
        assert running.wait(120) == 0
    assert _is_whole(project)
