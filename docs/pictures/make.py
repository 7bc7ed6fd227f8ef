"""Makes the pictures in this folder anew: two real runs, MLflow's pages of them, and a report. `make screenshots`.

The model of the runs in MLflow is the loopback server of `benchmarks/`, since an offline run is over in a second and
costs nothing. The report is that of an offline rehearsal.
"""

import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
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
_SETTLED_MS = 6_000  # charts are drawn after the last answer
_LOOKS = """
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
"""
_SIZE = "attribute_sampling.num_examples=600,generation.max_concurrency=12,tracking.trace_share=0.05"
_REPORT_HEIGHT = 725  # down to the account of the rows
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
        with _mlflow(project) as pages, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
            page.add_init_script(_LOOKS)
            _take(project, page, pages)
            _take_report(page)
            browser.close()


def _run_twice(project: Project) -> None:
    with FaultServer() as server:
        env = {"OPENAI_API_KEY": "sk-for-pictures-only", "OPENAI_BASE_URL": server.url, **TRACKED}
        for faults, parameter in _RUNS:
            server.set_faults(**faults)
            project.generate("--env", "openai", "--params", f"{_SIZE},{parameter}", **env)


@contextmanager
def _mlflow(project: Project) -> Iterator[dict[str, str]]:
    """The addresses that `make mlflow` prints, while its server runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "synthetic_textcat.hooks.tracking.browse", "--port", str(port)]
    with subprocess.Popen(  # noqa: S603
        command, cwd=project.folder, env=environment(), stdout=subprocess.PIPE, text=True
    ) as browsing:
        assert browsing.stdout is not None
        pages: dict[str, str] = {}
        while len(pages) < 2 and (line := browsing.stdout.readline()):
            pages |= dict(re.findall(r"^(runs|charts) +(\S+)$", line))
        try:
            yield pages
        finally:
            browsing.send_signal(signal.SIGINT)


def _take(project: Project, page: Page, pages: dict[str, str]) -> None:
    run = project.mlflow_runs()[0].info
    address = pages["runs"].partition("/runs?")[0] + f"/runs/{run.run_id}"
    _shoot(page, pages["runs"], "mlflow-runs")
    _shoot(page, pages["charts"], "mlflow-charts")
    _shoot(page, f"{address}?workflowType=machine_learning", "mlflow-run", "Show more")
    _shoot(page, f"{address}/traces?workflowType=machine_learning", "mlflow-trace", "The classification task")


def _take_report(page: Page) -> None:
    with tempfile.TemporaryDirectory(prefix="textcat-report-") as folder:
        project = Project(Path(folder))
        project.parameters(llm={"defects": _REHEARSAL}, attribute_sampling={"num_examples": 400, "clarity": "paper"})
        project.generate()
        page.set_viewport_size({"width": _WIDTH, "height": _REPORT_HEIGHT})
        _shoot(page, project.path("data/08_reporting/quality_report.html").as_uri(), "report")


def _shoot(page: Page, address: str, name: str, then_click: str | None = None) -> None:
    page.goto("about:blank")  # else only the part after # would change, and the page keep its state
    page.goto(address)
    page.wait_for_timeout(_SETTLED_MS)
    if then_click is not None:
        page.get_by_text(then_click).first.click()
        page.wait_for_timeout(_SETTLED_MS)
    path = _HERE / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(_COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
