"""Transport errors: client exceptions mapped to errors of this project by their cause.

Either the row alone (`ContentFilteredError`, `TransportError`), or the run (`FatalAnswerError`), or the run at
its first call and later the row (`BadRequestError`, `UnreachableError`).
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass

from synthetic_textcat.errors import (
    BadRequestError,
    ContentFilteredError,
    FatalAnswerError,
    TextcatError,
    TransportError,
    UnreachableError,
)
from synthetic_textcat.llm.providers.client_exceptions import read_exception
from synthetic_textcat.llm.providers.errors import first_match, one_line
from synthetic_textcat.schemas.outcomes import TOO_LONG

OurError = TransportError | ContentFilteredError | TextcatError


@dataclass(frozen=True, slots=True)
class SetBy:
    """Places where a class's key, address and proxy are set, and the model asked for in brackets, for messages."""

    key: str = "OPENAI_API_KEY, or the variable that your chat model's class reads,"
    address: str = "OPENAI_BASE_URL"
    v1: str = ", which mostly ends in /v1"
    proxy: str = "openai_proxy in the catalog entry llm, or "
    model: str = ""


OPENAI = SetBy()


@dataclass(frozen=True, slots=True)
class Cause:
    """Consequence of a cause for a run.

    Attributes:
        sentence: Description of the error; `{said}` is the server's own sentence, `{at}` or `{where}` the address,
            `{to}` a redirect's target.
        make: Our error from that sentence and the seconds to wait.
        next_step: What the user can do, with the `SetBy` of the class; empty where the engine does it.
    """

    sentence: str
    make: Callable[[str, float | None], OurError]
    next_step: str = ""


def _transport(cause: str, retryable: bool = True) -> Callable[[str, float | None], OurError]:
    return lambda line, wait_s: TransportError(cause, line, retry_after_s=wait_s, retryable=retryable)


def _fatal(line: str, _wait_s: float | None) -> OurError:
    return FatalAnswerError(line)


def _first_only(line: str, _wait_s: float | None) -> OurError:
    return BadRequestError(line)


def _unreachable(line: str, wait_s: float | None) -> OurError:
    return UnreachableError(line, retry_after_s=wait_s)


def _filtered(line: str, _wait_s: float | None) -> OurError:
    return ContentFilteredError(line)


_ADDRESS = "set {address} to the API's address{v1}"
_SETTINGS = "see llm.structured_output and the other llm settings for what this server may not know"
_CERTIFICATE = (
    "set SSL_CERT_FILE to a PEM file with the certificate of the server or of its authority, or use the address that "
    "its certificate names"
)

CAUSES = {
    "content_filtered": Cause("{said}", _filtered),
    "rate_limited": Cause("{said}", _transport("rate_limited")),
    "server_error": Cause("{said}", _transport("server_error")),
    "timeout": Cause("the call took too long: {said}", _transport("timeout")),
    "too_long": Cause("the request is too long: {said}", _transport(TOO_LONG, retryable=False)),
    "transfer_broken": Cause("the connection to {at} broke: {said}", _transport("connection_error")),
    "closed": Cause("{at} closed the connection without an answer: {said}", _transport("connection_error")),
    "quota_exhausted": Cause(
        "The account's {money} is used up: {said}",
        _fatal,
        "top it up, or wait until it renews, then run the same command again",
    ),
    "bad_key": Cause(
        "The server refuses the key: {said}",
        _fatal,
        "set {key} to a key of this server",
    ),
    "no_access": Cause(
        "The server denies this key access: {said}",
        _fatal,
        "use a key with access to this model, from where it is served",
    ),
    "denied": Cause("The server denies this key access: {said}", _first_only, "use a key with access to this model"),
    "unknown_model": Cause(
        "The server does not know this model or path: {said}",
        _fatal,
        "set llm.model{model} to a model of this server, and {address} to its address{v1}",
    ),
    "bad_setting": Cause("{refusal}: {said}", _first_only, _SETTINGS),
    "wrong_path": Cause("{at} is not an address for chat completions: {said}", _unreachable, _ADDRESS),
    "not_an_api": Cause("{at} answers with {thing}, not with the API: {said}", _unreachable, _ADDRESS),
    "bad_address": Cause(
        "{at} is not the address of a server: {said}", _unreachable, "let {address} begin with http:// or https://"
    ),
    "redirected": Cause(
        "{at} redirects to {to}, which is not followed (status {status})",
        _unreachable,
        "set {address} to the API's own address; a redirect to a login page means that a proxy stands before it",
    ),
    "no_server": Cause("No server answers{where}: {said}", _unreachable, "start it, or set {address} to its address"),
    "connect_timeout": Cause(
        "No server answers{where} in time: {said}",
        _unreachable,
        "see whether it runs, and proxies and firewalls before it",
    ),
    "unknown_host": Cause(
        "The host of {at} is not known: {said}", _unreachable, "fix {address}, or this machine's network and DNS"
    ),
    "no_route": Cause(
        "The network does not reach {at}: {said}", _unreachable, "see this machine's network, VPN and proxy"
    ),
    "proxy_failed": Cause(
        "The proxy before {at} fails: {said}",
        _unreachable,
        "fix {proxy}HTTPS_PROXY, with user and password if the proxy wants them",
    ),
    "untrusted_certificate": Cause("The certificate of {at} is not trusted: {said}", _unreachable, _CERTIFICATE),
    "plain_http": Cause(
        "{at} does not speak TLS: {said}", _unreachable, "let {address} begin with http:// in place of https://"
    ),
    "tls_expected": Cause(
        "{at} speaks TLS only: {said}", _unreachable, "let {address} begin with https:// in place of http://"
    ),
    "tls_failed": Cause(
        "No secure connection to {at} comes about: {said}", _unreachable, "see proxies on the way, and SSL_CERT_FILE"
    ),
}
"""The causes of the provider files, in the words of docs/errors.md."""

_TLS_GUESS = "if it speaks TLS, let the address begin with https://"
_CREDIT = re.compile("credit|balance|fund|prepay|余额", re.IGNORECASE)
_REFUSALS = {
    400: "The server calls the request bad",
    422: "The server can't process the request",
}
_THINGS = {
    "html": "a web page",
    "xml": "XML",
    "stream": "a stream of events",
    "text": "plain text",
    "empty": "nothing",
    "json": "other JSON",
}


def as_our_error(error: Exception, set_by: SetBy = OPENAI) -> OurError:
    """A client library's exception as one of ours.

    An exception that no row explains (say a type error in a library) is a server error: one bad reply must not end a
    run.

    Args:
        error: The exception.
        set_by: Where the model's class has its key and address.
    """
    if isinstance(error, TransportError | ContentFilteredError | TextcatError):
        return error
    read = read_exception(error)
    row = first_match(read.signs)
    if row is None:
        return TransportError("server_error", f"the client library fails with {read.name}: {read.said}")
    cause = CAUSES[row.meaning]
    line = cause.sentence.format(
        said=read.said.rstrip(" .:;"),
        at=read.address or "the server",
        where=f" at {read.address}" if read.address else "",
        to=read.location or "another place",
        status=read.http_status,
        money="credit" if _CREDIT.search(read.signs.words) else "quota",
        refusal=_REFUSALS.get(read.signs.status or 0, f"The server answers with status {read.signs.status}"),
        thing=_THINGS.get(read.signs.body, "a page"),
    )
    ours = cause.make(_sentence(line, cause, set_by), read.retry_after_s)
    if row.meaning == "closed" and isinstance(ours, TransportError) and (read.address or "").startswith("http://"):
        ours.guess = _TLS_GUESS
    return ours


def line_of(error: BaseException) -> str:
    """Message of an error in one line without keys; its name if it has none."""
    return one_line(str(error)) or type(error).__name__


def _sentence(line: str, cause: Cause, set_by: SetBy) -> str:
    if not cause.next_step:
        return line
    begun = f"T{line[1:]}" if line.startswith("the server ") else line
    return f"{begun}. Next: {cause.next_step.format(**asdict(set_by))}"
