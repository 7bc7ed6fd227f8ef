"""The journal's catalog entry: append, load, fix, and say so when the disk takes no more."""

import json
import os
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kedro.io import AbstractDataset, DatasetError

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.errors import JournalError
from synthetic_textcat.llm.journal.journal import completion_line
from synthetic_textcat.schemas.completions import Completion
from tests.llm.builders import completion, fingerprint, no_reply
from tests.support.each_case import each_of


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """A disk that is full as soon as a file of this process has `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _dataset(path: Path) -> JournalDataset:
    return JournalDataset(filepath=str(path / "data" / "journal.jsonl"))


def _loaded(dataset: JournalDataset, *request_ids: str) -> list[Completion]:
    return [line for lines in dataset.load().completions(map(fingerprint, request_ids)) for line in lines]


def test_what_is_saved_is_loaded_by_another_entry(tmp_path: Path) -> None:
    lines = [completion("é 😀 \ud83d\n", request_id="r0"), no_reply(request_id="r1"), completion(request_id="r2")]
    writer = _dataset(tmp_path)
    writer.save(lines[:2])
    writer.save([])
    writer.save(lines[2:])
    assert _loaded(_dataset(tmp_path), "r0", "r1", "r2") == lines


def test_an_absent_journal_is_empty_and_loading_makes_no_file(tmp_path: Path) -> None:
    dataset = _dataset(tmp_path)
    assert len(dataset.load()) == 0
    assert not dataset.exists()
    assert list(tmp_path.iterdir()) == []


def test_saving_appends_to_what_is_there(tmp_path: Path) -> None:
    _dataset(tmp_path).save([completion(request_id="r0")])
    dataset = _dataset(tmp_path)
    dataset.save([completion(request_id="r1")])
    assert dataset.exists()
    assert len(dataset.load()) == 2


@pytest.mark.parametrize(
    "torn", [b'{"fingerprint": "ab', completion_line(completion())[:-2], b"\xf0\x9f", b"\0" * 70_000]
)
def test_the_next_save_cuts_a_torn_last_line(torn: bytes, tmp_path: Path) -> None:
    _dataset(tmp_path).save([completion(request_id="r0")])
    path = tmp_path / "data" / "journal.jsonl"
    path.write_bytes(path.read_bytes() + torn)
    dataset = _dataset(tmp_path)
    assert len(dataset.load()) == 1
    dataset.save([completion(request_id="r1")])
    dataset.save([completion(request_id="r2")])
    assert path.read_bytes().count(b"\n") == 3
    assert [line.request_id for line in _loaded(dataset, "r0", "r1", "r2")] == ["r0", "r1", "r2"]


def test_a_journal_that_is_only_a_torn_line_begins_anew(tmp_path: Path) -> None:
    dataset = _dataset(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "journal.jsonl").write_bytes(b'{"finger')
    dataset.save([completion()])
    assert _loaded(dataset, "r0") == [completion()]


def test_a_foreign_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "journal.jsonl"
    path.parent.mkdir()
    path.write_text("id,text\n1,mine\n", encoding="ascii")
    with pytest.raises(JournalError) as caught:
        len(_dataset(tmp_path).load())
    assert "line 1 is not a completion" in (format_user_error(caught.value) or "")
    assert path.read_text(encoding="ascii") == "id,text\n1,mine\n"


@pytest.mark.parametrize("rows", [0, 1, 3, 9])
def test_the_preview_is_a_json_list_of_the_first_lines(rows: int, tmp_path: Path) -> None:
    dataset = _dataset(tmp_path)
    if rows:
        dataset.save([completion("é \ud83d", request_id=f"r{number}") for number in range(rows)])
    preview = json.loads(dataset.preview(nrows=3))
    assert [line["request_id"] for line in preview] == [f"r{number}" for number in range(min(rows, 3))]


def test_the_preview_leaves_a_torn_line_out(tmp_path: Path) -> None:
    dataset = _dataset(tmp_path)
    dataset.save([completion()])
    with (tmp_path / "data" / "journal.jsonl").open("ab") as file:
        file.write(b'{"finger')
    assert len(json.loads(dataset.preview())) == 1


def test_a_disk_that_takes_no_more_is_one_error_and_what_was_saved_stays(tmp_path: Path) -> None:
    dataset = _dataset(tmp_path)
    path = tmp_path / "data" / "journal.jsonl"
    saved = [f"r{number}" for number in range(3)]
    dataset.save([completion(request_id=name) for name in saved])
    with _files_of_at_most(path.stat().st_size + 100), pytest.raises(DatasetError) as caught:
        dataset.save([completion(request_id="lost")])
    assert (format_user_error(caught.value) or "").startswith(f"Can't write {path}: File too large. Next: make room")
    assert len(_dataset(tmp_path).load()) == 3
    dataset.save([completion(request_id="later")])
    lines = [json.loads(line)["request_id"] for line in path.read_bytes().splitlines()]
    assert lines == [*saved, "later"]


def test_a_full_device_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.symlink_to("/dev/full")
    with pytest.raises(DatasetError) as caught:
        JournalDataset(filepath=str(path)).save([completion()])
    assert (format_user_error(caught.value) or "").startswith(f"Can't write {path}: ")


def test_a_whole_last_line_gets_its_line_break_before_the_next(tmp_path: Path) -> None:
    lines = [completion(request_id=f"r{number}") for number in range(3)]
    dataset, path = _dataset(tmp_path), tmp_path / "data" / "journal.jsonl"
    dataset.save(lines[:2])
    path.write_bytes(path.read_bytes()[:-1] + b"\0" * 5000)
    dataset.lock()
    assert path.read_bytes().endswith(b"\0" * 5000)  # a run that asks nothing changes nothing
    dataset.save(lines[2:])
    dataset.release()
    assert path.read_bytes() == b"".join(map(completion_line, lines))


def test_a_path_that_can_not_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder", encoding="ascii")
    with pytest.raises(DatasetError) as caught:
        _dataset(tmp_path).save([completion()])
    assert "where its path needs a folder" in (format_user_error(caught.value) or "")


def test_opening_proves_that_there_is_room_and_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    dataset, path = _dataset(tmp_path), tmp_path / "data" / "journal.jsonl"
    dataset.save([completion()])
    before = path.read_bytes()
    with _files_of_at_most(len(before) + 1000), pytest.raises(JournalError, match=r"File too large. Next: make room"):
        dataset.lock()
    assert path.read_bytes() == before
    dataset.lock()
    assert path.read_bytes() == before
    dataset.release()
    assert path.read_bytes() == before


def test_a_new_journal_that_gets_no_line_is_not_left_behind(tmp_path: Path) -> None:
    dataset, path = _dataset(tmp_path), tmp_path / "data" / "journal.jsonl"
    dataset.lock()
    assert path.exists()
    dataset.release()
    assert not path.exists()
    path.touch()
    dataset.lock()
    dataset.release()
    assert path.exists()  # somebody else's


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("folder", "Is a directory. Next: move the folder away"),
        ("pipe", "it is not a regular file"),
        ("loop", "Too many levels of symbolic links. Next: fix the symbolic link"),
        ("unmounted", "No such file or directory"),
        ("folder is a dead link", "File exists. Next: move away what stands"),
    ],
)
def test_what_can_not_be_a_journal_is_refused_when_it_is_opened(kind: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "data" / "journal.jsonl"
    if kind == "folder is a dead link":
        path.parent.symlink_to(tmp_path / "unmounted")
    else:
        path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "unmounted":
        path.symlink_to(tmp_path / "unmounted" / "journal.jsonl")
    with pytest.raises(JournalError, match=re.escape(said)) as caught:
        _dataset(tmp_path).lock()
    assert str(caught.value).startswith(f"Can't write {path}: ")


@pytest.mark.parametrize("content", ["id,text\n1,mine\n", "id,text", '{"not": "ours"}\n'])
def test_a_foreign_file_is_refused_when_it_is_opened(content: str, tmp_path: Path) -> None:
    path = tmp_path / "data" / "journal.jsonl"
    path.parent.mkdir()
    path.write_text(content, encoding="ascii")
    with pytest.raises(JournalError, match="line 1 is not a completion"):
        _dataset(tmp_path).lock()
    with pytest.raises(DatasetError, match="line 1 is not a completion"):
        _dataset(tmp_path).save([completion()])
    assert path.read_text(encoding="ascii") == content


@pytest.mark.parametrize("replaced", [False, True])
def test_a_journal_that_is_moved_while_it_is_written_ends_the_run_and_has_its_lines(
    replaced: bool, tmp_path: Path
) -> None:
    dataset, path = _dataset(tmp_path), tmp_path / "data" / "journal.jsonl"
    dataset.lock()
    dataset.save([completion()])
    path.rename(tmp_path / "moved.jsonl")
    if replaced:
        path.touch()
    with pytest.raises(DatasetError) as caught:
        dataset.save([completion(request_id="r1")])
    dataset.release()
    assert "was moved, deleted or replaced" in (format_user_error(caught.value) or "")
    moved = JournalDataset(filepath=str(tmp_path / "moved.jsonl"))
    assert len(moved.load()) == 2


def test_a_run_opens_its_journal_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = _dataset(tmp_path)
    dataset.lock()
    monkeypatch.delattr(os, "open")
    for number in range(3):
        dataset.save([completion(request_id=f"r{number}")])
    dataset.release()
    assert len(dataset.load()) == 3


@each_of(
    ("entry", "said"),
    [
        ({"filepath": "s3://bucket/completions.jsonl"}, "s3 can't append to a file"),
        ({"filepath": "memory://completions.jsonl"}, "memory can't append"),
        ({"filepath": "data/completions.jsonl", "versioned": True}, "Next: remove `versioned`"),
        ({"filepath": "data/completions.jsonl", "credentials": {"key": "k"}}, "Next: remove `credentials`"),
        ({"filepath": "data/completions.jsonl", "fs_args": {"mode": "w"}}, "Next: remove `fs_args`"),
    ],
)
def test_what_can_not_be_appended_to_is_refused_in_one_line(entry: dict[str, object], said: str) -> None:
    with pytest.raises(DatasetError) as caught:
        AbstractDataset.from_config("completions", {"type": JournalDataset, **entry})
    line = format_user_error(caught.value) or ""
    assert said in line
    assert "Next: " in line
    assert "\n" not in line


def test_a_file_url_is_a_file(tmp_path: Path) -> None:
    dataset = JournalDataset(filepath=f"file://{tmp_path}/journal.jsonl")
    dataset.save([completion()])
    assert len(JournalDataset(filepath=str(tmp_path / "journal.jsonl")).load()) == 1


def test_the_preview_leaves_bad_lines_out(tmp_path: Path) -> None:
    dataset = _dataset(tmp_path)
    dataset.save([completion(request_id=f"r{number}") for number in range(3)])
    path = tmp_path / "data" / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"attempt":1', b'"attempt":"1"', 1))
    assert [line["request_id"] for line in json.loads(dataset.preview())] == ["r1", "r2"]
