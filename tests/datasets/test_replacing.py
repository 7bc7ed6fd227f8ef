"""Local files replaced whole, and what killed runs leave of that."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from synthetic_textcat.datasets.replacing import atomic_file, atomic_folder

_KILLED = """
import os, sys
from pathlib import Path
from synthetic_textcat.datasets.replacing import atomic_file, atomic_folder
with atomic_file(Path("rows.parquet")) as file, atomic_folder(Path("export")) as folder:
    file.write_text("half")
    (folder / "a.md").write_text("half")
    os.kill(os.getpid(), 9)
"""


@pytest.mark.whole_run  # it imports the package anew
def test_what_a_killed_run_left_is_removed_by_the_next_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    killed = subprocess.run([sys.executable, "-c", _KILLED], check=False)
    assert killed.returncode == -9
    assert len(list(tmp_path.iterdir())) == 2
    with atomic_file(Path("rows.parquet")) as file, atomic_folder(Path("export")) as folder:
        file.write_text("whole")
        (folder / "a.md").write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "rows.parquet"]


def test_what_another_process_is_writing_stays(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    with atomic_file(path) as fresh:
        fresh.write_text("mine")
        other = fresh.with_name(fresh.name.replace(str(os.getpid()), str(os.getppid())))
        other.write_text("another's")
        of_another_machine = fresh.with_name(f".rows.elsewhere-{2**22 + 1}.parquet")
        of_another_machine.write_text("another machine's")
    with atomic_file(path) as fresh:
        fresh.write_text("again")
    assert sorted(tmp_path.iterdir()) == sorted([path, other, of_another_machine])
