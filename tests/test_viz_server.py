"""Kedro-Viz's server, which ends with its command, without the look-up of newer versions."""

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.support.project import environment, is_alive

_VERSION = (
    "import synthetic_textcat.viz_server;"
    "from kedro_viz.api.rest.responses.version import get_version_response;"
    "print(get_version_response().model_dump_json())"
)

_SERVING = """
import multiprocessing, signal, sys, time
from synthetic_textcat.viz_server import end_with_children

def serve(deaf):
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)

if __name__ == "__main__":
    end_with_children()
    server = multiprocessing.get_context("fork").Process(target=serve, args=(sys.argv[1] == "deaf",), daemon=False)
    server.start()
    print(server.pid, flush=True)
"""
"""As `kedro viz run`: it has started its server, and waits for it at exit."""


@pytest.mark.whole_run
@pytest.mark.parametrize("server", ["obedient", pytest.param("deaf", marks=pytest.mark.slow)])
def test_sigterm_ends_the_server_with_the_command(server: str) -> None:
    command = [sys.executable, "-c", _SERVING, server]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        pid = int(serving.stdout.readline())
        time.sleep(0.1)  # until it waits at exit
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(20) == -signal.SIGTERM
    assert not is_alive(pid)


@pytest.mark.whole_run
def test_the_installed_version_counts_as_the_newest_and_no_host_is_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _VERSION], env=environment(), capture_output=True, text=True, check=True
    )
    version = json.loads(done.stdout.splitlines()[-1])
    assert version["is_outdated"] is False
    assert version["latest"] == version["installed"]
