"""A report whose checks the workers of a cluster share is that of one machine, file by file, also if workers die."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.clients.report_rows import make
from tests.fleet.cluster import Cluster, send
from tests.support.project import Project

pytestmark = pytest.mark.fleet

_ROWS = 8_000
_LONGEST_S = 600
_SAME = (
    "05_model_input/examples.parquet",
    "05_model_input/rejected.parquet",
    "08_reporting/findings.parquet",
    "08_reporting/ledger.json",
    "08_reporting/metrics.json",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of a finished generation with failed rows, near duplicates and wrong languages."""
    folder = tmp_path_factory.mktemp("made")
    make(folder, _ROWS)
    return folder


@pytest.fixture(scope="module")
def alone(made: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of one process."""
    project = _project(made, tmp_path_factory.mktemp("alone"))
    _finished(_report(project))
    return _files(project)


def _project(made: Path, folder: Path) -> Project:
    project = Project(folder)
    shutil.copytree(made, project.path("data"), dirs_exist_ok=True)
    return project


def _report(project: Project, cluster: Cluster | None = None, workers: int = 0) -> "subprocess.Popen[str]":
    chosen = f"address={cluster.address}" if cluster else f"local.workers={workers}"
    shared = f",cluster.{chosen},cluster.rows_to_share=1" if cluster or workers else ""
    params = f"quality_report.min_yield=0{shared}"
    return project.start("--pipelines", "quality_report", "--params", params)


def _finished(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=_LONGEST_S)
    assert process.returncode == 0, said[-3_000:]
    return said


def _files(project: Project) -> dict[str, bytes]:
    found = {name: next(project.path("data").glob(f"*/{Path(name).name}")) for name in _SAME}
    return {name: path.read_bytes() for name, path in found.items()}


def _wait_for_chunks(project: Project, process: "subprocess.Popen[str]", left: Collection[str] = ()) -> Path:
    """The folder of the work files, once there are chunks; other than those that are left of a run."""
    until = time.monotonic() + _LONGEST_S
    while True:
        found = project.path("data/03_primary/completions").rglob("*.items")
        new = [path.parent for path in found if path.parents[1].name not in left]
        if new:
            return new[0]
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until, "no work is shared"
        time.sleep(0.05)


def _left(project: Project) -> list[str]:
    folder = project.path("data/03_primary/completions")
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_three_workers_of_which_two_are_killed_give_the_files_of_one_machine(
    made: Path, alone: dict[str, bytes], tmp_path: Path
) -> None:
    project = _project(made, tmp_path / "project")
    with Cluster(tmp_path, 3) as cluster:
        run = _report(project, cluster)
        folder = _wait_for_chunks(project, run)
        assert any(folder.glob("work-*"))
        for nanny in cluster.nannies[:2]:
            for worker in cluster.worker_of(nanny):
                send(worker, signal.SIGKILL)
        _finished(run)
    assert _files(project) == alone
    assert _left(project) == []


def test_a_scheduler_that_dies_is_one_line_and_an_interrupt_ends_it_within_seconds(
    made: Path, alone: dict[str, bytes], tmp_path: Path
) -> None:
    project = _project(made, tmp_path / "project")
    with Cluster(tmp_path, 2) as cluster:
        run = _report(project, cluster)
        _wait_for_chunks(project, run)
        run.send_signal(signal.SIGINT)
        begun = time.monotonic()
        run.communicate(timeout=_LONGEST_S)
        assert run.returncode == 130
        assert time.monotonic() - begun < 20  # on a busy machine
        assert _left(project) == []

        run = _report(project, cluster)
        _wait_for_chunks(project, run)
        os.kill(run.pid, signal.SIGKILL)
        run.communicate()
        left = _left(project)
        assert len(left) == 1

        run = _report(project, cluster)
        _wait_for_chunks(project, run, left)
        send(cluster.scheduler, signal.SIGKILL)
        said, _ = run.communicate(timeout=_LONGEST_S)
        assert run.returncode == 1
        assert "The Dask scheduler is gone" in said
        assert "Traceback" not in said
        assert _left(project) == []
    _finished(_report(project))
    assert _files(project) == alone


@pytest.mark.parametrize("is_starting", [True, False])
def test_ctrl_c_ends_workers_of_this_machine_which_say_nothing_of_their_own(
    is_starting: bool, made: Path, tmp_path: Path
) -> None:
    project = _project(made, tmp_path / "project")
    run = _report(project, workers=2)
    if is_starting:
        until = time.monotonic() + _LONGEST_S
        while len(psutil.Process(run.pid).children(recursive=True)) < 3:  # with Python's tracker of resources
            assert time.monotonic() < until, "no worker starts"
            time.sleep(0.02)
    else:
        _wait_for_chunks(project, run)
    processes = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
    for process in processes:  # as a terminal does
        send(process.pid, signal.SIGINT)
    said, _ = run.communicate(timeout=_LONGEST_S)
    assert run.returncode == 130, said
    assert "Traceback" not in said
    assert said.rstrip().endswith("Stopped. What has arrived is saved; the same command goes on from there.")
    until = time.monotonic() + 20
    while any(map(_runs, processes)):  # Python's tracker ends after the others
        assert time.monotonic() < until, processes
        time.sleep(0.1)
    assert _left(project) == []


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False
