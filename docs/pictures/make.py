"""Makes the pictures in this folder anew: two real runs, MLflow's pages of them, and a report. `make screenshots`.

The model of the runs in MLflow is the loopback server of `benchmarks/`, since an offline run is over in a second and
costs nothing. The report is that of an offline rehearsal.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.support.project import TRACKED, Project, environment
from tests.support.server import FaultServer

_HERE = Path(__file__).parent
_WIDTH, _HEIGHT = 1280, 800
_COLOURS = 128
_LONGEST_START_S = 120.0
_RUN_PAGES = "workflowType=machine_learning"
_SETTLED_MS = 6_000  # charts are drawn after the last answer
_LOOKS = """
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
"""
_SIZE = "attribute_sampling.num_examples=600,generation.max_concurrency=12,tracking.trace_share=0.05"
_REPORT_HEIGHT = 790  # down to the account of the rows
_REHEARSAL = {"fenced_json": 0.1, "label_leaked": 0.05, "refused": 0.02, "invalid_json": 0.02, "near_duplicate": 0.03}
_RUNS = (
    ({"latency_ms": 300, "broken_json": 0.06, "refusal": 0.03, "sticky": True}, "llm.temperature=1.0"),
    ({"latency_ms": 220, "broken_json": 0.02, "refusal": 0.01, "sticky": True}, "llm.temperature=0.7"),
)


def main() -> None:
    """Runs the project twice in a temporary copy, and takes the pictures."""
    with tempfile.TemporaryDirectory(prefix="textcat-pictures-") as folder:
        project = Project(Path(folder))
        _run_twice(project)
        with _mlflow(project) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
            page.add_init_script(_LOOKS)
            _take(project, page, server)
            _take_report(page)
            browser.close()


def _run_twice(project: Project) -> None:
    with FaultServer() as server:
        env = {"OPENAI_API_KEY": "sk-for-pictures-only", "OPENAI_BASE_URL": server.url, **TRACKED}
        for faults, parameter in _RUNS:
            server.set_faults(**faults)
            project.generate("--env", "openai", "--params", f"{_SIZE},{parameter}", **env)


@contextmanager
def _mlflow(project: Project) -> Iterator[str]:
    """The address of MLflow's pages of the project, while its server runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = ("--backend-store-uri", "sqlite:///mlflow.db")
    command = [sys.executable, "-m", "mlflow", "ui", "--workers", "1", "--port", str(port), *store]
    with subprocess.Popen(command, cwd=project.folder, env=environment(), start_new_session=True) as serving:  # noqa: S603
        try:
            _wait_for(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(serving.pid, signal.SIGINT)


def _wait_for(address: str) -> None:
    end = time.monotonic() + _LONGEST_START_S
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def _take(project: Project, page: Page, server: str) -> None:
    run = project.mlflow_runs()[0].info
    runs = f"{server}/#/experiments/{run.experiment_id}/runs"
    name = str(run.run_name)
    _shoot(page, f"{runs}?{_RUN_PAGES}", "mlflow-runs", name)
    _shoot(page, f"{runs}?{_RUN_PAGES}&compareRunsMode=CHART", "mlflow-charts", name, search="live/")
    _shoot(page, f"{runs}/{run.run_id}?{_RUN_PAGES}", "mlflow-run", name, "Show more")
    task = "The classification task"
    _shoot(page, f"{runs}/{run.run_id}/traces?{_RUN_PAGES}", "mlflow-trace", task, task)


def _take_report(page: Page) -> None:
    with tempfile.TemporaryDirectory(prefix="textcat-report-") as folder:
        project = Project(Path(folder))
        project.parameters(llm={"defects": _REHEARSAL}, attribute_sampling={"num_examples": 400, "clarity": "paper"})
        project.generate()
        page.set_viewport_size({"width": _WIDTH, "height": _REPORT_HEIGHT})
        _shoot(page, project.path("data/08_reporting/quality_report.html").as_uri(), "report", "planned rows accepted")


def _shoot(
    page: Page, address: str, name: str, until: str, then_click: str | None = None, search: str | None = None
) -> None:
    """Takes a picture of a page once it shows a text, as soon as it has settled."""
    page.goto("about:blank")  # else only the part after # would change, and the page keep its state
    page.goto(address)
    page.get_by_text(until).first.wait_for(timeout=_LONGEST_START_S * 1_000)
    page.wait_for_timeout(_SETTLED_MS)
    if then_click is not None:
        page.get_by_text(then_click).first.click()
        page.wait_for_timeout(_SETTLED_MS)
    if search is not None:
        page.get_by_placeholder("Search metric charts").fill(search)
        page.wait_for_timeout(_SETTLED_MS)
    path = _HERE / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(_COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
