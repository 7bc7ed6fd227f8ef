"""What went wrong between here and a dataset hub, in one line: what, where, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from synthetic_textcat.errors import PublishError, causes
from synthetic_textcat.text.visible_text import single_line

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
"""What a status of the hub means, and what to do."""

_REFUSED = ("refuses what was sent", "mend what it says")
_IN_TROUBLE = ("is in trouble", _LATER)


@contextmanager
def told_plainly(repository: str, endpoint: str) -> Iterator[None]:
    """Turns what the client raises into one line.

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
            told = f"{status}: {said}" if said else f"{status}"
            return f"{endpoint} {what.format(repository=repository)} ({told}). Next: {then}"
        if isinstance(cause, httpx2.TransportError | httpx2.InvalidURL):
            return (
                f"{endpoint} can't be reached ({single_line(cause, _LONGEST) or type(cause).__name__}). Next: mend the "
                "network, a proxy, or HF_ENDPOINT, and run the same command again"
            )
    return f"{endpoint} and its client do not understand each other ({single_line(error, _LONGEST)}). Next: {_LATER}"
