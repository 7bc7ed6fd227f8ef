"""A run's times while somebody sets the machine's clock.

A lock that tells whether the process of a run lives.
"""

import math
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kedro.io import MemoryDataset

from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls
from synthetic_textcat.hooks.tracking.catalog_metadata import MlflowMetadata, TrackedDataset, metrics_of
from synthetic_textcat.hooks.tracking.opening import Opening, end_killed_runs
from synthetic_textcat.hooks.tracking.run_log import (
    LOCK_TAG,
    RunClock,
    RunLog,
    acquire_stale_lock,
    create_lock,
    log_workers,
    release_lock,
)
from synthetic_textcat.hooks.tracking.run_lookup import NEWEST_FIRST, NUMBER_TAG, next_number
from synthetic_textcat.hooks.tracking.store import Store
from synthetic_textcat.schemas.worker_counts import WorkerCounts, WorkerShare
from tests.hooks.tracking.project import Project, make_project
from tests.hooks.tracking.sampled import Plan

_DAY_S = 86_400.0
_PROCESS = {"process": f"{socket.gethostname()}:{os.getpid()}"}
_HOLD = """
import sys, time
from pathlib import Path
from synthetic_textcat.hooks.tracking.run_log import create_lock
lock, tags = create_lock(Path(sys.argv[1]))
print(*tags.values(), flush=True)
time.sleep(600)
"""


@dataclass
class _Machine:
    """Its two clocks."""

    wall: float = 1_800_000_000.0
    monotonic: float = 50.0

    def clock(self) -> RunClock:
        return RunClock(wall=lambda: self.wall, monotonic=lambda: self.monotonic)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


def _open(project: Project, clock: RunClock, name: str) -> RunLog:
    tags = {"process": f"{socket.gethostname()}:1"}
    opening = Opening(project=project.path, name=name, tags=tags, params={}, start_ms=clock.started_ms)
    return opening.open(BoundedCalls(), clock)


@pytest.mark.parametrize("set_by_s", [-_DAY_S, _DAY_S])
def test_times_follow_the_monotonic_clock(set_by_s: float) -> None:
    machine = _Machine()
    clock = machine.clock()
    machine.passes(10)
    machine.wall += set_by_s
    machine.passes(10)

    assert clock.now_ms() - clock.started_ms == 20_000
    assert clock.correction_ms() == -set_by_s * 1000


def test_a_clock_that_drifts_is_not_corrected() -> None:
    machine = _Machine()
    clock = machine.clock()
    machine.passes(10)
    machine.wall += 0.3
    assert clock.correction_ms() == 0


def test_a_run_ends_after_it_began_though_the_clock_was_set_back(project: Project) -> None:
    machine = _Machine()
    log = _open(project, machine.clock(), "first")
    log.batch(metrics={"before": 1.0})
    machine.wall -= _DAY_S
    machine.passes(30)
    log.batch(metrics={"after": 1.0})
    log.end("FINISHED", None)

    run = log.client.get_run(log.run_id)
    assert run.info.end_time - run.info.start_time == 30_000
    times = [log.client.get_metric_history(log.run_id, name)[0].timestamp for name in ("before", "after")]
    assert times == [run.info.start_time, run.info.end_time]


def test_the_newest_run_is_the_one_begun_last_by_any_clock(project: Project) -> None:
    machine = _Machine()
    for name in ("first", "second", "third"):
        log = _open(project, machine.clock(), name)
        log.end("FINISHED", None)
        machine.wall -= _DAY_S
    old = log.client.create_run(log.experiment_id, run_name="of an older version").info.run_id
    found = log.client.search_runs([log.experiment_id], order_by=NEWEST_FIRST)

    assert [run.info.run_name for run in found] == ["third", "second", "first", "of an older version"]
    log.client.set_tag(old, NUMBER_TAG, "x")  # a user's
    assert next_number(log.client, log.experiment_id).isdecimal()


def test_a_swept_run_ends_no_earlier_than_it_began(project: Project) -> None:
    machine = _Machine()
    killed = _open(project, machine.clock(), "killed")
    assert killed.lock is not None
    killed.lock.release()  # as a kill does
    machine.wall -= _DAY_S
    end_killed_runs(_open(project, machine.clock(), "next"), Store.of(project.path))

    run = killed.client.get_run(killed.run_id)
    assert run.info.status == "KILLED"
    assert run.info.end_time >= run.info.start_time


def test_calls_are_shown_at_the_runs_time() -> None:
    machine, plan = _Machine(), Plan(3)
    sample = plan.sample(1.0, clock=machine.clock())
    sample.note(plan.completions())
    machine.wall -= _DAY_S
    sample.note(plan.completions())

    assert [call.shift_ms for call in sample.take()] == [0, 0, 0, *[_DAY_S * 1000] * 3]


@pytest.mark.whole_run  # it imports MLflow anew
def test_a_process_that_lives_keeps_its_lock_and_a_killed_one_leaves_it_behind(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        tags = _PROCESS | {LOCK_TAG: process.stdout.readline().split()[0]}
        assert acquire_stale_lock(tmp_path, tags) is None
        process.send_signal(signal.SIGKILL)

    lock = acquire_stale_lock(tmp_path, tags)

    assert lock is not None
    assert acquire_stale_lock(tmp_path, tags) is None  # it is held by the one who found it
    release_lock(lock)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_certain_counts_as_alive(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    lock, tags = create_lock(folder)
    assert lock is not None
    lock.release()  # as a kill would
    (tmp_path / "outside.lock").touch()

    for doubtful in (
        {},
        tags,
        tags | {"process": "another-machine:1"},
        _PROCESS,
        _PROCESS | {LOCK_TAG: "textcat-" + "0" * 32},
        _PROCESS | {LOCK_TAG: "../outside"},
    ):
        assert acquire_stale_lock(folder, doubtful) is None
    assert [path.name for path in folder.iterdir()] == [f"{tags[LOCK_TAG]}.lock"]
    left = acquire_stale_lock(folder, _PROCESS | tags)
    assert left is not None
    release_lock(left)


def test_a_lock_taken_in_one_thread_is_freed_in_another(tmp_path: Path) -> None:
    taken = []
    thread = threading.Thread(target=lambda: taken.append(create_lock(tmp_path)))
    thread.start()
    thread.join()
    ((lock, tags),) = taken
    assert lock is not None
    assert acquire_stale_lock(tmp_path, _PROCESS | tags) is None

    release_lock(lock)

    assert not lock.is_locked
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_written_means_no_lock(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert create_lock(tmp_path / "file") == (None, {})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_only_finite_metrics_are_logged(value: float) -> None:
    logged: list[str] = []

    class _Client:
        def log_batch(self, _: str, metrics: Any, **__: Any) -> None:
            logged.extend(metric.key for metric in metrics)

    RunLog(_Client(), "0", "run").batch(metrics={"yield/all": 0.5, "real/macro_f1": value})  # type: ignore[arg-type]
    assert logged == ["yield/all"]


def test_a_metric_without_a_number_stays_out() -> None:
    dataset = MemoryDataset(
        {"a": 1, "b": None, "c": math.nan, "d": np.float64("nan"), "e": math.inf, "f": True, "g": "1"}
    )
    item = TrackedDataset("metrics", dataset, MlflowMetadata(metrics=True), saved=True)
    assert metrics_of(item) == {"a": 1.0}


def test_the_workers_of_a_cluster_are_a_table_of_the_run() -> None:
    class Client:
        def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
            logged.append((run_id, artifact_file, text))

    logged: list[tuple[str, str, str]] = []
    client: Any = Client()
    busy = WorkerCounts(calls=9, replies=8, accepted=6, rejected=1, failed=1, tokens=900, usd=None)
    log_workers(RunLog(client, "0", "run-1"), {"b:2": WorkerShare(3, busy), "a:1": WorkerShare()})
    table = (
        "worker,shards,calls,replies,accepted,rejected,failed,tokens,usd\na:1,0,0,0,0,0,0,0,0.0\nb:2,3,9,8,6,1,1,900,\n"
    )
    assert logged == [("run-1", "workers.csv", table)]
