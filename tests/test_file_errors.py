"""Errors of the file system: which file, what is wrong, what to do."""

import errno
import os
import socket
import ssl
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import FileDataset, TableDataset
from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.file_errors import about_file
from synthetic_textcat.temporary_files import temporary_errors
from tests.support.each_case import each_of

_NUMBERS = (errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EISDIR, errno.ELOOP, errno.EMFILE)


@each_of("number", _NUMBERS)
def test_each_names_file_cause_and_next_step(number: int) -> None:
    said = about_file(OSError(number, "whatever"), "/data/table.parquet", "write")
    assert said.startswith(f"Can't write /data/table.parquet: {os.strerror(number)}. Next: ")
    assert "\n" not in said


def test_a_number_that_nobody_thought_of_has_a_next_step_too() -> None:
    assert "Next: check whether" in about_file(OSError(errno.ENOTCONN, "x"), "/data/table.parquet")


def test_a_path_in_the_project_is_shown_as_seen_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert about_file(OSError(errno.EIO, ""), tmp_path / "data" / "a.json").startswith(
        "Can't read or write data/a.json: "
    )


@pytest.mark.parametrize("error", [ssl.SSLError(1, "bad certificate"), socket.gaierror(-2, "no such name")])
def test_a_library_that_counts_by_a_list_of_its_own_is_quoted(error: OSError) -> None:
    said = about_file(error)
    assert error.args[1] in said
    assert "not permitted" not in said


@each_of("number", _NUMBERS)
def test_an_os_error_of_a_save_is_never_a_bug(number: int) -> None:
    dataset = "synthetic_textcat.datasets.files.TableDataset(filepath='/data/examples.parquet')"
    error = DatasetError(f"Failed while saving data to dataset {dataset}.\nError writing bytes to file")
    error.__cause__ = OSError(number, "Error writing bytes to file. Detail: a library's own words")
    line = format_user_error(error) or ""
    assert "/data/examples.parquet" in line
    assert "Next: " in line
    assert "Failed while" not in line


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("dataset", [TableDataset, FileDataset])
def test_a_folder_without_rights_is_one_line(dataset: type[TableDataset], tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DatasetError) as caught:
        dataset(filepath=str(tmp_path / "table.parquet")).save(pd.DataFrame({"a": [1]}))
    assert "permission denied" in (format_user_error(caught.value) or "").lower()


def test_a_folder_where_a_table_should_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "table.parquet").mkdir()
    with pytest.raises(DatasetError) as caught:
        TableDataset(filepath=str(tmp_path / "table.parquet")).save(pd.DataFrame({"a": [1]}))
    said = format_user_error(caught.value) or ""
    assert said.startswith(f"Can't write {tmp_path}/table.parquet: Is a directory. Next: move the folder away")


def test_an_os_error_behind_a_bug_does_not_hide_the_bug() -> None:
    bug = KeyError("request_id")
    bug.__context__ = OSError(errno.EIO, "first")
    assert format_user_error(bug) is None


def test_a_full_disk_of_temporary_files_names_their_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/scratch")
    monkeypatch.setattr("tempfile.tempdir", "/scratch")
    with pytest.raises(OSError, match="No space") as caught, temporary_errors():
        raise OSError(errno.ENOSPC, "Error writing bytes to file")
    said = about_file(caught.value, "data/examples.parquet", "write")
    assert said.startswith(
        "Can't write temporary files in /scratch: No space left on device. Next: make room there, or"
    )
    assert "TMPDIR" in said
