"""Fixtures of all tests, and the guard that keeps this process's sockets on loopback too."""

import gc
import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

# Several processes share the cores: numerical libraries' threads would keep them busy waiting for one another. It must
# stand before their first import; the runs that tests start have as many threads as a user's (`environment`).
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import tests.support.loopback_only.sitecustomize  # noqa: F401  guards this process as it guards its children
from tests.support.examples import IN_A_TEST_RUN
from tests.support.project import PYTHONPATH, Project
from tests.support.s3 import S3Server
from tests.support.server import FaultServer
from tests.support.server_host import ServerHost

gc.disable()  # until all tests are collected, see `pytest_collection`: what is imported stays

# A shell that starts the tests in the background has them, and all their children, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no failure.
hypothesis.settings.register_profile("any machine", deadline=None, max_examples=IN_A_TEST_RUN)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=3)  # of `make unit`
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=200)  # of `make proofs`
hypothesis.settings.load_profile("any machine")
for _switch in ("HF_HUB_DISABLE_XET", "HF_HUB_DISABLE_TELEMETRY"):  # as settings.py has them, before any import
    os.environ[_switch] = "true"

# Containers often switch bytecode files off: then each of some hundred processes compiles all modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Each HTTP client loads all authorities it trusts, some 27 ms of CPU: one is enough where all servers are on loopback.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).parent / "support" / "authority.pem")

os.environ["PYTHONPATH"] = PYTHONPATH  # for every child process, whoever starts it


_WHOLE_RUNS = ("end_to_end", "browser", "notebooks", "recipes", "fleet")


_OBJECTS_BETWEEN_COLLECTIONS = 50_000


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keeps the garbage collector from going through thousands of tests again and again: seconds in each process.

    The objects are not frozen: the engine asks at each use how many are, and Python counts them one by one.
    """
    try:
        return (yield)
    finally:
        gc.enable()
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Collects garbage once, for warnings of what was not closed; pytest and Python would do so five times more."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what `make unit` leaves out: folders, tests that ask an S3 server, and those with a target of their own."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in _WHOLE_RUNS:
            item.add_marker(pytest.mark.whole_run)
        elif folder == "consumers":
            item.add_marker(pytest.mark.consumer)
        elif folder == "providers":
            item.add_marker(pytest.mark.provider)
        elif folder == "real_model":
            item.add_marker(pytest.mark.real_model)
        elif "s3" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.whole_run)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh copy of the project."""
    return Project(tmp_path)


@pytest.fixture(scope="session")
def server_host() -> Iterator[ServerHost]:
    """The process in which the servers of the tests run."""
    with ServerHost() as host:
        yield host


@pytest.fixture
def server(server_host: ServerHost) -> Iterator[FaultServer]:
    """A loopback server without faults; tests set what they need."""
    with server_host.server() as running:
        yield running


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A loopback S3 server with one bucket."""
    with S3Server() as running:
        yield running


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The same, with the bucket empty."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")  # its client would look for credentials on the network
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    s3_server.clear()
    return s3_server


@pytest.fixture
def openai_env(server: FaultServer) -> dict[str, str]:
    """What a user exports to reach the loopback server."""
    return {"OPENAI_API_KEY": "sk-test-secret-0123456789", "OPENAI_BASE_URL": server.url}
