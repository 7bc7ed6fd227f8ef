"""The fault server on one core, each client as a process of its own on the other."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.machine import CLIENT_CORE, SERVER_CORE, pinned
from tests.support.server import FaultServer

ROOT = Path(__file__).parents[1]
_TOO_LONG_S = 3600.0
_FOREIGN = ("OPENAI_", "MLFLOW_", "KEDRO_", "LANGCHAIN_", "LANGSMITH_")


class BenchmarkError(Exception):
    """A client failed or lost rows; figures of it would mean nothing."""


class Options(NamedTuple):
    """What the command line says; None leaves it to the scenario."""

    rows: int | None = None
    repeat: int | None = None
    against: str | None = None


class Client(NamedTuple):
    """A client to run.

    Attributes:
        name: As in the table.
        module: What `python -m` runs.
        extra: Its arguments after rows and concurrency.
        root: The checkout whose code it runs.
    """

    name: str
    module: str
    extra: tuple[str, ...] = ()
    root: Path = ROOT


class Sample(NamedTuple):
    """One run of a client, and what the server counted meanwhile."""

    rows: int
    client: dict[str, float]
    server: dict[str, Any]

    @property
    def seconds(self) -> float:
        """From before the first request to after the last reply."""
        return self.client["seconds"]


@contextmanager
def serving(**options: object) -> Iterator[FaultServer]:
    """A fault server on its core."""
    server = FaultServer(**options)
    try:
        with pinned(SERVER_CORE):
            server.start()
        yield server
    finally:
        server.stop()


def openai_environment(url: str) -> dict[str, str]:
    """What a client needs to find the server."""
    return {"OPENAI_API_KEY": "sk-benchmark", "OPENAI_BASE_URL": url}


def run_module(module: str, *arguments: object, root: Path = ROOT, **env: str) -> dict[str, float]:
    """Runs a module of a checkout on the clients' core and gives back the JSON object that it prints last.

    Args:
        module: What `python -m` runs.
        *arguments: Its arguments.
        root: The checkout.
        **env: Environment variables; a `PYTHONPATH` of `mixed_path` measures another checkout's package.

    Raises:
        BenchmarkError: If it ends badly.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    own["PYTHONPATH"] = mixed_path(root, root)
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with pinned(CLIENT_CORE):
        done = subprocess.run(  # noqa: S603  our own modules
            command, cwd=root, env=own | env, capture_output=True, text=True, timeout=_TOO_LONG_S, check=False
        )
    if done.returncode:
        raise BenchmarkError(f"{module} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    printed: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return printed


def mixed_path(benchmarks: Path, package: Path) -> str:
    """PYTHONPATH of one checkout's benchmarks with the package of another, which may lack the benchmark."""
    return os.pathsep.join((str(benchmarks), str(package / "src")))


def ask(server: FaultServer, client: Client, rows: int, in_flight: int) -> Sample:
    """Has a client ask for all rows.

    Raises:
        BenchmarkError: If a row brought no good reply.
    """
    server.reset()
    environment = openai_environment(server.url)
    printed = run_module(client.module, rows, in_flight, *client.extra, root=client.root, **environment)
    if printed["good"] != rows:
        raise BenchmarkError(f"{client.name}: {printed['good']:g} of {rows} rows are good")
    print(f"  {client.name}, {rows} rows: {printed['seconds']:.2f} s", file=sys.stderr, flush=True)
    return Sample(rows, printed, server.stats())
