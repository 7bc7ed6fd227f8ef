"""What a person at a terminal sees while calls are made."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pytest
import yaml

from tests.support.project import KEDRO, Project, environment
from tests.support.server import FaultServer

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def _on_a_terminal(project: Project, *arguments: str, **env: str) -> str:
    """Everything that `kedro run` writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    running = subprocess.Popen(
        [KEDRO, "run", *arguments],
        cwd=project.folder,
        env=environment(TERM="xterm", TEXTCAT_TRACKING="off", **env),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # how the end of a terminal is told
        while chunk := os.read(ours, 1 << 16):
            written += chunk
    os.close(ours)
    assert running.wait() == 0, written.decode()
    return written.decode()


def _in_two_languages(project: Project) -> None:
    """Plans German rows too, which the test server writes in English."""
    file = project.path("conf/openai/parameters.yml")
    parameters = yaml.safe_load(file.read_text(encoding="utf-8")) | {
        "attribute_sampling": {"language": ["English", "German"]},
        "quality_report": {"min_yield": 0},
    }
    file.write_text(yaml.safe_dump(parameters), encoding="utf-8")


def _lines(written: str) -> list[str]:
    seen = [line for line in re.split(r"[\r\n]+", _CONTROL.sub("", written)) if line.strip()]
    assert all(len(line) <= 80 for line in seen), seen
    return seen


def test_one_live_line_tells_how_far_the_calls_are_and_how_many_rows_are_good(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=300)
    _in_two_languages(project)
    size = "attribute_sampling.num_examples=120,generation.max_concurrency=16"
    written = _on_a_terminal(project, "--pipelines", "generate", "--env", "openai", "--params", size, **openai_env)

    seen = _lines(written)
    live = [line for line in seen if re.match(r"[\d,]+/120 rows, ", line)]
    assert len({line.partition(" ")[0] for line in live}) > 3
    assert re.search(r"\d ok, \d+ rejected, [\d.]+/s, [\d,]+ tokens, \$[\d.]+", " ".join(live))
    assert not any(" left" in line for line in live)  # three seconds are too short for an estimate
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h")  # the cursor is back
    assert any("planned   120" in line for line in seen)
    *_, last = re.finditer(r"120/120 rows, (\d+) ok, (\d+)\s+rejected", " ".join(seen))
    ledger = project.ledger()
    duplicates = sum(rows for reason, rows in ledger["rejected"].items() if reason.endswith("_duplicate"))
    assert int(last[1]) == ledger["accepted"] + duplicates
    assert 30 < int(last[2]) < 90


@pytest.mark.slow
def test_the_time_left_is_shown_once_it_means_something(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=500)
    size = "attribute_sampling.num_examples=320,generation.max_concurrency=10"
    written = _on_a_terminal(project, "--pipelines", "generate", "--env", "openai", "--params", size, **openai_env)

    live = [line for line in _lines(written) if re.match(r"[\d,]+/320 rows, ", line)]
    shown = [re.search(r"^(\d+)/320 .* (\d+):(\d\d) left$", line) for line in live]
    first = next(number for number, found in enumerate(shown) if found)
    assert first > 3
    assert all(int(line.partition("/")[0]) <= 320 for line in live)
    at_20_a_second = [(320 - int(found[1])) / 20 for found in shown if found]
    left = [60 * int(found[2]) + int(found[3]) for found in shown if found]
    assert all(
        0.5 * least - 2 <= seconds <= 6 * least + 10 for seconds, least in zip(left, at_20_a_second, strict=True)
    )
