"""What a person at a terminal sees while calls are made."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

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


def test_one_live_line_tells_how_far_the_calls_are(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=300)
    size = "attribute_sampling.num_examples=120,generation.max_concurrency=16"
    written = _on_a_terminal(project, "--pipelines", "generate", "--env", "openai", "--params", size, **openai_env)

    seen = [line for line in re.split(r"[\r\n]+", _CONTROL.sub("", written)) if line.strip()]
    assert all(len(line) <= 80 for line in seen), seen
    live = [line for line in seen if re.match(r"[\d,]+/120 rows, ", line)]
    assert len({line.partition(" ")[0] for line in live}) > 3
    assert re.search(r"\d ok, [\d.]+/s, [\d,]+ tokens, \$[\d.]+, \d+:\d\d left", " ".join(live))
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h")  # the cursor is back
    assert any("planned   120" in line for line in seen)
