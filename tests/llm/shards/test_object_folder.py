"""A shared folder that can't append: segments, a whole file when a shard is done, and copies for the driver."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from synthetic_textcat.errors import JournalError, ShardLostError
from synthetic_textcat.llm.shards.object_folder import ObjectFolder, fetch_left_behind
from tests.llm.shards.sharded_plan import KilledError, ShardedPlan, ThreadWorkers, good_texts
from tests.support.s3 import BUCKET, S3Server

_URL = "memory://bucket/run"


@pytest.fixture(autouse=True)
def store() -> Iterator[Any]:
    """An object store in memory, which threads share as machines share a bucket."""
    MemoryFileSystem.store.clear()
    yield MemoryFileSystem.store
    MemoryFileSystem.store.clear()


def _begun(local: Path) -> ObjectFolder:
    folder = ObjectFolder(_URL, local)
    folder.begin("run-1")
    return folder


def _journals(store: Any) -> list[str]:
    return sorted(name.rpartition("/")[2] for name in store if name.endswith(".jsonl"))


def test_lines_are_stored_in_segments_and_in_one_file_at_the_end(tmp_path: Path, store: Any) -> None:
    folder = _begun(tmp_path)
    with ObjectFolder(_URL, segment_s=0.0).take(3, "of8-a") as owned:
        owned.append(b"one\n")
        owned.append(b"two\n")
        folder.fetch()
        copies = sorted(tmp_path.glob("*.jsonl"))
        assert [path.name for path in copies] == ["shard-00003.of8-a~000000.jsonl", "shard-00003.of8-a~000001.jsonl"]
        assert folder.files_of(3, 8) == copies
    assert _journals(store) == ["shard-00003.of8-a.jsonl"]
    folder.fetch()
    (whole,) = tmp_path.glob("*.jsonl")  # the copies of its segments are gone, so no line counts twice
    assert whole.read_bytes() == b"one\ntwo\n"


def test_segments_that_outlive_their_whole_file_are_left_out(tmp_path: Path, store: Any) -> None:
    folder = _begun(tmp_path)
    for name in ("shard-00003.of8-a.jsonl", "shard-00003.of8-a~000000.jsonl", "shard-00004.of8-b~000000.jsonl"):
        folder.write(name, b"one\n")
    folder.fetch()
    left = {"shard-00003.of8-a.jsonl", "shard-00004.of8-b~000000.jsonl"}
    assert {path.name for path in tmp_path.glob("*.jsonl")} == folder.names() == left
    assert len(_journals(store)) == 3


def test_who_has_lost_a_shard_or_the_folder_stores_nothing_more(tmp_path: Path, store: Any) -> None:
    folder = _begun(tmp_path)
    first = ObjectFolder(_URL, segment_s=0.0).take(0, "of1-a")
    with ObjectFolder(_URL).take(0, "of1-b") as second:
        second.append(b"good\n")
    with pytest.raises(ShardLostError):
        first.append(b"late\n")
    assert _journals(store) == ["shard-00000.of1-b.jsonl"]
    worker = ObjectFolder(_URL)
    assert not worker.is_stopping("run-1")
    folder.stop("run-1")
    assert ObjectFolder(_URL).is_stopping("run-1")
    ObjectFolder(_URL, tmp_path / "another").begin("run-2")
    with pytest.raises(ShardLostError, match="Another run has taken the shards"):
        ObjectFolder(_URL).is_stopping("run-1")


@pytest.mark.whole_run  # the stages of a run, with workers that share an object store
def test_a_plan_is_asked_for_over_an_object_store_and_a_dead_workers_segments_are_read(
    tmp_path: Path, store: Any
) -> None:
    kills = [3]

    def kill(*_: Any) -> None:
        kills[0] -= 1
        if kills[0] == 0:
            raise KilledError

    plan = ShardedPlan(tmp_path, rows=40, generation={"requests_per_minute": 1_500})
    plan.shared = ObjectFolder(_URL, plan.path.with_suffix(""))
    list(plan.ask(ThreadWorkers(watch=kill), shards=3))
    lines = plan.lines()
    assert set(good_texts(lines)) == set(plan.requests["request_id"])
    assert len(lines) == plan.rows  # what the dead worker stored is not asked again
    assert not [name for name in store if "plan-" in name]
    (left,) = {path.name for path in plan.shared.path.glob("*")} - set(_journals(store))
    assert left == "shared-at"


def test_a_later_run_without_the_cluster_reads_what_was_stored_since(tmp_path: Path) -> None:
    _begun(tmp_path)
    with ObjectFolder(_URL).take(0, "of1-a") as owned:
        owned.append(b"one\n")
    assert not list(tmp_path.glob("*.jsonl"))
    fetch_left_behind(tmp_path)
    assert [path.read_bytes() for path in tmp_path.glob("*.jsonl")] == [b"one\n"]
    fetch_left_behind(tmp_path / "never")  # a run that no cluster ever served


def test_a_store_that_can_not_be_reached_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        JournalError, match=r"Can't reach nothing://bucket/run: ValueError.*Next: check cluster\.shared"
    ):
        ObjectFolder("nothing://bucket/run", tmp_path)


def test_segments_on_s3(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.credentials["key"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.credentials["secret"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    folder = ObjectFolder(f"s3://{BUCKET}/runs/first", tmp_path)
    folder.begin("run-1")
    worker = ObjectFolder(folder.url, segment_s=0.0)
    worker.prove("run-1")
    with worker.take(0, "of1-a") as owned:
        owned.append(b"one\n")
        owned.append(b"two\n")
        assert len([name for name in s3.names("runs/first") if "~" in name]) == 2
    folder.fetch()
    assert [path.read_bytes() for path in tmp_path.glob("*.jsonl")] == [b"one\ntwo\n"]
    with pytest.raises(JournalError, match=r"Can't write s3://no-such-bucket/run: .*Next: check cluster\.shared"):
        ObjectFolder("s3://no-such-bucket/run", tmp_path).begin("run-1")
