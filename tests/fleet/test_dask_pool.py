"""Work that worker processes of a real Dask cluster share comes to the same, in order; no text passes the scheduler."""

import os
import pickle
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pandas as pd
import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.errors import ClusterError
from synthetic_textcat.fleet.chunk_work import results_written, sealed
from synthetic_textcat.fleet.dask_cluster import DaskCluster
from synthetic_textcat.fleet.dask_pool import DaskPool
from synthetic_textcat.hooks.catalog_inputs import CatalogInputs
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.schemas.cluster_parameters import ClusterParameters, LocalClusterParameters
from synthetic_textcat.text.near_duplicates import like_earlier
from synthetic_textcat.text.sketched_texts import SketchedTexts, sketched_by
from synthetic_textcat.work_pool import THIS_MACHINE, LostWorkerError
from tests.pipelines.quality_report.checks.faulty_candidates import checked_by
from tests.text.test_near_duplicates import parts_of, texts_with_copies_of_templates

pytestmark = pytest.mark.filterwarnings("ignore")  # Dask's own: of ports in use, of event loops

_processes = pytest.mark.fleet


@pytest.fixture
def threads() -> Iterator[Any]:
    """A scheduler that is there, with two workers that are threads of this process."""
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as local:
        cluster = DaskCluster(ClusterParameters(address=local.scheduler_address))
        yield SimpleNamespace(local=local, cluster=cluster)
        cluster.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[DaskCluster]:
    """Three worker processes of this machine."""
    found = DaskCluster(ClusterParameters(local=LocalClusterParameters(workers=3)))
    yield found
    found.close()


@pytest.fixture
def pool(cluster: DaskCluster, tmp_path: Path) -> DaskPool:
    return DaskPool(cluster, tmp_path / "shared", tmp_path / "shared", rows_to_share=0)


class _Touching:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._path,)


def _shouted(texts: list[str]) -> list[tuple[int, str]]:
    return [(os.getpid(), text.upper()) for text in texts]


def _as_numbers(texts: list[str]) -> list[int]:
    return list(map(int, texts))


def _die_until(times: int, marks: Path, numbers: list[int]) -> list[int]:
    """Ends the process in which it runs, so many times."""
    if len(list(marks.iterdir())) < times:
        (marks / str(time.monotonic_ns())).touch()
        os._exit(1)
    return [-number for number in numbers]


def test_chunks_are_files_and_results_come_in_order(threads: Any, tmp_path: Path) -> None:
    shared, taken = tmp_path / "shared", list[int]()
    texts = (taken.append(n) or f"text {n}" for n in range(150))  # type: ignore[func-returns-value]
    found = DaskPool(threads.cluster, shared, shared, 1).map(_shouted, texts, rows=150, at_once=10)
    first = next(found)
    assert len(taken) <= 110  # chunks under way are bounded
    assert 0 < len(list(shared.rglob("*.items"))) <= 11
    assert [text for _, text in (first, *found)] == [f"TEXT {n}" for n in range(150)]
    with pytest.raises(ValueError, match="a text of a row"):
        list(DaskPool(threads.cluster, shared, shared, 1).map(_as_numbers, ["1", "a text of a row"], rows=2))
    assert not list(shared.iterdir())


def test_an_object_store_holds_the_chunks_and_leftovers_go(threads: Any, tmp_path: Path) -> None:
    url = "memory://bucket/run"  # one for all threads of this process
    store = fsspec.filesystem("memory")
    store.pipe_file("/bucket/run/work/synthetic-textcat-killed/work-1.items", b"left by a driver that was killed")
    found = DaskPool(threads.cluster, url, tmp_path, 1).map(_as_numbers, ["1", "2", "3"], rows=3, at_once=1)
    assert next(found) == 1
    held = store.find("/bucket/run/work")
    assert any(path.endswith("driver") for path in held)
    assert not any("killed" in path for path in held)
    assert list(found) == [2, 3]
    assert not store.find("/bucket/run/work")


def test_work_of_two_nodes_at_a_time_has_one_client_and_keeps_its_files(threads: Any, tmp_path: Path) -> None:
    url = "memory://bucket/two"
    pool = DaskPool(threads.cluster, url, tmp_path, 1)
    with ThreadPoolExecutor(2) as nodes:
        assert list(nodes.map(lambda item: list(pool.map(_as_numbers, [item], rows=1)), ["1", "2"])) == [[1], [2]]
    assert sum("synthetic_textcat" in name for name in threads.local.scheduler.clients) == 1
    short = pool.map(_as_numbers, ["1"], rows=1)
    assert next(short) == 1
    long = pool.map(_as_numbers, map(str, range(15)), rows=15, at_once=1)
    assert next(long) == 0
    assert not list(short)  # ends, and removes its files
    assert list(long) == list(range(1, 15))


def test_what_others_write_into_the_shared_folder_is_not_unpickled(threads: Any, tmp_path: Path) -> None:
    shared, mark = tmp_path / "shared", tmp_path / "mark"
    found = DaskPool(threads.cluster, shared, shared, 1).map(_as_numbers, map(str, range(3)), rows=3, at_once=1)
    assert next(found) == 0
    end = time.monotonic() + 30
    while len(results := list(shared.rglob("*.results"))) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    for path in results:
        path.write_bytes(path.read_bytes()[:32] + pickle.dumps(_Touching(mark)))
    with pytest.raises(ClusterError, match=r"changed by another program .*Next"):
        list(found)
    assert not mark.exists()
    (tmp_path / "a-1.items").write_bytes(bytes(32) + pickle.dumps(_Touching(mark)))
    (tmp_path / "a").write_bytes(sealed(_as_numbers, b"key", "a"))
    with pytest.raises(ClusterError, match="changed by another program"):
        results_written(str(tmp_path), b"key", "a", "a-1")
    assert not mark.exists()


def test_a_worker_that_joins_later_and_sees_another_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"not the folder of the run.* Next: "):
        results_written(str(tmp_path), b"key", "work-1", "work-1-00000000")


def test_a_run_that_was_interrupted_is_no_client_any_more_when_the_next_begins(threads: Any, tmp_path: Path) -> None:
    parameters = {"quality_report": {}, "cluster": {"address": threads.cluster.address, "rows_to_share": 1}}
    loader = SimpleNamespace(conf_source=tmp_path / "conf")
    hook = CatalogInputs(RunNotes())
    hook.after_context_created(SimpleNamespace(project_path=tmp_path, params=parameters, config_loader=loader))  # type: ignore[arg-type]
    for _ in range(2):  # a run, whose end is not heard of, and the next
        catalog = DataCatalog({"completions": JournalDataset(filepath=str(tmp_path / "completions.jsonl"))})
        hook.before_pipeline_run({}, Pipeline([]), catalog)
        assert list(catalog.load("work_pool").map(_as_numbers, ["1"], rows=1)) == [1]
        _wait_for_clients(threads, 1)
    hook.after_pipeline_run()
    _wait_for_clients(threads, 0)


def _wait_for_clients(threads: Any, number: int) -> None:
    """The scheduler hears of a closed client a moment after it is closed."""
    end = time.monotonic() + 30
    while sum("synthetic_textcat" in name for name in threads.local.scheduler.clients) != number:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_scheduler_that_is_gone_is_one_line(threads: Any, tmp_path: Path) -> None:
    found = DaskPool(threads.cluster, tmp_path, tmp_path, 1).map(_as_numbers, map(str, range(99)), rows=99, at_once=1)
    assert next(found) == 0
    threads.local.close()
    with pytest.raises(ClusterError, match=r"The Dask scheduler is gone\. .*Next"):
        list(found)
    assert not list(tmp_path.iterdir())


def test_workers_that_are_gone_are_waited_for_and_then_end_the_work_in_one_line(threads: Any, tmp_path: Path) -> None:
    cluster = DaskCluster(ClusterParameters(address=threads.local.scheduler_address, max_wait_seconds=2))
    found = DaskPool(cluster, tmp_path, tmp_path, 1).map(_as_numbers, map(str, range(45)), rows=45, at_once=1)
    try:
        assert next(found) == 0
        threads.local.scale(0)
        while cluster.threads():
            time.sleep(0.01)
        threads.local.scale(1)
        assert [next(found) for _ in range(20)] == list(range(1, 21))
        threads.local.scale(0)
        with pytest.raises(ClusterError, match=r"no worker for \d s \(cluster.max_wait_seconds=2\)\. .*Next: start"):
            list(found)
    finally:
        cluster.close()
    assert not list(tmp_path.iterdir())


@_processes
def test_results_are_in_order_by_several_workers_and_files_go(pool: DaskPool, tmp_path: Path) -> None:
    taken: list[int] = []
    texts = (taken.append(n) or f"text {n}" for n in range(1_000))  # type: ignore[func-returns-value]
    found = pool.map(_shouted, texts, rows=1_000, at_once=10)
    first = next(found)
    assert len(taken) <= 140  # chunks under way are bounded
    assert len(list((tmp_path / "shared").rglob("*.items"))) <= 14
    rest = list(found)
    assert [text for _, text in (first, *rest)] == [f"TEXT {n}" for n in range(1_000)]
    assert len({process for process, _ in rest} - {os.getpid()}) > 1
    assert not list((tmp_path / "shared").iterdir())


@_processes
def test_an_error_of_the_work_is_raised_here_and_does_not_pass_the_scheduler(
    pool: DaskPool, cluster: DaskCluster, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="a text of a row"):
        list(pool.map(_as_numbers, ["1", "a text of a row"], rows=2, at_once=1))
    events = repr(cluster.client.get_events())
    assert "text of a row" not in events
    assert not list((tmp_path / "shared").iterdir())


@_processes
def test_a_chunk_whose_worker_died_is_done_again(pool: DaskPool, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    found = list(pool.map(partial(_die_until, 2, marks), range(40), rows=40, at_once=10))
    assert found == [-number for number in range(40)]
    assert len(list(marks.iterdir())) >= 2


def test_a_folder_that_can_not_be_written_is_one_line(threads: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "shared"
    with pytest.raises(ClusterError, match="Next: ") as error:
        list(DaskPool(threads.cluster, place, place, 0).map(_shouted, ["a"], rows=1))
    assert "\n" not in str(error.value)


def test_few_rows_start_no_cluster(tmp_path: Path) -> None:
    idle = DaskCluster(ClusterParameters(local=LocalClusterParameters(workers=2)))
    pool = DaskPool(idle, tmp_path, tmp_path)
    assert list(pool.map(_as_numbers, ["1"], rows=49_999)) == [1]
    with pytest.raises(AssertionError):
        _ = idle.client


@_processes
def test_what_a_killed_driver_left_is_removed(pool: DaskPool, tmp_path: Path) -> None:
    left = tmp_path / "shared" / "synthetic-textcat-left"
    left.mkdir(parents=True)
    (left / "lock").touch()
    assert list(pool.map(_as_numbers, ["1"], rows=1)) == [1]
    assert not left.exists()


@_processes
def test_checks_and_near_duplicates_are_those_of_one_process(pool: DaskPool) -> None:
    alone, shared = (checked_by(each, rows=2_500) for each in (THIS_MACHINE, pool))
    for name, table in alone._asdict().items():
        pd.testing.assert_frame_equal(getattr(shared, name), table)
    assert "near_duplicate" in set(alone.rejected["reject_reason"])


@_processes
@pytest.mark.slow
@pytest.mark.parametrize("parts", [1, 4, 16])
def test_near_duplicates_of_a_hundred_thousand_texts_are_those_of_one_process(pool: DaskPool, parts: int) -> None:
    texts = texts_with_copies_of_templates(98_000)
    share = sketched_by(pool.map, len(texts))
    shared = SketchedTexts(parts_of(texts, parts), 0.8, share)
    found = list(like_earlier(shared, 0.8))
    assert found == list(like_earlier(texts, 0.8))
    assert sum(like is not None for like in found) > 1_000


@_processes
def test_work_that_ends_every_worker_ends_in_one_line(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    cluster = DaskCluster(ClusterParameters(local=LocalClusterParameters(workers=2)), most_losses=2)
    try:
        with pytest.raises(LostWorkerError, match=r"2 workers have died on the same part .*Next"):
            list(DaskPool(cluster, tmp_path, tmp_path, 0).map(partial(_die_until, 99, marks), range(10), rows=10))
    finally:
        cluster.close()
    assert len(list(marks.iterdir())) == 2
