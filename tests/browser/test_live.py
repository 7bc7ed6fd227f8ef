"""Kedro-Viz as `make viz` starts it, before any run."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser

from synthetic_textcat.datasets.previews import ABSENT
from tests.browser.watched import Watched
from tests.support.project import Project, environment

_FONTS = ("https://fonts.googleapis.com/",)  # docs/viz.md names it; Kedro-Viz has no switch for it


@contextmanager
def _served(project: Project) -> Iterator[str]:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    server = [sys.executable, "-m", "synthetic_textcat.viz_server"]
    command = [*server, "--no-browser", "--host", "127.0.0.1", "--port", str(port)]
    output = project.path("viz.log").open("w", encoding="utf-8")
    with (
        output,
        subprocess.Popen(
            command,
            cwd=project.folder,
            env=environment(),
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as serving,
    ):
        try:
            yield _answering(f"http://127.0.0.1:{port}/", project)
            os.kill(serving.pid, signal.SIGTERM)
            assert serving.wait(30) == -signal.SIGTERM
            with closing(socket.create_server(("127.0.0.1", port))):  # the server, a child of the command, has gone
                pass
        finally:
            with suppress(ProcessLookupError):
                os.killpg(serving.pid, signal.SIGKILL)


def _answering(url: str, project: Project) -> str:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        with suppress(URLError, ConnectionError), urlopen(url):
            return url
        time.sleep(0.2)
    raise AssertionError(project.path("viz.log").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_before_any_run_previews_say_so_and_only_a_font_is_asked_for(project: Project, browser: Browser) -> None:
    with _served(project) as url, Watched(browser, known=_FONTS) as watched:
        page = watched.goto(f"{url}?pid=generate")
        page.locator(".pipeline-node").first.wait_for()
        assert "is here" not in page.locator("body").inner_text()
        for node in ("examples", "metrics", "prompt_preview", "yield_plot", "text_label", "reference_texts"):
            page = watched.goto(f"{url}?pid=generate&sn={node}")
            page.locator(".pipeline-metadata").get_by_text(ABSENT).first.wait_for()
