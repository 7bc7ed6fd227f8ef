"""What went wrong between here and a dataset hub, in one line: what, where, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from synthetic_textcat.errors import PublishError

_LONGEST = 200

_AGAIN = "Next: run the same command again later; no row of this run is to be seen there yet"
_NEXT_BY_STATUS = {
    401: "refuses the token in HF_TOKEN. Next: set HF_TOKEN to one that is valid there and may write",
    402: "wants something paid for this. Next: publish to another place (publish.repository), or see to that account",
    403: "does not let this token write to {repository}. Next: use a token that may, or publish to a place of your own "
    "(publish.repository)",
    404: "does not know {repository}, or the owner that it names. Next: look for a slip in publish.repository and "
    "HF_ENDPOINT",
    409: "has something else at {repository}, or something was changed there meanwhile. Next: run the same command "
    "again; if that does not help, name another repository (publish.repository)",
    412: "has got another commit at {repository} meanwhile. Next: run the same command again",
    413: "takes no files of this size. Next: publish fewer rows",
    429: f"gets too many requests with this token. {_AGAIN}",
}
_REFUSED = "refuses what was sent. Next: mend what it says"
_IN_TROUBLE = f"is in trouble. {_AGAIN}"


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
    for cause in _chain(error):
        if (status := status_of(cause)) is not None:
            told = _NEXT_BY_STATUS.get(status, _IN_TROUBLE if status >= 500 else _REFUSED)
            said = _flat(getattr(cause, "server_message", None) or "")
            return f"{endpoint} {told.format(repository=repository)} ({status}{': ' + said if said else ''})"
        if isinstance(cause, httpx2.TransportError | httpx2.InvalidURL):
            return (
                f"{endpoint} can't be reached ({_flat(str(cause)) or type(cause).__name__}). Next: mend the network, a "
                "proxy, or HF_ENDPOINT, and run the same command again"
            )
    return f"{endpoint} and its client do not understand each other ({_flat(str(error))}). {_AGAIN}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _flat(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
