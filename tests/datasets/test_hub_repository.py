"""A push, by the real client over real HTTP to a hub on loopback."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import FolderDataset, HubRepositoryDataset
from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.schemas.publications import TAG, PublicationOrder, PublicationPlan
from tests.support.hub import OWNER, TOKEN, LoopbackHub, Repository

_NAME = f"{OWNER}/reviews"
_CARD = f"---\ntags:\n- {TAG}\n---\n# Card\n".encode()
_ROWS = ("PUT ", f"POST /datasets/{_NAME}.git", f"POST /api/datasets/{_NAME}")
"""How the requests begin that bring anything of a file to the hub."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with LoopbackHub() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


def _plan(folder: Path, *names: str, **changes: object) -> PublicationPlan:
    """A plan for a folder with these files, which is written."""
    content = {name: pd.DataFrame({"text": [name, "more"]}) for name in names}
    files = FolderDataset(path=str(folder / "huggingface"))
    files.save({"README.md": _CARD.decode(), **content})
    plan: PublicationPlan = {
        "repository": _NAME,
        "private": True,
        "take_over": False,
        "dry_run": False,
        "message": "Two rows",
        "template_data": False,
        "rows": 2,
        "files": [{"name": name, "bytes": file.bytes, "rows": 2} for name, file in files.load().items()],
        "left_behind": [],
        "notes": [],
    }
    return {**plan, **changes}  # type: ignore[typeddict-item]


def _dataset(folder: Path) -> HubRepositoryDataset:
    return HubRepositoryDataset(filepath=str(folder / "reporting" / "publication.json"))


def _push(folder: Path, plan: PublicationPlan) -> None:
    """Saves an order for this plan with the files of the folder."""
    _dataset(folder).save(PublicationOrder(plan, FolderDataset(path=str(folder / "huggingface")).load()))


def _refused(folder: Path, plan: PublicationPlan) -> str:
    """The one line in which a push ends."""
    with pytest.raises(DatasetError) as caught:
        _push(folder, plan)
    line = format_user_error(caught.value)
    assert line is not None
    assert "\n" not in line
    assert "Next: " in line
    assert TOKEN not in line
    assert not _dataset(folder).exists()
    return line


def _sent_rows(hub: LoopbackHub) -> list[str]:
    return [path for path in hub.paths if path.startswith(_ROWS)]


def test_all_files_come_in_one_commit_to_a_new_repository(hub: LoopbackHub, tmp_path: Path) -> None:
    plan = _plan(tmp_path, "data/default-train.parquet", "data/default-test.parquet")
    _push(tmp_path, plan)
    there = hub.repositories[_NAME]
    assert there.private is True
    assert set(there.files) == {".gitattributes", *(file["name"] for file in plan["files"])}
    for file in plan["files"]:
        assert there.files[file["name"]] == (tmp_path / "huggingface" / file["name"]).read_bytes()
    assert there.messages == ["Two rows"]
    told = _dataset(tmp_path).load()
    assert told == {
        "endpoint": hub.url,
        "repository": _NAME,
        "url": f"{hub.url}/datasets/{_NAME}",
        "revision": there.commits[-1],
        "visibility": "private",
        "change": "created",
        "template_data": False,
        "files": plan["files"],
        "removed": [],
        "publish/rows": 2,
        "publish/files": 3,
        "publish/bytes": sum(file["bytes"] for file in plan["files"]),
    }
    assert TOKEN not in (tmp_path / "reporting" / "publication.json").read_text(encoding="utf-8")
    agents = {headers["user-agent"] for _, headers in hub.requests if "authorization" in headers}
    assert len(agents) == 1
    assert agents.pop().startswith(f"{TAG}/")


@pytest.mark.parametrize("private", [True, False])
def test_a_new_repository_is_as_private_as_asked_for(hub: LoopbackHub, tmp_path: Path, private: bool) -> None:
    _push(tmp_path, _plan(tmp_path, private=private))
    assert hub.repositories[_NAME].private is private
    assert _dataset(tmp_path).load()["visibility"] == ("private" if private else "public")


def test_a_name_alone_is_of_the_owner_of_the_token(hub: LoopbackHub, tmp_path: Path) -> None:
    _push(tmp_path, _plan(tmp_path, repository="reviews"))
    assert list(hub.repositories) == [_NAME]
    assert _dataset(tmp_path).load()["repository"] == _NAME


def test_a_smaller_export_takes_its_own_files_away_and_no_others(hub: LoopbackHub, tmp_path: Path) -> None:
    _push(tmp_path, _plan(tmp_path, "data/default-train.parquet", "data/default-test.parquet"))
    there = hub.repositories[_NAME]
    theirs = {"LICENSE": b"MIT", "data/other.parquet": b"x", "data/default-test.csv": b"y"}
    there.files |= theirs
    _push(tmp_path, _plan(tmp_path, "data/default-train.parquet"))
    assert set(there.files) == {".gitattributes", "README.md", "data/default-train.parquet", *theirs}
    assert len(there.messages) == 2
    told = _dataset(tmp_path).load()
    assert (told["change"], told["removed"]) == ("updated", ["data/default-test.parquet"])


def test_the_same_files_again_are_no_new_commit(hub: LoopbackHub, tmp_path: Path) -> None:
    plan = _plan(tmp_path, "data/default-train.parquet")
    _push(tmp_path, plan)
    revision = _dataset(tmp_path).load()["revision"]
    _push(tmp_path, plan)
    assert len(hub.repositories[_NAME].messages) == 1
    told = _dataset(tmp_path).load()
    assert (told["change"], told["revision"]) == ("none", revision)


def test_no_row_goes_to_a_public_repository_where_a_private_one_is_asked_for(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.repositories[_NAME] = Repository(private=False)
    line = _refused(tmp_path, _plan(tmp_path))
    assert f"{_NAME} at {hub.url} is public, and publish.private=true: no row was sent" in line
    assert not _sent_rows(hub)
    _push(tmp_path, _plan(tmp_path, private=False))
    assert _dataset(tmp_path).load()["visibility"] == "public"


def test_a_private_repository_stays_private(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.repositories[_NAME] = Repository(private=True)
    _push(tmp_path, _plan(tmp_path, private=False))
    assert hub.repositories[_NAME].private is True
    assert _dataset(tmp_path).load()["visibility"] == "private"


def test_what_others_published_is_not_overwritten_by_a_slip(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.repositories[_NAME] = Repository(private=True, files={"README.md": b"# Mine\n", "train.csv": b"a"})
    line = _refused(tmp_path, _plan(tmp_path))
    assert "holds what this project has not published" in line
    assert not _sent_rows(hub)
    _push(tmp_path, _plan(tmp_path, take_over=True))
    assert hub.repositories[_NAME].files == {"README.md": _CARD, "train.csv": b"a"}


@pytest.mark.parametrize(
    ("token", "says"),
    [
        (None, "HF_TOKEN is not set"),
        ("", "HF_TOKEN is not set"),
        (" \n", "HF_TOKEN is not set"),
        ("hf_abcdefgh\nijkl", "HF_TOKEN holds a character that no token has"),
        ("hf_abcdefghïjkl", "HF_TOKEN holds a character that no token has"),
    ],
)
def test_without_a_token_nothing_is_asked(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str | None, says: str
) -> None:
    if token is None:
        monkeypatch.delenv("HF_TOKEN")
    else:
        monkeypatch.setenv("HF_TOKEN", token)
    line = _refused(tmp_path, _plan(tmp_path))
    assert says in line
    assert "abcdefgh" not in line
    assert not hub.requests


def test_the_line_break_of_a_file_is_no_part_of_a_token(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", f"{TOKEN}\n")
    _push(tmp_path, _plan(tmp_path))
    assert _NAME in hub.repositories
    hub.faults["GET /api/datasets"] = (403, f"Not with {TOKEN}")
    (tmp_path / "reporting" / "publication.json").unlink()
    assert "(403: Not with ***)" in _refused(tmp_path, _plan(tmp_path))


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        ("GET /api/whoami", 401, "refuses the token in HF_TOKEN"),
        ("GET /api/datasets", 401, "refuses the token in HF_TOKEN"),
        ("GET /api/datasets", 500, "is in trouble"),
        ("POST /api/repos/create", 402, "wants something paid for this"),
        ("POST /api/repos/create", 403, "does not let this token write to reviews"),
        ("POST /api/repos/create", 404, "does not know reviews"),
        ("POST /api/repos/create", 409, "has something else at reviews"),
        ("POST /api/repos/create", 429, "gets too many requests"),
        ("POST /api/validate-yaml", 400, "refuses what was sent"),
        ("POST /datasets", 403, "does not let this token write"),
        ("PUT /blobs", 403, "does not let this token write"),
        (f"POST /api/datasets/{_NAME}/commit", 413, "takes no files of this size"),
        (f"POST /api/datasets/{_NAME}/commit", 412, "has got another commit"),
        (f"POST /api/datasets/{_NAME}/commit", 418, "refuses what was sent"),
        (f"POST /api/datasets/{_NAME}/commit", 503, "is in trouble"),
    ],
)
def test_a_refusal_is_one_line_and_leaves_nothing_half_pushed(
    hub: LoopbackHub, tmp_path: Path, request_: str, status: int, says: str
) -> None:
    hub.faults[request_] = (status, f"said with {TOKEN}\nand more")
    line = _refused(tmp_path, _plan(tmp_path, "data/default-train.parquet", repository="reviews"))
    assert hub.url in line
    assert says in line
    assert (f"({status})" if "whoami" in request_ else f"({status}: said with *** and more). Next: ") in line
    assert not [there for there in hub.repositories.values() if there.messages]


def test_what_others_commit_meanwhile_is_not_overwritten(hub: LoopbackHub, tmp_path: Path) -> None:
    _push(tmp_path, _plan(tmp_path, "data/default-train.parquet"))
    (tmp_path / "reporting" / "publication.json").unlink()
    there = hub.repositories[_NAME]

    class _Racing(list[str]):
        """Commits of which one comes right after the repository was looked up."""

        def __getitem__(self, place: object) -> str:  # type: ignore[override]
            last = list(self)[-1]
            if len(self) < 9:
                self.append(f"{len(self):040x}")
            return last

    there.commits = _Racing(there.commits)
    assert "has got another commit" in _refused(tmp_path, _plan(tmp_path, "data/default-test.parquet"))
    assert len(there.messages) == 1


def test_files_come_from_wherever_the_folder_lies(hub: LoopbackHub, tmp_path: Path) -> None:
    plan = _plan(tmp_path, "data/default-train.parquet")
    elsewhere = FolderDataset(path=f"memory://{tmp_path.name}/huggingface")
    elsewhere.save({name: file() for name, file in FolderDataset(path=str(tmp_path / "huggingface")).load().items()})
    HubRepositoryDataset(filepath=f"memory://{tmp_path.name}/note.json").save(PublicationOrder(plan, elsewhere.load()))
    assert set(hub.repositories[_NAME].files) == {".gitattributes", "README.md", "data/default-train.parquet"}
    assert HubRepositoryDataset(filepath=f"memory://{tmp_path.name}/note.json").load()["publish/files"] == 2


def test_a_hub_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        for name, value in {"HF_ENDPOINT": address, "HF_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"}.items():
            monkeypatch.setenv(name, value)
        assert f"{address} can't be reached" in _refused(tmp_path, _plan(tmp_path))


@pytest.mark.parametrize("address", ["localhost:80", "http://[", "https://user:secret@"])
def test_an_address_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    line = _refused(tmp_path, _plan(tmp_path))
    assert "can't be reached" in line
    assert "secret" not in line


def test_a_folder_that_was_changed_meanwhile_is_not_pushed(hub: LoopbackHub, tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    (tmp_path / "huggingface" / "README.md").write_text("other", encoding="utf-8")
    assert "README.md of the dataset folder was changed just now" in _refused(tmp_path, plan)
    assert not hub.requests


def test_a_missing_extra_is_one_line(hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert "needs the extra `publish`" in _refused(tmp_path, _plan(tmp_path))
    assert not hub.requests
