"""Client of a Hugging Face hub: one commit to a dataset repository, with bounded waiting and errors in one line."""

import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

import httpx2

from synthetic_textcat.console import terminal
from synthetic_textcat.errors import PublishError, causes
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.publications import TAG, Publication, PublicationOrder, PublicationPlan, is_part
from synthetic_textcat.text.unicode import single_line

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_KIND = "dataset"
_NOT_FOUND = 404
_OF_AN_EMPTY_ONE = {".gitattributes"}
_TIMEOUT = httpx2.Timeout(60, connect=15, write=300)  # seconds; the client itself would wait for ever
_LONGEST = 200

_LATER = "run the same command again later; no row of this run is to be seen there yet"
_BY_STATUS = {
    401: ("refuses the token in HF_TOKEN", "set HF_TOKEN to one that is valid there and may write"),
    402: ("wants something paid for this", "name another repository (publish.repository), or see to that account"),
    403: (
        "does not let this token write to {repository}",
        "use a token that may, or name a repository of your own (publish.repository)",
    ),
    404: (
        "does not know {repository}, or the owner that it names",
        "look for a slip in publish.repository and HF_ENDPOINT",
    ),
    409: (
        "has something else at {repository}, or something was changed there meanwhile",
        "run the same command again; if that does not help, name another repository (publish.repository)",
    ),
    412: ("has got another commit at {repository} meanwhile", "run the same command again"),
    413: ("takes no files of this size", "publish fewer rows"),
    429: ("gets too many requests with this token", _LATER),
}
"""Meaning of a status of the hub, and the next step."""

_REFUSED = ("refuses what was sent", "fix what it says")
_IN_TROUBLE = ("is in trouble", _LATER)


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
        order: The plan as shown to the user, and the files.
        endpoint: The hub's address.

    Raises:
        PublishError: If the client or the token is missing, the folder was changed since the plan was made, the
            repository is public where a private one was asked for or holds something else, or the hub refuses or can't
            be reached.
    """
    hub, plan = connected(endpoint), order.plan
    _check_unchanged(order)
    with plain_hub_errors(plan["repository"], hub.endpoint):
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
    removed = sorted(name for name in (found.files if found else ()) if is_part(name) and name not in names)
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


def connected(endpoint: str) -> "HfApi":
    """The client of the hub at this address, with the token in `HF_TOKEN`; nothing is sent yet.

    Raises:
        PublishError: If the client is not installed or is to stay offline, or there is no token.
    """
    token = _token(endpoint)
    try:
        from huggingface_hub import HfApi, constants, set_client_factory
        from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]
    except ImportError:
        raise PublishError(
            "Publishing needs the extra `publish`, which is not installed. Next: run `pip install -e .[publish]` in "
            "the environment of the project, then the same command"
        ) from None
    except ValueError as error:  # the client reads the address when it is imported
        raise PublishError(
            f"{endpoint} is not an address ({single_line(error, _LONGEST)}). Next: fix HF_ENDPOINT, and run the same "
            "command again"
        ) from None
    if constants.HF_HUB_OFFLINE:
        raise PublishError(
            "HF_HUB_OFFLINE is set, so nothing can be published. Next: unset it, and run publish without evaluate, "
            "which sets it too"
        )
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its warnings name addresses that let others write
    if terminal() is None:
        disable_progress_bars()
    set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=_TIMEOUT))
    return HfApi(endpoint=endpoint, token=token, library_name=TAG, library_version=version(TAG))


def _token(endpoint: str) -> str:
    token = os.environ.get("HF_TOKEN", "").strip()
    if not token:
        raise PublishError(
            "HF_TOKEN is not set, so no hub would take the rows. Next: set it to a token that may write "
            f"({endpoint}/settings/tokens), or see with publish.dry_run=true what would be pushed"
        )
    if not re.fullmatch(r"[!-~]+", token):
        raise PublishError("HF_TOKEN holds a character that no token has. Next: set it to the token alone")
    return token


@contextmanager
def plain_hub_errors(repository: str, endpoint: str) -> Iterator[None]:
    """Turns errors of the client into one line.

    Args:
        repository: Where the push goes.
        endpoint: The hub's address.

    Raises:
        PublishError: In place of an error of the network, of the hub, or of the client about what it answers.
    """
    try:
        yield
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, RuntimeError) as error:
        raise PublishError(_line(error, repository, endpoint)) from error


def status_of(error: BaseException) -> int | None:
    """The hub's status for a request that it refused; None for any other error."""
    return getattr(getattr(error, "response", None), "status_code", None)


def _line(error: BaseException, repository: str, endpoint: str) -> str:
    for cause in causes(error):
        if (status := status_of(cause)) is not None:
            what, then = _BY_STATUS.get(status, _IN_TROUBLE if status >= 500 else _REFUSED)
            said = single_line(getattr(cause, "server_message", None) or "", _LONGEST)
            answer = f"{status}: {said}" if said else f"{status}"
            return f"{endpoint} {what.format(repository=repository)} ({answer}). Next: {then}"
        if isinstance(cause, httpx2.TransportError | httpx2.InvalidURL):
            return (
                f"{endpoint} can't be reached ({single_line(cause, _LONGEST) or type(cause).__name__}). Next: fix the "
                "network, a proxy, or HF_ENDPOINT, and run the same command again"
            )
    return f"Unexpected response from {endpoint} ({single_line(error, _LONGEST)}). Next: {_LATER}"
