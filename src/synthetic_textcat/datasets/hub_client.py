"""One commit to a dataset repository on a Hugging Face hub."""

import warnings
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import httpx2

from synthetic_textcat.datasets.hub_client_hub_client import connected
from synthetic_textcat.datasets.hub_faults import status_of, told_plainly
from synthetic_textcat.errors import PublishError
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.dataset_folder import ALL_PARTS, TAG
from synthetic_textcat.schemas.publications import Publication, PublicationOrder, PublicationPlan

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_KIND = "dataset"
_NOT_FOUND = 404
_OF_AN_EMPTY_ONE = {".gitattributes"}


class _Found(NamedTuple):
    """A repository that is there.

    Attributes:
        revision: Its last commit; None where it has none.
        private: Whether only its owner sees it.
        files: Their names.
        is_ours: Whether it is empty, or its card is of this software.
    """

    revision: str | None
    private: bool
    files: frozenset[str]
    is_ours: bool


def push(order: PublicationOrder, endpoint: str) -> Publication:
    """Makes the repository if there is none, and puts the plan's files there in one commit, or none of them.

    Files of an earlier export that this one does not have are taken away by the same commit; any other file stays.

    Args:
        order: What was told to the user, and the files.
        endpoint: The hub's address.

    Raises:
        PublishError: If the client or the token is missing, the folder was changed since the plan was made, the
            repository is public where a private one was asked for or holds something else, or the hub refuses or can't
            be reached.
    """
    hub, plan = connected(endpoint), order.plan
    _check_unchanged(order)
    with told_plainly(plan["repository"], hub.endpoint):
        repository = _with_owner(hub, plan["repository"])
        found = _look_up(hub, repository)
        if found is None:
            hub.create_repo(repository, private=plan["private"], repo_type=_KIND)
        else:
            _check_found(found, plan, f"{repository} at {hub.endpoint}")
        return _committed(hub, repository, found, order)


def _check_unchanged(order: PublicationOrder) -> None:
    for file in order.plan["files"]:
        if _size_now(order, file["name"]) != file["bytes"]:
            raise PublishError(
                f"{file['name']} of the dataset folder was changed just now, so nothing was sent. Next: run the same "
                "command again"
            )


def _size_now(order: PublicationOrder, name: str) -> int | None:
    try:
        return order.files[name].bytes
    except (KeyError, FileNotFoundError):
        return None


def _with_owner(hub: "HfApi", name: str) -> str:
    return name if "/" in name else f"{hub.whoami()['name']}/{name}"


def _look_up(hub: "HfApi", repository: str) -> _Found | None:
    try:
        info = hub.dataset_info(repository)
    except httpx2.HTTPError as error:
        if status_of(error) == _NOT_FOUND:
            return None
        raise
    files = frozenset(file.rfilename for file in info.siblings or ())
    return _Found(info.sha, bool(info.private), files, is_ours=files <= _OF_AN_EMPTY_ONE or TAG in (info.tags or ()))


def _check_found(found: _Found, plan: PublicationPlan, where: str) -> None:
    if plan["private"] and not found.private:
        raise PublishError(
            f"{where} is public, and publish.private=true: no row was sent. Next: make it private there, name another "
            "repository, or set publish.private=false"
        )
    if not found.is_ours and not plan["take_over"]:
        raise PublishError(
            f"{where} holds what this project has not published, and its card would be replaced: no row was sent. "
            "Next: name another repository, or set publish.take_over=true"
        )


def _committed(hub: "HfApi", repository: str, found: _Found | None, order: PublicationOrder) -> Publication:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    plan = order.plan
    names = [file["name"] for file in plan["files"]]
    removed = sorted(({part.path for part in ALL_PARTS} - set(names)) & (found.files if found else set()))
    before = found.revision if found else None
    with warnings.catch_warnings(), ExitStack() as copies:
        warnings.simplefilter("ignore")  # what the hub would like to read in a card
        commit = hub.create_commit(
            repository,
            [
                *(CommitOperationAdd(name, copies.enter_context(order.files[name].local_copy())) for name in names),
                *(CommitOperationDelete(name) for name in removed),
            ],
            commit_message=plan["message"],
            repo_type=_KIND,
            parent_commit=before,
        )
    return {
        "endpoint": redact(hub.endpoint),
        "repository": repository,
        "url": redact(f"{hub.endpoint}/datasets/{repository}"),
        "revision": commit.oid,
        "visibility": "private" if (found.private if found else plan["private"]) else "public",
        "change": "created" if found is None else "none" if commit.oid == before else "updated",
        "template_data": plan["template_data"],
        "files": plan["files"],
        "removed": removed,
        "publish/rows": plan["rows"],
        "publish/files": len(names),
        "publish/bytes": sum(file["bytes"] for file in plan["files"]),
    }
