"""Thirty random faults of workers, nannies, the scheduler and the shared folder: no row is lost, accounts balance."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer

import psutil
import pytest

from tests.fleet.cluster import Cluster
from tests.fleet.faulted_run import (
    IN_FLIGHT,
    LAST_SECOND,
    LATENCY_MS,
    LONGEST_S,
    assert_all_paid_for,
    finished,
    lines_of,
    say,
    start,
)
from tests.support.project import Project
from tests.support.server import FaultServer

pytestmark = pytest.mark.fleet

_FAULTS = {"worker": 10, "nanny": 10, "frozen": 6, "scheduler": 2, "full": 2}
"""Faults of each kind; the last two end the run."""

_ROWS = 1_500
"""Rows by which the plan grows when a run has ended before all faults have happened."""

_LAST_ROWS = 100
"""Rows before the end of a run from which on nothing happens: the fault would be too late for this run."""

_WORKERS = 3
_FROZEN_S = 30.0
_SHARED_FOLDER_MB = 64
_SEED = "TEXTCAT_FAULT_SEED"
"""Environment variable with the seed that a failed proof has printed."""


class _Faults:
    """Faults of a cluster under a run, one after the other.

    Attributes:
        happened: Number of each kind.
        paid_twice: Answers that may be paid for twice, by the calls in flight at each fault and the last second.
    """

    def __init__(self, project: Project, cluster: Cluster, server: FaultServer, chance: random.Random) -> None:
        self._project = project
        self._cluster = cluster
        self._server = server
        self._chance = chance
        self._thaw: Timer | None = None
        self._frozen: list[psutil.Process] = []
        self.happened: Counter[str] = Counter()
        self.paid_twice = 0

    def strike(self, kind: str, run: "subprocess.Popen[str]", rows: int) -> None:
        """Lets a fault happen; one that ends the run is repaired, so that the same command can go on."""
        self.happened[kind] += 1
        in_flight = self._server.stats()["in_flight"]
        self.paid_twice += in_flight + LAST_SECOND
        if kind == "worker":
            self._kill(self._cluster.worker_of(self._any_nanny()))
        elif kind == "nanny":
            nanny = self._any_nanny()
            self._kill([nanny, *self._cluster.worker_of(nanny)])
            self._cluster.add_worker()
        elif kind == "frozen":
            self._freeze()
        elif kind == "scheduler":
            self._kill_scheduler(run)
        else:
            self._fill_the_folder(run, rows)

    def thaw(self) -> None:
        """Lets what is frozen go on."""
        if self._thaw is not None:
            self._thaw.cancel()
        _thaw(self._frozen)
        self._frozen, self._thaw = [], None

    def _any_nanny(self) -> int:
        frozen = {process.pid for process in self._frozen}
        able = [n for n in self._cluster.nannies if not frozen & {n, *self._cluster.worker_of(n)}]
        return self._chance.choice(able)

    @staticmethod
    def _kill(processes: list[int]) -> None:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def _freeze(self) -> None:
        """Stops a worker for 30 s, every other time with its nanny, as a frozen machine; one at a time."""
        self.thaw()
        nanny = self._any_nanny()
        chosen = self._cluster.worker_of(nanny)
        if self._chance.random() < 0.5:
            chosen = [*chosen, nanny]
        for process in chosen:
            with suppress(psutil.NoSuchProcess):
                found = psutil.Process(process)
                found.suspend()
                self._frozen.append(found)
        self._thaw = Timer(_FROZEN_S, _thaw, [self._frozen])
        self._thaw.start()

    def _kill_scheduler(self, run: "subprocess.Popen[str]") -> None:
        self._kill([self._cluster.scheduler])
        said, _ = run.communicate(timeout=LONGEST_S)
        assert run.returncode == 1, said[-3_000:]
        assert "The Dask scheduler is gone" in said, said[-3_000:]
        assert "Traceback" not in said
        self.thaw()
        self._cluster.end_workers()
        self._cluster.start_scheduler()
        for _ in range(_WORKERS):
            self._cluster.add_worker()
        self._cluster.wait_for_workers(_WORKERS)

    def _fill_the_folder(self, run: "subprocess.Popen[str]", rows: int) -> None:
        """Fills the storage of the shared folder, which ends the run, and makes room again."""
        filler = self._project.path("data/03_primary/completions/filler")
        _fill(filler)
        said, _ = run.communicate(timeout=LONGEST_S)
        assert run.returncode == 1, said[-3_000:]
        assert "No space left on device" in said, said[-3_000:]
        assert "Traceback" not in said
        if self.happened["full"] == 1:
            self._try_while_it_is_full(filler, rows)
        filler.unlink()

    def _try_while_it_is_full(self, filler: Path, rows: int) -> None:
        """Runs the command once more before there is room: it ends before the first call."""
        self._wait_until_nobody_asks()
        _fill(filler)  # the run's cut of the plan is gone
        requests = self._server.stats()["requests"]
        again = start(self._project, self._cluster, self._server, rows)
        said, _ = again.communicate(timeout=LONGEST_S)
        assert again.returncode == 1, said[-3_000:]
        assert "No space left on device" in said, said[-3_000:]
        assert self._server.stats()["requests"] == requests

    def _wait_until_nobody_asks(self) -> None:
        until = time.monotonic() + LONGEST_S
        while self._server.stats()["in_flight"]:
            assert time.monotonic() < until, "the workers ask on"
            time.sleep(0.2)


def test_thirty_random_faults_lose_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get(_SEED) or random.SystemRandom().randrange(1 << 32))
    chance = random.Random(seed)
    project = Project(tmp_path / "project")
    with (
        _small_shared_folder(project) as can_be_full,
        FaultServer(latency_ms=LATENCY_MS) as server,
        Cluster(tmp_path, _WORKERS, OPENAI_BASE_URL=server.url) as cluster,
    ):
        faults = _Faults(project, cluster, server, chance)
        left = list(Counter(_FAULTS).elements())
        chance.shuffle(left)
        if not can_be_full:
            left = ["worker" if kind == "full" else kind for kind in left]
        say(capsys, f"{_SEED}={seed}: {' '.join(left)}")
        rows, runs = _ROWS, 1
        try:
            run = start(project, cluster, server, rows)
            while left:
                if _has_grown(project, run, chance.randrange(40, 160), most=rows - _LAST_ROWS):
                    say(capsys, f"{left[-1]} at {_account(project, server)}")
                    faults.strike(left.pop(), run, rows)
                if run.poll() is None:
                    continue
                runs += 1
                if run.returncode == 0:  # else the same command again
                    assert_all_paid_for(project, server, faults.paid_twice)
                    rows += _ROWS
                run = start(project, cluster, server, rows)
            finished(run)
        finally:
            faults.thaw()
        assert_all_paid_for(project, server, faults.paid_twice)
        paid_twice, requests = server.stats()["repeated_prompts"], server.stats()["requests"]
    say(
        capsys,
        f"{dict(faults.happened)}: {runs} runs, {rows} rows, {requests} requests, {paid_twice} paid twice, "
        f"{faults.paid_twice} allowed",
    )
    assert faults.happened.total() == 30


def _account(project: Project, server: FaultServer) -> str:
    stats = server.stats()
    return (
        f"{len(lines_of(project))} journal lines, {stats['requests']} requests, {stats['in_flight']} in flight, "
        f"{stats['repeated_prompts']} paid twice"
    )


def _has_grown(project: Project, run: "subprocess.Popen[str]", lines: int, most: int) -> bool:
    """Waits for so many further lines, up to the most, and for the end of the run beyond that; False at the end."""
    begun = len(lines_of(project))
    until = time.monotonic() + LONGEST_S
    lines = lines if begun + lines <= most else LONGEST_S * IN_FLIGHT
    while len(lines_of(project)) < begun + lines:
        assert time.monotonic() < until, "the journal does not grow"
        if run.poll() is not None:
            said, _ = run.communicate()
            assert run.returncode == 0, said[-3_000:]
            return False
        time.sleep(0.1)
    return run.poll() is None


def _fill(filler: Path) -> None:
    """Adds to a file until there is no space left."""
    for size in (1 << 16, 1 << 8):
        with filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(size))


def _thaw(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # its nanny has killed it meanwhile
            process.resume()


@contextmanager
def _small_shared_folder(project: Project) -> Iterator[bool]:
    """A small file system of its own for the shared folder; False where nobody may mount one."""
    folder = project.path("data/03_primary/completions")
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SHARED_FOLDER_MB}m", "tmpfs", str(folder)]
    is_mounted = sys.platform == "linux" and not subprocess.run(command, capture_output=True, check=False).returncode
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
