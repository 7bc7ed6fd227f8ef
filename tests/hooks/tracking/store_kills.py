"""Kills processes at random moments while they make a new project's MLflow store; looks whether the next one records.

`python -m tests.hooks.tracking.store_kills --kills 200` prints what was found as JSON. With `--in-place` MLflow makes
its tables in `mlflow.db` itself, for comparison, and it is counted how many of the stores that it can't use we can.
Processes are forks of one that has imported MLflow, so that each kill falls into the making of the store.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls, quiet
from synthetic_textcat.hooks.tracking.database_check import DatabaseState, examine
from synthetic_textcat.hooks.tracking.store import Store


def main(arguments: list[str] | None = None) -> int:
    """Prints the counts; 0 if each run after a kill was recorded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-place", action="store_true")
    asked = parser.parse_args(arguments)
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        del os.environ[name]
    chance, record = random.Random(asked.seed), _record_in_place if asked.in_place else _record
    with tempfile.TemporaryDirectory() as folder, quiet():
        import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

        window_s = max(_lasts(record, Path(folder, f"whole-{number}")) for number in range(3))
        found = {"kills": 0, "window_s": round(window_s, 2), "next_run_recorded": 0, "next_run_not_recorded": 0}
        found |= {f"left_{state.name.lower()}": 0 for state in DatabaseState}
        while found["kills"] < asked.kills:
            project = Path(folder, "killed")
            if not _is_killed(record, project, chance.uniform(0, window_s)):  # it was faster
                window_s *= 0.95
                shutil.rmtree(project)
                continue
            found["kills"] += 1
            found[f"left_{examine(project / 'mlflow.db').state.name.lower()}"] += 1
            is_recorded = _wait(_start(record, project)) == 0
            found["next_run_recorded" if is_recorded else "next_run_not_recorded"] += 1
            if asked.in_place and not is_recorded:
                found["recorded_by_us"] = found.get("recorded_by_us", 0) + (_wait(_start(_record, project)) == 0)
            shutil.rmtree(project)
    sys.stdout.write(json.dumps(found) + "\n")
    return 1 if found["next_run_not_recorded"] else 0


def _record(project: Path) -> None:
    """A run, as the hook records it."""
    store = Store.of(project)
    client = store.connect(BoundedCalls())
    client.set_terminated(client.create_run(store.experiment_id(client)).info.run_id)


def _record_in_place(project: Path) -> None:
    """A run, as MLflow alone records it."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{project}/mlflow.db")
    found = client.get_experiment_by_name("x")
    experiment_id = found.experiment_id if found else client.create_experiment("x")
    client.set_terminated(client.create_run(experiment_id).info.run_id)


def _start(record: Callable[[Path], None], project: Path) -> int:
    project.mkdir(exist_ok=True)
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        record(project)
        code = 0
    finally:
        os._exit(code)


def _lasts(record: Callable[[Path], None], project: Path) -> float:
    began = time.monotonic()
    assert _wait(_start(record, project)) == 0
    return time.monotonic() - began


def _is_killed(record: Callable[[Path], None], project: Path, after_s: float) -> bool:
    child = _start(record, project)
    time.sleep(after_s)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return _wait(child) == -signal.SIGKILL


def _wait(child: int) -> int:
    """The exit code; of a killed process the signal, negative."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
