"""The private API of Kedro that is in use exists, and nothing else of it is used."""

import re
from pathlib import Path

from kedro.io import AbstractDataset, CachedDataset, MemoryDataset, Version
from kedro.io.core import generate_timestamp
from kedro_datasets.json import JSONDataset
from kedro_datasets.text import TextDataset

from synthetic_textcat.datasets import JournalDataset, kedro_compat

_PACKAGE = Path(kedro_compat.__file__).parents[1]
_PRIVATE = re.compile(
    r"kedro_datasets\._typing|\b_EPHEMERAL\b|_SINGLE_PROCESS|_get_load_path"
    r'|"_(?:filepath|protocol|fs|dataset|version)"'
)


def test_a_dataset_of_kedro_datasets_has_path_protocol_and_file_system(tmp_path: Path) -> None:
    plain = TextDataset(filepath=(tmp_path / "a.txt").as_posix())

    assert kedro_compat.filepath_of(plain) == tmp_path / "a.txt"
    assert kedro_compat.file_system_of(plain)[0] == "file"
    assert kedro_compat.file_system_of(plain)[1] is not None
    assert not kedro_compat.is_versioned(plain)
    assert "a.txt" in str(kedro_compat.described(plain)["filepath"])


def test_a_version_has_a_file_of_its_own(tmp_path: Path) -> None:
    dataset = JSONDataset(filepath=(tmp_path / "a.json").as_posix(), version=Version(None, generate_timestamp()))
    dataset.save({"a": 1})

    assert kedro_compat.is_versioned(dataset)
    assert Path(kedro_compat.version_path_of(dataset)).is_file()


def test_a_cached_dataset_holds_another_and_a_memory_dataset_has_no_file() -> None:
    inner = MemoryDataset()

    assert kedro_compat.wrapped_in(CachedDataset(inner)) is inner
    assert kedro_compat.filepath_of(inner) is None


def test_kedro_has_the_marks_that_a_journal_sets(tmp_path: Path) -> None:
    assert AbstractDataset._EPHEMERAL is False
    assert JournalDataset(filepath=(tmp_path / "j.jsonl").as_posix())._EPHEMERAL


def test_no_other_file_uses_private_api_of_kedro() -> None:
    files = [path for path in _PACKAGE.rglob("*.py") if path != Path(kedro_compat.__file__)]

    assert len(files) > 100
    assert not [path.name for path in files if _PRIVATE.search(path.read_text(encoding="utf-8"))]
