"""Arrays and texts in temporary files: what was added is read back, and nothing is left."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.temporary_files import ArrayFile, TemporaryFolder, TextFile, temporary_folder


@given(parts=st.lists(st.integers(0, 40), max_size=4), width=st.integers(1, 3), wanted=st.sets(st.integers(0, 159)))
def test_rows_are_read_as_they_were_added(parts: list[int], width: int, wanted: set[int]) -> None:
    file = ArrayFile(np.int32, width)
    numbers = np.arange(sum(parts) * width, dtype=np.int32).reshape(-1, width)
    expected = numbers[:, 0] if width == 1 else numbers
    for part in np.split(expected, np.cumsum(parts)[:-1]) if parts else []:
        file.add(part)
    places = np.array(sorted(place for place in wanted if place < len(file)), np.intp)
    assert len(file) == len(expected)
    assert np.array_equal(file.read(0, 1000), expected)
    assert np.array_equal(file.at(places), expected[places])


def test_threads_read_at_once() -> None:
    numbers = np.arange(50_000, dtype=np.int64)
    file = ArrayFile(np.int64)
    file.add(numbers)
    starts = range(0, len(numbers), 10)

    with ThreadPoolExecutor(4) as threads:
        read = threads.map(lambda start: file.read(start, start + 10).tolist(), starts)
        assert list(read) == [list(range(start, start + 10)) for start in starts]


def test_texts_are_read_as_they_were_added() -> None:
    file, texts = TextFile(), ["a", "", "\ud800 alone", "好\x00", ""]
    file.add(texts[:2])
    file.add([])
    file.add(texts[2:])
    assert [file[place] for place in range(len(file))] == texts


@given(wanted=st.sets(st.integers(0, 9)))
def test_some_texts_are_read_together(wanted: set[int]) -> None:
    file, texts = TextFile(), [f"{place}é" * place for place in range(10)]
    file.add(texts)
    places = sorted(wanted)
    assert list(file.at(np.array(places, np.int64))) == [texts[place] for place in places]


def test_files_lie_in_the_temporary_folder_without_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert temporary_folder() is None
    file = ArrayFile(np.uint64)
    file.add(np.arange(9, dtype=np.uint64))
    assert not list(tmp_path.iterdir())


_KILLED = """
import os, signal
from synthetic_textcat.temporary_files import TemporaryFolder
folder = TemporaryFolder()
(folder.path / "rows").write_bytes(b"x")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_folder_goes_with_its_object(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    one, other = TemporaryFolder(), TemporaryFolder()
    (one.path / "rows").write_bytes(b"x")
    assert {one.path.parent, other.path.parent} == set(tmp_path.iterdir())
    del one
    assert [other.path.parent] == list(tmp_path.iterdir())


@pytest.mark.whole_run
def test_after_a_kill_a_folder_goes_with_the_next_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    alive = TemporaryFolder()
    foreign = tmp_path / "synthetic-textcat-of-somebody"
    foreign.mkdir()
    subprocess.run([sys.executable, "-c", _KILLED], check=False)
    subprocess.run([sys.executable, "-c", _KILLED], check=False)  # removes the first one's, and leaves its own
    assert len(list(tmp_path.iterdir())) == 3
    assert alive.path.is_dir()
    subprocess.run([sys.executable, "-c", _KILLED.replace("SIGKILL", "SIGCONT")], check=True)
    assert set(tmp_path.iterdir()) == {foreign, alive.path.parent}
