"""Work that worker processes of a real Dask cluster share comes to the same, in order; no text passes the scheduler."""

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from synthetic_textcat.errors import ClusterError
from synthetic_textcat.fleet.dask_cluster import DaskCluster
from synthetic_textcat.fleet.dask_pool import DaskPool
from synthetic_textcat.schemas.cluster_parameters import ClusterParameters, LocalClusterParameters
from synthetic_textcat.work_pool import THIS_MACHINE, LostWorkerError
from tests.pipelines.quality_report.checks.faulty_candidates import checked_by

pytest.importorskip("distributed")
pytestmark = [pytest.mark.fleet, pytest.mark.whole_run, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def cluster() -> Iterator[DaskCluster]:
    """Two worker processes of this machine."""
    found = DaskCluster(ClusterParameters(local=LocalClusterParameters(workers=2)))
    yield found
    found.close()


@pytest.fixture
def pool(cluster: DaskCluster, tmp_path: Path) -> DaskPool:
    return DaskPool(cluster, tmp_path / "shared", tmp_path / "shared", rows_to_share=0)


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


def test_results_are_in_order_by_both_workers_and_files_go(pool: DaskPool, tmp_path: Path) -> None:
    taken: list[int] = []
    texts = (taken.append(n) or f"text {n}" for n in range(1_000))  # type: ignore[func-returns-value]
    found = pool.map(_shouted, texts, rows=1_000, at_once=10)
    first = next(found)
    assert len(taken) <= 80  # chunks under way are bounded
    assert len(list((tmp_path / "shared").rglob("*.items"))) <= 8
    rest = list(found)
    assert [text for _, text in (first, *rest)] == [f"TEXT {n}" for n in range(1_000)]
    assert len({process for process, _ in rest} - {os.getpid()}) == 2
    assert not list((tmp_path / "shared").iterdir())


def test_an_error_of_the_work_is_raised_here_and_does_not_pass_the_scheduler(
    pool: DaskPool, cluster: DaskCluster, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="a text of a row"):
        list(pool.map(_as_numbers, ["1", "a text of a row"], rows=2, at_once=1))
    events = repr(cluster.client.get_events())
    assert "text of a row" not in events
    assert not list((tmp_path / "shared").iterdir())


def test_a_chunk_whose_worker_died_is_done_again(pool: DaskPool, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    found = list(pool.map(partial(_die_until, 2, marks), range(40), rows=40, at_once=10))
    assert found == [-number for number in range(40)]
    assert len(list(marks.iterdir())) >= 2


def test_a_folder_that_can_not_be_written_is_one_line(cluster: DaskCluster, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "shared"
    with pytest.raises(ClusterError, match="Next: ") as error:
        list(DaskPool(cluster, place, place, 0).map(_shouted, ["a"], rows=1))
    assert "\n" not in str(error.value)


def test_few_rows_start_no_cluster(tmp_path: Path) -> None:
    idle = DaskCluster(ClusterParameters(local=LocalClusterParameters(workers=2)))
    pool = DaskPool(idle, tmp_path, tmp_path)
    assert list(pool.map(_as_numbers, ["1"], rows=49_999)) == [1]
    with pytest.raises(AssertionError):
        _ = idle.client


def test_what_a_killed_driver_left_is_removed(pool: DaskPool, tmp_path: Path) -> None:
    left = tmp_path / "shared" / "synthetic-textcat-left"
    left.mkdir(parents=True)
    (left / "lock").touch()
    assert list(pool.map(_as_numbers, ["1"], rows=1)) == [1]
    assert not left.exists()


def test_checks_and_near_duplicates_are_those_of_one_process(pool: DaskPool) -> None:
    alone, shared = (checked_by(each, rows=2_500) for each in (THIS_MACHINE, pool))
    for name, table in alone._asdict().items():
        pd.testing.assert_frame_equal(getattr(shared, name), table)
    assert "near_duplicate" in set(alone.rejected["reject_reason"])


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
