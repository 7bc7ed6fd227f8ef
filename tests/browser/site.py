"""A run of the project, and its pages as a web server shows them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import yaml

from tests.support.project import Project, environment

HOSTILE = 'Sort <img src="http://elsewhere.test/x.png" onerror="alert(1)"> [a](" onmouseover="alert(1)) by tone.'
"""A task as a model or a stranger might name it: HTML, and Markdown that becomes HTML."""

_RUN = "attribute_sampling.num_examples=60,llm.defects.label_leaked=0.1"
_THRESHOLDS = {"thresholds": {"leaked": {"fail": None}}}


class Site(NamedTuple):
    """What of a project can be looked at."""

    project: Project
    address: str

    def viz(self, pipeline: str, node: str = "") -> str:
        """Kedro-Viz with a pipeline chosen, and a node."""
        return f"{self.address}/?pid={pipeline}" + (f"&sn={node}" if node else "")

    @property
    def report(self) -> str:
        """The quality report, opened from disk as users do."""
        return self.project.path("data/08_reporting/quality_report.html").as_uri()


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """A run with rejected rows, and Kedro-Viz of it as `make viz-build` writes it."""
    project = Project(folder)
    tasks = project.path("data/01_raw/tasks.yml")
    entries = yaml.safe_load(tasks.read_text(encoding="utf-8"))
    tasks.write_text(yaml.safe_dump([{"task": HOSTILE, "labels": ["calm", "angry"]}, *entries]), encoding="utf-8")
    project.parameters(quality_report=_THRESHOLDS)
    project.generate("--params", _RUN)
    _build(project)
    with served(folder / "build") as address:
        yield Site(project, address)


def _build(project: Project) -> None:
    done = project.kedro("viz", "build", "--include-previews")
    assert "Success" in done.stdout, done.stdout + done.stderr
    assert "could not be previewed" not in done.stdout + done.stderr
    clean = [sys.executable, "-m", "synthetic_textcat.viz_folder", "build"]
    subprocess.run(clean, cwd=project.folder, env=environment(), check=True)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
        """Nothing: a test says what is wrong."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
