"""Every dataset class, in every kind of place, with versions and without: nobody can forget one."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import plotly.graph_objects as go
import pytest
from kedro.io import AbstractDataset, DatasetError

from synthetic_textcat import datasets
from synthetic_textcat.datasets.previews import ABSENT
from synthetic_textcat.datasets.stored import shown_place
from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.errors import StorageError
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from synthetic_textcat.tables import as_table
from tests.support.each_case import each_of
from tests.support.examples import cases
from tests.support.s3 import BUCKET, S3Server

_FRAME = pd.DataFrame({"text": pd.Series(["ä", "b"], dtype="str"), "n": [1, 2]})
_KINDS = ("path", "file URL", "memory")
_S3 = pytest.param("s3", marks=pytest.mark.whole_run)
_FIRST, _SECOND = "2026-01-01T00.00.00.000Z", "2026-01-02T00.00.00.000Z"
_WITHOUT_A_PLACE = {
    "BatchRecordDataset",
    "ChatModelDataset",
    "LocalModelDataset",
    "JournalDataset",
    "HubRepositoryDataset",
}
"""The model has no file, a journal is appended to on a local disk, and to save a publication is to push."""


@dataclass(frozen=True)
class Sample:
    """What a class holds: saved by itself, or, of the user's own files, written by hand."""

    name: str
    data: Any = None
    content: bytes = b""
    entry: dict[str, Any] | None = None
    plain: Callable[[Any], Any] = lambda loaded: loaded

    @property
    def is_the_users(self) -> bool:
        """Whether it can't be saved."""
        return self.data is None


def _parquet(frame: pd.DataFrame) -> bytes:
    content: bytes = frame.to_parquet(index=False)
    return content


def _tasks() -> bytes:
    row = Task(task="Sort a review.", labels=("good", "bad")).to_row("brainstorm", "a-model")
    return _parquet(pd.DataFrame([row], columns=TASKS_ARROW_SCHEMA.names))


def _rows(frame: pd.DataFrame) -> Any:
    return frame.to_dict("records")


_OPTIONAL = {"dataset": {"type": "synthetic_textcat.datasets.FileDataset"}}
_SAMPLES: dict[str, Sample] = {
    "ConfusableFileDataset": Sample("confusable.yml", content=b"A.: {x: [y]}\n", plain=lambda found: found.content),
    "DomainsFileDataset": Sample("domains.yml", content=b"- law\n- food\n", plain=lambda found: found.content),
    "FigureDataset": Sample("plot.json", go.Figure(go.Bar(y=[1, 2])), plain=lambda figure: figure.to_dict()["data"]),
    "FileDataset": Sample("values.json", {"rows": 3, "names": ["ä"]}),
    "FolderDataset": Sample(
        "export",
        {"a.md": "# Ä\n", "data/b.json": [1, 2]},
        entry={},
        plain=lambda files: {name: file() if callable(file) else file for name, file in files.items()},
    ),
    "KeptTasksDataset": Sample("tasks.parquet", content=_tasks(), plain=lambda kept: list(kept.table["task"])),
    "OptionalDataset": Sample("rounds.json", {"rounds": [1]}, entry=_OPTIONAL),
    "PromptDataset": Sample(
        "prompt.yml",
        content=b"messages: [{role: user, content: 'Do {task}'}]\n",
        plain=lambda prompt: prompt.input_variables,
    ),
    "RowTableDataset": Sample("rows.parquet", _FRAME, plain=lambda table: _rows(as_table(table).to_pandas())),
    "TableDataset": Sample("rows.parquet", _FRAME, plain=_rows),
    "TasksFileDataset": Sample("tasks.yml", content=b"- Sort a mail.\n", plain=lambda found: found.content),
    "TextsDataset": Sample("texts.csv", content=b"text\none\ntwo\n"),
    "UserTableDataset": Sample("real.csv", content=b"text,label\none,a\n", plain=_rows),
}


class Space:
    """A kind of place, empty: where a test puts things, and how the catalog names them."""

    def __init__(self, kind: str, folder: Path, s3: S3Server | None) -> None:
        self.kind = kind
        self.credentials = s3.credentials if s3 else None
        self.base = {
            "path": str(folder / "out"),
            "file URL": (folder / "out").as_uri(),
            "memory": f"memory://{folder.name}/out",
            "s3": f"s3://{BUCKET}/out",
        }[kind]
        self._path: str
        self._fs, self._path = (s3.files, f"{BUCKET}/out") if s3 else fsspec.core.url_to_fs(self.base)

    def put(self, name: str, content: bytes) -> None:
        """Writes a file by hand."""
        path = f"{self._path}/{name}"
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._fs.pipe_file(path, content)

    def names(self) -> list[str]:
        """All files."""
        self._fs.invalidate_cache()
        found = self._fs.find(self._path) if self._fs.exists(self._path) else []
        return sorted(name.removeprefix(self._path).lstrip("/") for name in found)

    def dataset(self, kind: str, *, versioned: bool, save: str | None = None, load: str | None = None) -> Any:
        """The dataset as the catalog makes it."""
        sample = _SAMPLES[kind]
        place: dict[str, Any] = {"filepath" if kind != "FolderDataset" else "path": f"{self.base}/{sample.name}"}
        if self.credentials:
            place["credentials"] = self.credentials
        entry: dict[str, Any] = {"type": f"synthetic_textcat.datasets.{kind}"}
        if kind == "OptionalDataset":
            entry |= {"dataset": {**_OPTIONAL["dataset"], **place}}
        else:
            entry |= place
        return AbstractDataset.from_config("one", {**entry, "versioned": versioned}, load, save)


@pytest.fixture(params=[*_KINDS, _S3])
def space(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Space]:
    monkeypatch.chdir(tmp_path)
    s3 = request.getfixturevalue("s3") if request.param == "s3" else None
    yield Space(request.param, tmp_path, s3)
    assert not [path for path in tmp_path.iterdir() if ":" in path.name]  # no folder named `s3:` or `memory:`


def _in_each_place(kinds: Iterable[str]) -> list[Any]:
    """Each class in each place; `make unit` asks no S3 server, and names the files of some classes by a URL."""
    on_s3 = [pytest.param(*_S3.values, kind, marks=_S3.marks) for kind in kinds]
    return [*product(("path", "memory"), kinds), *product(("file URL",), cases(kinds, 4)), *on_s3]


def test_there_is_a_sample_of_each_class() -> None:
    assert set(_SAMPLES) | _WITHOUT_A_PLACE == set(datasets.__all__)


@pytest.mark.parametrize(("space", "kind"), _in_each_place(_SAMPLES), indirect=["space"])
def test_each_class_takes_each_place(space: Space, kind: str) -> None:
    sample, dataset = _SAMPLES[kind], space.dataset(kind, versioned=False)
    assert not dataset.exists()
    if hasattr(dataset, "preview"):
        assert ABSENT in str(dataset.preview())
    if sample.is_the_users:
        space.put(sample.name, sample.content)
        with pytest.raises(DatasetError):
            dataset.save("anything")
    else:
        dataset.save(sample.data)
    assert {name.partition("/")[0] for name in space.names()} == {sample.name}
    assert dataset.exists()
    again = space.dataset(kind, versioned=False)
    assert again.exists()
    loaded = sample.plain(again.load())
    if not sample.is_the_users:
        assert loaded == sample.plain(sample.data)
    assert loaded
    if hasattr(again, "preview"):
        assert ABSENT not in str(again.preview())
    assert str(shown_place(again)).endswith(f"out/{sample.name}")
    again.release()
    _assert_no_secret(space, again)


@pytest.mark.parametrize(("space", "kind"), _in_each_place(_SAMPLES), indirect=["space"])
def test_each_class_keeps_versions_where_the_catalog_asks_for_them(space: Space, kind: str) -> None:
    sample = _SAMPLES[kind]
    assert not space.dataset(kind, versioned=True).exists()
    for version in (_FIRST, _SECOND):
        if sample.is_the_users:
            space.put(f"{sample.name}/{version}/{sample.name}", sample.content)
        else:
            space.dataset(kind, versioned=True, save=version).save(sample.data)
    assert {name.partition("/")[2].partition("/")[0] for name in space.names()} == {_FIRST, _SECOND}
    last, first = space.dataset(kind, versioned=True), space.dataset(kind, versioned=True, load=_FIRST)
    for dataset, version in ((last, _SECOND), (first, _FIRST)):
        assert dataset.exists()
        assert sample.plain(dataset.load())
        assert str(shown_place(dataset)).endswith(f"out/{sample.name}/{version}/{sample.name}")
        if hasattr(dataset, "preview"):
            assert ABSENT not in str(dataset.preview())
    missing = space.dataset(kind, versioned=True, load="2020-01-01T00.00.00.000Z")
    assert not missing.exists()
    if kind != "OptionalDataset":
        with pytest.raises(DatasetError) as caught:
            missing.load()
        line = str(format_user_error(caught.value))
        assert "2020-01-01T00.00.00.000Z" in line or kind == "KeptTasksDataset"
        assert "\n" not in line


@pytest.mark.parametrize(
    ("space", "kind"), _in_each_place(sorted(set(_SAMPLES) - {"OptionalDataset"})), indirect=["space"]
)
def test_without_any_version_one_line_says_where_one_would_lie(space: Space, kind: str) -> None:
    with pytest.raises(DatasetError) as caught:
        space.dataset(kind, versioned=True).load()
    line = str(format_user_error(caught.value))
    assert f"{_SAMPLES[kind].name}/<version>/{_SAMPLES[kind].name} is missing. Next: " in line


def test_what_others_save_meanwhile_is_seen(space: Space) -> None:
    first, other = (space.dataset("FileDataset", versioned=False) for _ in range(2))
    assert not first.exists()
    other.save([1])
    assert first.exists()
    other.save([2])
    assert first.load() == [2]


def test_a_save_that_fails_leaves_what_was_there(space: Space) -> None:
    file, folder = space.dataset("FileDataset", versioned=False), space.dataset("FolderDataset", versioned=False)
    file.save({"good": True})
    folder.save({"a.md": "good"})
    for dataset, broken in ((file, [object()]), (folder, {"a.md": "new", "b.json": [object()]})):
        with pytest.raises(DatasetError):
            dataset.save(broken)
    assert file.load() == {"good": True}
    assert [file() for file in folder.load().values()] == ["good"]
    assert len(space.names()) == 2


def test_a_folder_that_is_saved_anew_has_nothing_of_before(space: Space) -> None:
    folder = space.dataset("FolderDataset", versioned=False)
    folder.save({"old.md": "old", "data/both.json": [1]})
    folder.save({"data/both.json": [2]})
    assert list(folder.load()) == ["data/both.json"]
    assert space.names() == ["export/data/both.json"]
    folder.save({})
    assert folder.exists()
    assert folder.load() == {}
    folder.save({"a.md": "new"})
    assert space.names() == ["export/a.md"]


@pytest.mark.parametrize("space", ["memory", _S3], indirect=True)
@pytest.mark.parametrize("versioned", [False, True])
def test_a_remote_folder_that_a_killed_run_left_half_written_counts_as_absent(space: Space, versioned: bool) -> None:
    folder = space.dataset("FolderDataset", versioned=versioned, save=_FIRST)
    folder.save({"a.md": "old"})
    whole = f"export/{_SECOND}/export" if versioned else "export"
    space.put(f"{whole}/.incomplete", b"")
    space.put(f"{whole}/a.md", b"new")
    again = space.dataset("FolderDataset", versioned=versioned, save=_SECOND)
    assert again.exists() is versioned  # then the last whole version is the one before
    assert again.preview()["columns"] == (["file", "bytes"] if versioned else [ABSENT])
    again.save({"b.md": "newer"})
    assert [file() for file in space.dataset("FolderDataset", versioned=versioned).load().values()] == ["newer"]
    assert not [name for name in space.names() if "incomplete" in name or name.startswith(f"{whole}/a.md")]


@pytest.mark.parametrize("space", ["path", _S3], indirect=True)
def test_options_of_reader_and_writer_are_the_catalogs(space: Space) -> None:
    options = {"save_args": {"compression": "gzip"}, "load_args": {"columns": ["n"]}}
    place = {"filepath": f"{space.base}/rows.parquet", "credentials": space.credentials}
    for kind in ("TableDataset", "FileDataset"):
        dataset = AbstractDataset.from_config(kind, {"type": f"synthetic_textcat.datasets.{kind}", **place, **options})
        dataset.save(_FRAME)
        assert list(dataset.load().columns) == ["n"]


def test_a_version_that_is_there_is_never_replaced(space: Space) -> None:
    for kind in ("TableDataset", "FolderDataset"):
        space.dataset(kind, versioned=True, save=_FIRST).save(_SAMPLES[kind].data)
        with pytest.raises(DatasetError, match="must not exist"):
            space.dataset(kind, versioned=True, save=_FIRST).save(_SAMPLES[kind].data)


def _assert_no_secret(space: Space, dataset: AbstractDataset[Any, Any]) -> None:
    told = f"{dataset} {dataset!r} {json.dumps(dataset._describe(), default=str)} {shown_place(dataset)}"
    for value in (space.credentials or {}).values():
        assert str(value) not in told


def _refusal(kind: str, **entry: Any) -> str:
    place = "path" if kind == "FolderDataset" else "filepath"
    with pytest.raises(DatasetError) as caught:
        AbstractDataset.from_config(
            "one", {"type": f"synthetic_textcat.datasets.{kind}", place: entry.pop("at"), **entry}
        )
    line = format_user_error(caught.value)
    assert isinstance(caught.value.__cause__, StorageError)
    assert line is not None
    assert "\n" not in line
    assert "Next: " in line
    return line


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)  # what was imported before
    line = _refusal("TableDataset", at="s3://team-bucket/examples.parquet")
    assert line.startswith("s3://team-bucket/examples.parquet needs a package that is not installed")
    assert "`pip install s3fs`" in line
    assert "`pip install gcsfs`" in _refusal("FolderDataset", at="gs://team-bucket/export")


@each_of(
    ("at", "entry", "says"),
    [
        ("s4://team-bucket/a.parquet", {}, "is in no file system that is known: Protocol not known: s4. Next: "),
        ("s3:/team-bucket/a.parquet", {}, "write s3:// if s3 is the protocol"),
        ("s3:team-bucket/a.parquet", {}, "write s3:// if s3 is the protocol"),
        ("https://host/a.parquet", {"versioned": True}, "can't have versions"),
        ("a.parquet", {"fs_args": {"open_args_save": {"mode": "wb"}}}, "fs_args.open_args_save means nothing here"),
    ],
)
def test_what_no_file_system_takes_is_refused_before_anything_else(at: str, entry: dict[str, Any], says: str) -> None:
    assert says in _refusal("TableDataset", at=at, **entry)


def test_a_journal_is_no_folder_named_like_a_protocol_either() -> None:
    assert "write s3:// if s3 is the protocol" in _refusal("JournalDataset", at="s3:/team-bucket/completions.jsonl")


def test_a_web_address_is_shown_without_what_may_be_a_signature() -> None:
    dataset = datasets.TasksFileDataset(filepath="https://user:password@host/tasks.csv?signature=s3cret")
    assert str(shown_place(dataset)) == "https://***@host/tasks.csv"
    assert "s3cret" not in str(dataset)
    assert dataset.suffix == ".csv"
