"""Opening of a run: runs that a kill left RUNNING are ended; MLflow starts when model calls leave time for it."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from kedro.pipeline import Pipeline, node

from synthetic_textcat.hooks.tracking import MlflowTracking
from synthetic_textcat.hooks.tracking.opening import QuietMoment, processor_demand_s
from tests.hooks.tracking.pipelines import small_pipeline
from tests.hooks.tracking.project import Project, make_project

_BUSY_S, _IDLE_S = 2.8, 20.0


@pytest.mark.slow
def test_the_next_run_sweeps_a_killed_one_and_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "project")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    monkeypatch.chdir(project.path)
    with ExitStack() as stack:
        killed, running = (stack.enter_context(_waiting(project)) for _ in range(2))
        stack.callback(running.kill)
        stack.callback(killed.kill)
        _wait_for_runs(project, 2)
        [experiment] = {run.info.experiment_id for run in project.runs()}
        unknown = project.client().create_run(experiment, run_name="of an older version").info.run_id
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        process = f":{killed.pid}"

        project.run(MlflowTracking(), small_pipeline())

        by_process = {run.data.tags.get("process", run.info.run_id): run for run in project.runs()}
        [dead] = [run for name, run in by_process.items() if name.endswith(process)]
        assert dead.info.status == "KILLED"
        assert "killed" in dead.data.tags["reason"]
        assert by_process[unknown].info.status == "RUNNING"
        statuses = [run.info.status for run in project.runs()]
        assert sorted(statuses) == ["FINISHED", "KILLED", "RUNNING", "RUNNING"]
        assert len(list((project.path / ".mlflow-running").iterdir())) == 1  # of the one that runs


def _waiting(project: Project) -> "subprocess.Popen[str]":
    return project.kedro("run", "--params", "fail=wait")


def _wait_for_runs(project: Project, number: int) -> None:
    end = time.monotonic() + 60
    folder = project.path / ".mlflow-running"
    while not (folder.exists() and len(list(folder.iterdir())) == number and len(project.runs()) == number):
        assert time.monotonic() < end
        time.sleep(0.2)


class _Machine:
    """A clock that advances a second with each look, and a process that uses this share of each second."""

    def __init__(self, shares: list[float], then: float) -> None:
        self._shares, self._then = iter(shares), then
        self.now = self._used = 0.0

    def monotonic(self) -> float:
        return self.now

    def demand_s(self) -> float:
        self.now += 1.0
        self._used += next(self._shares, self._then)
        return self._used


def _opened_after(machine: _Machine) -> float:
    moment = QuietMoment(machine.monotonic, machine.demand_s, look_every_s=0.001)
    moment.calls_begin()
    moment.wait()
    return machine.now


def test_an_idle_engine_lets_mlflow_start_once_the_first_call_is_out() -> None:
    assert 2 <= _opened_after(_Machine([], then=0.1)) <= 4


def test_a_busy_engine_is_waited_for() -> None:
    assert 30 <= _opened_after(_Machine([0.97] * 30, then=0.1)) <= 33


def test_an_engine_that_is_always_busy_is_waited_for_a_minute() -> None:
    assert 60 <= _opened_after(_Machine([], then=0.97)) <= 63


def test_nothing_starts_between_nodes_of_which_the_next_may_make_the_first_call() -> None:
    machine = _Machine([], then=0.0)

    def demand_s() -> float:
        if machine.now > 500:
            moment.now()
        return machine.demand_s()

    moment = QuietMoment(machine.monotonic, demand_s, look_every_s=0.001)
    moment.calls_begin()
    moment.calls_pause()
    moment.wait()
    assert machine.now > 500


def test_demand_counts_the_processor_seconds_of_this_process() -> None:
    before = processor_demand_s()
    used = time.process_time()
    while time.process_time() < used + 0.05:
        pass
    assert processor_demand_s() - before >= 0.05


def _first_replies(hook: MlflowTracking) -> Iterator[list[str]]:
    """Saves a reply, works for longer than an idle engine is waited for, then waits until MLflow has opened the run."""
    yield ["a reply"]
    end = time.monotonic() + _BUSY_S
    while time.monotonic() < end:
        _work_s(0.03)
        time.sleep(0.01)
    yield [f"busy: {_state(hook)}"]
    end = time.monotonic() + _IDLE_S
    while time.monotonic() < end and hook.run_id is None:
        time.sleep(0.05)
    yield [f"idle: {_state(hook)}"]


def _work_s(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def _state(hook: MlflowTracking) -> str:
    return "recorded" if hook.run_id else "not recorded yet"


@pytest.mark.whole_run
def test_a_run_opens_during_calls_only_once_they_leave_the_processor_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "project")
    monkeypatch.chdir(project.path)
    hook = MlflowTracking()
    replies: list[str] = []

    def call_model(_tasks: object) -> Iterator[list[str]]:
        for batch in _first_replies(hook):
            replies.extend(batch)
            yield batch

    def settle(_replies: object) -> str:
        return "settled"

    project.run(
        hook,
        Pipeline(
            [
                node(call_model, "row_prompt", "replies", name="call_model", tags="model_calls"),
                node(settle, "replies", "unmarked", name="settle"),
            ]
        ),
    )
    assert replies[1:] == ["busy: not recorded yet", "idle: recorded"]
    (run,) = project.runs()
    assert run.info.status == "FINISHED"
