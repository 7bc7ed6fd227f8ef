"""What is refused before a run begins, since its results would have no place."""

import http.server
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline, node

from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.errors import StorageError
from synthetic_textcat.hooks import RunNotes, StorageGate
from tests.support.s3 import BUCKET, S3Server

_TABLE = "synthetic_textcat.datasets.TableDataset"
_FOLDER = "synthetic_textcat.datasets.FolderDataset"
_CREDENTIALS = {"key": "access-key-of-the-team", "secret": "secret-of-the-team-0123456789"}
_DENIED = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InvalidAccessKeyId</Code><Message>The key secret-of-the-team-0123456789 is not in our records.</Message>
</Error>"""


def _check(
    catalog: dict[str, Any],
    reads: str = "given",
    writes: str = "made",
    *,
    rebuilt: bool = False,
    patience_s: float = 60,
) -> None:
    pipeline = Pipeline([node(lambda given: given, reads, writes)])
    gate = StorageGate(RunNotes(rebuilt_from="earlier" if rebuilt else None), patience_s=patience_s)
    gate.before_pipeline_run(pipeline=pipeline, catalog=DataCatalog.from_config(catalog))


def _refused(catalog: dict[str, Any], reads: str = "given", writes: str = "made", patience_s: float = 60) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011  Kedro wraps what a constructor raises
        _check(catalog, reads, writes, patience_s=patience_s)
    line = format_user_error(caught.value)
    assert line is not None
    assert "\n" not in line
    assert "Next: " in line
    assert "secret-of-the-team" not in line
    return line


@contextmanager
def _server_that_says(status: int, body: bytes) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # the client waits for "100 Continue"
        disable_nagle_algorithm = True  # else the kernel holds a body back for 40 ms, after its headers

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(body)

        def do_HEAD(self) -> None:
            self._answer(b"")

        def _answer(self, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3's client would look for credentials on the network."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.parametrize("kind", [_TABLE, _FOLDER, "pandas.ParquetDataset"])
def test_a_bucket_that_is_not_there_is_told_in_the_servers_own_words(s3: S3Server, kind: str) -> None:
    place = "path" if kind == _FOLDER else "filepath"
    entry = {"type": kind, place: "s3://no-bucket/textcat/made", "credentials": s3.credentials}
    line = _refused({"made": entry})
    assert line.startswith("Dataset 'made': s3://no-bucket/textcat/made can't be written: ")
    assert "The specified bucket does not exist" in line


def test_wrong_credentials_are_told_likewise_without_them() -> None:
    with _server_that_says(403, _DENIED) as address:
        credentials = {**_CREDENTIALS, "client_kwargs": {"endpoint_url": address}}
        entry = {"type": _TABLE, "filepath": f"s3://{BUCKET}/made.parquet", "credentials": credentials}
        assert "The key *** is not in our records" in _refused({"made": entry})


def _check_both_kinds(address: str, **credentials: Any) -> None:
    for kind, place in {"File": "filepath", "Folder": "path"}.items():
        entry = {"type": f"synthetic_textcat.datasets.{kind}Dataset", place: f"{address}/{kind}.json", **credentials}
        for versioned in (False, True):
            _check({"made": {**entry, "versioned": versioned}})


def test_what_can_be_written_leaves_no_trace(tmp_path: Path) -> None:
    _check_both_kinds(f"memory://{tmp_path.name}/textcat")
    assert not fsspec.filesystem("memory").find(f"/{tmp_path.name}")


def test_nor_does_it_on_s3(s3: S3Server) -> None:
    _check_both_kinds(f"s3://{BUCKET}/textcat", credentials=s3.credentials)
    assert s3.names() == []


def test_an_input_in_a_place_that_does_not_answer_is_told() -> None:
    with _server_that_says(403, _DENIED) as address:
        credentials = {**_CREDENTIALS, "client_kwargs": {"endpoint_url": address}}
        optional = {
            "type": "synthetic_textcat.datasets.OptionalDataset",
            "dataset": {"type": _TABLE, "filepath": f"s3://{BUCKET}/a.parquet", "credentials": credentials},
        }
        assert f"Dataset 'given': s3://{BUCKET}/a.parquet can't be read: " in _refused({"given": optional})


def test_a_server_that_never_answers_is_not_waited_for_without_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        credentials = {**_CREDENTIALS, "client_kwargs": {"endpoint_url": address}}
        entry = {"type": _TABLE, "filepath": f"s3://{BUCKET}/made.parquet", "credentials": credentials}
        assert "does not answer within 1 s" in _refused({"made": entry}, patience_s=1)


def test_nothing_is_written_to_the_web() -> None:
    line = _refused({"made": {"type": _TABLE, "filepath": "https://host/made.parquet"}})
    assert "is for reading only" in line


@pytest.mark.parametrize(
    ("entry", "there", "says"),
    [
        (
            {"type": _TABLE, "filepath": "made.parquet", "versioned": True},
            "made.parquet",
            "move it to made.parquet/2026",
        ),
        ({"type": _TABLE, "filepath": "made.parquet"}, "made.parquet/v1/made.parquet", "is a folder"),
        ({"type": _FOLDER, "path": "made"}, "made", "made is a file"),
        ({"type": _FOLDER, "path": "made"}, "made/v1/made/a.md", "holds versions of an earlier run"),
        ({"type": _TABLE, "filepath": "a/b/made.parquet"}, "a", "a is a file"),
    ],
)
def test_what_stands_in_the_way_on_a_local_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any], there: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / there).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / there).write_text("there")
    assert says in _refused({"made": entry})


@pytest.mark.parametrize("kind", [_TABLE, _FOLDER])
def test_a_version_that_would_be_loaded_in_place_of_the_runs_own_is_told(tmp_path: Path, kind: str) -> None:
    entry = {"type": kind, "path" if kind == _FOLDER else "filepath": str(tmp_path / "made"), "versioned": True}
    for version in ("2020-01-01T00.00.00.000Z", "v1"):
        _check({"made": entry})
        path = tmp_path / "made" / version / ("made/a.md" if kind == _FOLDER else "made")
        path.parent.mkdir(parents=True)
        path.write_text("there")
    assert "has a version (v1) that sorts after this run's (20" in _refused({"made": entry})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "is read-only" in _refused({"made": {"type": _TABLE, "filepath": str(tmp_path / "made.parquet")}})
    finally:
        tmp_path.chmod(0o700)


def test_versions_of_the_users_file_are_not_looked_for_where_that_file_lies(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("text\none\n")
    inner = {"type": "synthetic_textcat.datasets.TextsDataset", "filepath": str(tmp_path / "real.csv")}
    optional = {"type": "synthetic_textcat.datasets.OptionalDataset", "dataset": inner}
    _check({"given": optional})
    assert "is a file, and its entry in the catalog has versioned: true" in _refused(
        {"given": {**optional, "versioned": True}}
    )


def test_one_file_under_two_names_is_in_one_place(tmp_path: Path) -> None:
    def entry(name: str, *, versioned: bool = False) -> dict[str, Any]:
        kind = "synthetic_textcat.datasets.FileDataset"
        return {"type": kind, "filepath": str(tmp_path / name), "versioned": versioned}

    def optional(inner: dict[str, Any]) -> dict[str, Any]:
        return {"type": "synthetic_textcat.datasets.OptionalDataset", "dataset": inner}

    names = ("previous_rounds", "rounds")
    _check({"previous_rounds": optional(entry("rounds.json")), "rounds": entry("rounds.json")}, *names)
    apart = {"previous_rounds": optional(entry("rounds.json")), "rounds": entry("other.json")}
    line = _refused(apart, *names)
    assert line.startswith("Datasets 'rounds' and 'previous_rounds' are one file under two names")
    assert "other.json" in line
    _check(apart, *names, rebuilt=True)
    with_versions = {"previous_rounds": optional(entry("rounds.json")), "rounds": entry("rounds.json", versioned=True)}
    assert "rounds.json (versioned) and" in _refused(with_versions, *names)


def test_the_second_pass_of_a_command_is_not_checked_again() -> None:
    notes, broken = RunNotes(), {"made": {"type": _TABLE, "filepath": "https://host/made.parquet"}}
    pipeline = Pipeline([node(lambda given: given, "given", "made")])
    gate = StorageGate(notes)
    for refused in (True, False):
        notes.passes.number += 1
        catalog = DataCatalog.from_config(broken)
        if refused:
            with pytest.raises(StorageError):
                gate.before_pipeline_run(pipeline=pipeline, catalog=catalog)
        else:
            gate.before_pipeline_run(pipeline=pipeline, catalog=catalog)
