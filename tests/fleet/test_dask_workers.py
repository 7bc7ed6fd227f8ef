"""Workers of a real Dask scheduler, here threads of this process: what they get, what they report, what is refused."""

import json
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from synthetic_textcat.errors import ClusterError, FatalAnswerError
from synthetic_textcat.fleet.dask_cluster import DaskCluster
from synthetic_textcat.fleet.dask_workers import DaskWorkers
from synthetic_textcat.fleet.worker_side import prepare
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.leases import CallEnd, Limits, WorkerReport
from synthetic_textcat.llm.shards.fan_out import FanOut
from synthetic_textcat.llm.shards.folder import SharedFolder
from synthetic_textcat.schemas.cluster_parameters import ClusterParameters
from synthetic_textcat.schemas.open_calls import OpenCalls
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.worker_counts import ReportBatch
from tests.llm.shards.sharded_plan import ShardedPlan, good_texts, wait_for
from tests.support.model_classes import OPENAI_CLASS
from tests.support.server import FaultServer

pytestmark = pytest.mark.filterwarnings("ignore")  # Dask's own: of ports in use, of event loops

_LLM = LlmParameters(model="m")

_CLUSTERS: list[DaskCluster] = []
"""Those of a test, which are closed after it."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Address of a scheduler with two workers."""
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """What a worker process sets for good: its log is a file."""
    package = logging.getLogger("synthetic_textcat")
    before = package.level, package.propagate, package.handlers[:]
    yield
    while _CLUSTERS:
        _CLUSTERS.pop().close()
    package.setLevel(before[0])
    package.propagate, package.handlers[:] = before[1:]
    prepare.cache_clear()


def _workers(address: str, connect_s: float = 10.0) -> DaskWorkers:
    _CLUSTERS.append(DaskCluster(ClusterParameters(address=address), connect_s))
    return DaskWorkers(_CLUSTERS[-1])


def test_a_plan_is_asked_for_by_a_scheduler_that_is_there(address: str, tmp_path: Path) -> None:
    plan = ShardedPlan(tmp_path, rows=60)
    batches = list(plan.ask(_workers(address), shards=5))
    lines = plan.lines()
    alone = ShardedPlan(tmp_path / "alone", rows=60)
    alone.folder.mkdir()
    list(alone.ask(None))
    assert good_texts(lines) == good_texts(alone.lines())
    assert len(lines) == 60
    assert sum(batch.counts.calls for batch in batches if isinstance(batch, ReportBatch)) == 59
    assert all(isinstance(batch.open_calls, OpenCalls) for batch in batches)
    logs = [path.read_text(encoding="utf-8") for path in (plan.shared.path / "logs").glob("*.log")]
    assert any("Shard 0: requesting" in text for text in logs)


def test_caps_hold_over_all_workers(address: str, tmp_path: Path) -> None:
    plan = ShardedPlan(tmp_path, rows=100, generation={"max_tokens_total": 6_000, "max_concurrency": 4})
    list(plan.ask(_workers(address), shards=6))
    spent = sum(line.tokens for line in plan.lines())
    largest = max(line.tokens for line in plan.lines())
    assert 6_000 <= spent <= 6_000 + 4 * largest
    assert len(plan.lines()) < 100


def test_first_replies_that_are_bad_on_all_workers_end_the_run_with_one_line(address: str, tmp_path: Path) -> None:
    slowly = {"max_attempts": 1, "requests_per_minute": 1_200}
    plan = ShardedPlan(tmp_path, rows=80, defects={"invalid_json": 1.0}, generation=slowly)
    with pytest.raises(FatalAnswerError, match=r"The first 20 replies to calls for rows all failed as invalid"):
        list(plan.ask(_workers(address), shards=5))  # of 16 rows each
    assert 20 <= len(plan.lines()) <= 40


def test_an_address_that_does_not_answer_is_one_line() -> None:
    nobody = _workers("tcp://127.0.0.1:9", connect_s=0.5)
    with pytest.raises(
        ClusterError, match=r"No Dask scheduler answers at cluster\.address=tcp://127\.0\.0\.1:9 .*Next"
    ):
        nobody.start()


def test_a_peer_that_accepts_and_says_nothing_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ClusterError, match=r"No Dask scheduler answers at .*says nothing"):
            _workers(address, connect_s=0.5).start()


def test_a_peer_that_is_no_scheduler_is_one_line(server: FaultServer) -> None:
    address = server.url.replace("http", "tcp").removesuffix("/v1")
    with pytest.raises(ClusterError, match=r"is no Dask scheduler that this run can talk to \(.*Next: fix the address"):
        _workers(address).start()


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_nothing_follows_the_line_of_a_peer_that_is_no_scheduler(scheme: str, server: FaultServer) -> None:
    """As the address of a dashboard; `tls` has no certificate here. Nothing of Dask's own follows at the end."""
    address = server.url.replace("http", scheme).removesuffix("/v1")
    began = time.monotonic()
    connecting = subprocess.run(
        [sys.executable, "-c", _CONNECT, address], capture_output=True, text=True, check=False, timeout=120
    )
    (line,) = connecting.stdout.splitlines()
    assert line.startswith(f"cluster.address={address} is no Dask scheduler that this run can talk to (")
    assert "Next: fix the address" in line
    assert connecting.stderr == ""
    assert time.monotonic() - began < 15  # Dask's close of a client that was not made takes 20 s


def _refusal(address: str, spec: ChatModelSpec, folder: Path, run_id: str = "run-1") -> str:
    shared, workers = SharedFolder(folder), _workers(address)
    shared.begin("run-1")
    try:
        with pytest.raises(ClusterError) as error:
            FanOut(workers, shared).prove(spec, _LLM, run_id)
    finally:
        workers.close()
    return str(error.value)


def test_a_worker_without_the_models_key_is_named(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    said = _refusal(address, ChatModelSpec(OPENAI_CLASS), tmp_path / "completions")
    assert "The worker at tcp://" in said
    assert "OPENAI_API_KEY is not set" in said


def test_a_worker_that_does_not_share_the_folder_is_named(address: str, tmp_path: Path) -> None:
    said = _refusal(address, ChatModelSpec("a.B"), tmp_path / "completions", run_id="run-of-another-folder")
    assert "is not the folder of the run" in said


def test_a_scheduler_without_workers_is_named(caplog: pytest.LogCaptureFixture) -> None:
    import distributed

    caplog.set_level(logging.CRITICAL, "distributed")
    empty: Any = distributed.LocalCluster(n_workers=0, processes=False, protocol="tcp", dashboard_address=None)
    with empty, pytest.raises(ClusterError, match=r"has no worker. Next: start some"):
        _workers(empty.scheduler_address).start()


def test_a_dashboard_is_named_only_if_there_is_one(address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    workers = _workers(address)
    workers.start()
    workers.close()
    assert "dashboard" not in caplog.text


_OLDER_SCHEDULER = """
import importlib.metadata, sys
real = importlib.metadata.version
importlib.metadata.version = lambda name: "0.0.1" if name == "toolz" else real(name)
from distributed.cli.dask_scheduler import main
main(["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", sys.argv[1]])
"""


@pytest.mark.fleet
def test_dasks_own_table_of_versions_is_left_out(tmp_path: Path) -> None:
    place = tmp_path / "scheduler.json"
    scheduler = subprocess.Popen([sys.executable, "-c", _OLDER_SCHEDULER, str(place)], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: place.exists() and place.read_text(encoding="utf-8").rstrip().endswith("}"))
        connecting = subprocess.run(
            [sys.executable, "-c", _CONNECT, json.loads(place.read_text(encoding="utf-8"))["address"]],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        scheduler.kill()
        scheduler.wait()
    (line,) = connecting.stdout.splitlines()
    assert "has no worker. Next: start some" in line
    assert connecting.stderr == ""


_CONNECT = """
import sys
from synthetic_textcat.errors import ClusterError
from synthetic_textcat.fleet.dask_cluster import DaskCluster
from synthetic_textcat.schemas.cluster_parameters import ClusterParameters
try:
    DaskCluster(ClusterParameters(address=sys.argv[1])).start()
except ClusterError as error:
    print(error)
"""


def test_an_outage_is_told_as_one_process_tells_it(address: str, caplog: pytest.LogCaptureFixture) -> None:
    workers = _workers(address)
    workers.start()
    down = [CallEnd(0.1, cause="server_error", words="out to lunch", row=f"r{row}") for row in range(20)]
    try:
        job: Any = SimpleNamespace(rows=SimpleNamespace(run_id="run-1"))
        workers.share(job, Limits(4))
        assert not workers.is_over
        assert workers._meter is not None
        workers._meter._ask("exchange", report=WorkerReport("owner", "0", 1, ends=tuple(down))._asdict())
        assert not workers.is_over
    finally:
        workers.close()
    (told,) = [record.message for record in caplog.records if "No replies" in record.message]
    assert told.startswith("No replies any more (server_error: out to lunch). Waiting until ")


def test_a_secret_of_the_catalog_does_not_cross_a_network_in_the_open(tmp_path: Path) -> None:
    spec = ChatModelSpec(OPENAI_CLASS, {"default_headers": {"X-Api-Key": "sk-of-the-catalog"}})
    for address in ("tcp://10.0.0.5:8786", "tcp://[2001:db8::1]:8786"):
        with pytest.raises(ClusterError, match=r"unencrypted\. Next: use a tls:// address") as error:
            _workers(address).prove(spec, _LLM, "run-1", SharedFolder(tmp_path))
        assert "sk-of-the-catalog" not in str(error.value)
