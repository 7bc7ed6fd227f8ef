"""Folders on disk: replaced whole, whatever happens meanwhile."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import FolderDataset
from synthetic_textcat.datasets.file_formats import Content
from synthetic_textcat.tables import FrameTable, SharedFiles, mapped


def _folder(path: Path) -> FolderDataset:
    return FolderDataset(path=str(path / "out" / "folder"))


def _files(path: Path) -> list[str]:
    return sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())


def test_each_file_comes_back_as_it_was(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ['a "b",\nc', "NA", "ä"], "label": ["1", "", "x"]}, dtype="str")
    folder = _folder(tmp_path)
    assert not folder.exists()
    folder.save(
        {
            "data/a.parquet": frame,
            "a.csv": lambda: frame,
            "a.jsonl": frame,
            "a.json": {"names": ["ä"]},
            "list.json": [{"name": "ä"}, 2],
            "none.json": [],
            "README.md": "# Ä\n",
        }
    )
    assert folder.exists()
    loaded = folder.load()
    assert list(loaded) == ["README.md", "a.csv", "a.json", "a.jsonl", "data/a.parquet", "list.json", "none.json"]
    for name in ("a.csv", "a.jsonl", "data/a.parquet"):
        pd.testing.assert_frame_equal(loaded[name]().astype("str"), frame)
    assert loaded["a.json"]() == {"names": ["ä"]}
    assert loaded["list.json"]() == [{"name": "ä"}, 2]
    assert loaded["none.json"]() == []
    assert loaded["README.md"]() == "# Ä\n"


def test_what_is_saved_anew_leaves_nothing_of_before(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    folder.save({"old.md": "old", "both.md": "old"})
    folder.save({"both.md": "new"})
    assert _files(tmp_path) == ["out/folder/both.md"]
    assert folder.load()["both.md"]() == "new"


def test_a_save_that_fails_leaves_the_folder_of_before(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    folder.save({"a.md": "old", "b.md": "old"})

    def broken() -> Content:
        raise ValueError("no content")

    with pytest.raises(DatasetError):
        folder.save({"a.md": "new", "b.md": broken})
    assert _files(tmp_path) == ["out/folder/a.md", "out/folder/b.md"]
    assert folder.load()["a.md"]() == "old"


def test_a_folder_that_was_set_aside_when_the_run_was_killed_comes_back(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    folder.save({"a.md": "old"})
    (tmp_path / "out" / "folder").rename(tmp_path / "out" / ".folder.before")
    assert folder.load()["a.md"]() == "old"
    assert _files(tmp_path) == ["out/folder/a.md"]


@pytest.mark.parametrize("name", ["../a.md", "/a.md", "a/../b.md", ".a.md", "a.exe", "a b.md", "a\n.md", "ä.md", ""])
def test_no_file_lies_outside_or_has_a_name_that_some_system_refuses(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError):
        _folder(tmp_path).save({name: "text"})
    assert _files(tmp_path) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        _folder(tmp_path).load()
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert str(caught.value.__cause__.filename).endswith("folder")


def _in_another_process(work: Callable[[list[bytes]], list[None]], files: Iterable[bytes]) -> Iterator[None]:
    """As a work pool does, with files of which nothing but bytes arrives."""
    yield from work(list(files))


def test_shared_files_are_those_of_one_process(tmp_path: Path) -> None:
    rows = pd.DataFrame({"text": ["a", "b"], "number": [1, 2]})
    files = {"own/rows.parquet": partial(FrameTable, rows), "rows.jsonl": FrameTable(rows), "README.md": "read"}
    FolderDataset(path=str(tmp_path / "alone")).save(files)
    FolderDataset(path=str(tmp_path / "shared")).save(SharedFiles(files, _in_another_process))
    for name in files:
        assert (tmp_path / "shared" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_what_goes_wrong_in_another_process_leaves_the_folder_of_before(tmp_path: Path) -> None:
    folder = FolderDataset(path=str(tmp_path / "folder"))
    folder.save({"README.md": "before"})
    with pytest.raises(DatasetError):
        folder.save(SharedFiles({"README.md": "after", "rows.jsonl": partial(int, "no number")}, _in_another_process))
    assert folder.load()["README.md"]() == "before"


def _shared(work: Callable[[list[Any]], list[Any]], items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        yield from work([item])


def test_a_format_with_functions_that_can_not_be_pickled_is_written_too(tmp_path: Path) -> None:
    rows = FrameTable(pd.DataFrame({"text": ["a"], "label": ["x"]}, dtype="str"))
    files = {
        "a.jsonl": mapped(rows, lambda own: pd.DataFrame({"said": own["text"]})),
        "b.md": lambda: "# Ä\n",
        "c.jsonl": rows,
    }
    folder = _folder(tmp_path)
    folder.save(SharedFiles(files, _shared))
    loaded = folder.load()
    assert list(loaded) == ["a.jsonl", "b.md", "c.jsonl"]
    assert loaded["a.jsonl"]()["said"].tolist() == ["a"]
    assert loaded["b.md"]() == "# Ä\n"


def test_files_are_written_here_if_other_machines_do_not_see_the_folder(tmp_path: Path) -> None:
    folder, elsewhere = _folder(tmp_path), tmp_path / "out on the driver"

    def on_another_machine(work: Callable[[list[Any]], list[Any]], items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            (tmp_path / "out").rename(elsewhere)
            written = work([item])
            assert not (tmp_path / "out").exists()  # nothing is left on the other machine
            elsewhere.rename(tmp_path / "out")
            yield from written

    folder.save(SharedFiles({"a.md": "A", "data/b.md": "B"}, on_another_machine))
    assert _files(tmp_path) == ["out/folder/a.md", "out/folder/data/b.md"]
