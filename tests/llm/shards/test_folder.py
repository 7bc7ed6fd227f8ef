"""Fences: who has lost a shard, or the folder, saves nothing any more; a folder that is not the run's is refused."""

from pathlib import Path

import pytest

from synthetic_textcat.errors import JournalError, ShardLostError
from synthetic_textcat.llm.shards.folder import SharedFolder


@pytest.fixture
def folder(tmp_path: Path) -> SharedFolder:
    found = SharedFolder(tmp_path / "completions")
    found.begin("run-1")
    return found


def test_a_shard_has_one_owner_and_each_owner_its_own_file(folder: SharedFolder) -> None:
    with folder.take(3, "of8-a") as first:
        first.append(b"one\n")
        with folder.take(3, "of8-b") as second:
            with pytest.raises(ShardLostError) as lost:
                first.append(b"two\n")
            assert lost.value.is_by_worker
            second.append(b"three\n")
    assert [path.read_bytes() for path in folder.files_of(3, 8)] == [b"one\n", b"three\n"]
    assert folder.files_of(3, 9) == folder.files_of(2, 8) == []  # another partition, another shard


def test_a_shard_without_calls_leaves_no_journal(folder: SharedFolder) -> None:
    with folder.take(0, "of1-a") as owned:
        owned.check()
    assert folder.files_of(0, 1) == []
    assert folder.names() == frozenset()


def test_a_run_is_asked_to_stop_and_a_later_run_takes_the_folder(folder: SharedFolder) -> None:
    assert not folder.is_stopping("run-1")
    folder.stop("run-1")
    assert folder.is_stopping("run-1")
    assert folder.is_of("run-1")
    with folder.take(0, "of1-a"):
        folder.begin("run-2")
    with pytest.raises(ShardLostError, match="Another run has taken the shards"):
        folder.is_stopping("run-1")
    folder.stop("run-1")  # says nothing to the other run
    assert not folder.is_stopping("run-2")
    assert not list(folder.path.glob("shard-*.owner"))


def test_a_worker_proves_that_it_shares_the_folder(folder: SharedFolder, tmp_path: Path) -> None:
    folder.prove("run-1")
    assert [path.name for path in folder.path.iterdir()] == ["run.owner"]  # the probe is removed
    with pytest.raises(JournalError, match=r"is not the folder of the run.*Next: mount the run's data folder"):
        folder.prove("run-2")
    elsewhere = SharedFolder(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match="is not the folder of the run"):
        elsewhere.prove("run-1")


def test_a_folder_that_can_not_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(JournalError, match=r"Can't write .*Next: "):
        SharedFolder(tmp_path / "file" / "completions").begin("run-1")
