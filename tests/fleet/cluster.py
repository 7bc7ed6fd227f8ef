"""A Dask scheduler and workers as processes, each of which a test can kill, freeze and thaw."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from tests.support.project import environment, is_alive

_SETTINGS = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s"}
"""A frozen worker counts as dead after seconds, not five minutes."""

_READY_S = 60.0


class Cluster:
    """A scheduler and its workers, each with its nanny, as a user starts them.

    Attributes:
        address: Of the scheduler.
    """

    def __init__(self, folder: Path, workers: int, **env: str) -> None:
        self._folder = folder
        self._number = workers
        self._env = environment(OPENAI_API_KEY="none", **_SETTINGS, **env)
        self._scheduler: subprocess.Popen[bytes] | None = None
        self._nannies: list[subprocess.Popen[bytes]] = []
        self._port = 0
        self.address = ""

    def __enter__(self) -> Self:
        self.start_scheduler()
        for _ in range(self._number):
            self.add_worker()
        self.wait_for_workers(self._number)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end_workers()
        if self._scheduler is not None:
            self._scheduler.kill()
            self._scheduler.wait()

    def end_workers(self) -> None:
        """Kills all workers with their nannies."""
        for nanny in self._nannies:
            for process in (*self._children(nanny), nanny.pid):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            nanny.wait()
        self._nannies.clear()

    @property
    def scheduler(self) -> int:
        """Process of the scheduler."""
        assert self._scheduler is not None
        return self._scheduler.pid

    @property
    def nannies(self) -> list[int]:
        """Processes of the nannies that live."""
        return [nanny.pid for nanny in self._nannies if nanny.poll() is None]

    @property
    def workers(self) -> list[int]:
        """Processes of the workers that live, by nanny."""
        return [child for nanny in self._nannies if nanny.poll() is None for child in self._children(nanny)]

    def worker_of(self, nanny: int) -> list[int]:
        """Processes of a nanny's worker."""
        return self._children(next(each for each in self._nannies if each.pid == nanny))

    def start_scheduler(self) -> None:
        """Starts the scheduler, at the address of the last one, which has ended."""
        if self._scheduler is not None:
            self._scheduler.wait(timeout=_READY_S)
        place = self._folder / "scheduler.json"
        place.unlink(missing_ok=True)
        options = ["--host", "127.0.0.1", "--port", str(self._port), "--no-dashboard", "--scheduler-file", str(place)]
        self._scheduler = self._started("scheduler", *options)
        end = time.monotonic() + _READY_S
        while not (place.exists() and place.read_text(encoding="utf-8").rstrip().endswith("}")):
            assert time.monotonic() < end, "the scheduler does not start"
            time.sleep(0.1)
        self.address = json.loads(place.read_text(encoding="utf-8"))["address"]
        self._port = int(self.address.rpartition(":")[2])

    def add_worker(self) -> None:
        """Starts a worker with its nanny."""
        options = ["--nthreads", "1", "--no-dashboard", "--local-directory", str(self._folder), "--death-timeout", "60"]
        self._nannies.append(self._started("worker", self.address, *options))

    def wait_for_workers(self, number: int) -> None:
        """Waits until the scheduler knows so many."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(number, timeout=_READY_S)

    def _started(self, *command: str) -> "subprocess.Popen[bytes]":
        with (self._folder / f"{command[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *command], cwd=self._folder, env=self._env, stdout=log, stderr=log
            )

    @staticmethod
    def _children(nanny: "subprocess.Popen[bytes]") -> list[int]:
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(nanny.pid).children(recursive=True)
            return [child.pid for child in found if "resource_tracker" not in " ".join(_command(child))]
        return []


def _command(process: Any) -> list[str]:
    with suppress(psutil.Error):
        found: list[str] = process.cmdline()
        return found
    return []


def send(process: int, number: signal.Signals) -> None:
    """Sends a signal to a process, which may be gone."""
    if is_alive(process):
        with suppress(ProcessLookupError):
            os.kill(process, number)
