"""Batch transfers: exceptions of an SDK turned into ours, lines of result files, and errors within them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from synthetic_textcat.errors import BatchError, ContentFilteredError, causes
from synthetic_textcat.llm.batches.service import MissingResultsError, ResultLine
from synthetic_textcat.llm.chat_models.answers import Answer, filtered_answer
from synthetic_textcat.llm.providers.client_exceptions import read_exception
from synthetic_textcat.llm.providers.transport_errors import OPENAI, SetBy, as_our_error

TRANSFER_S = 1_800.0
"""Timeout of an upload or download, between two chunks of bytes."""

CLOCKS_DIFFER_S = 3_600.0
"""Largest difference between the provider's clock and ours."""

OK = 200
_NO_SUCH_PATH = (404, 405, 501)
_POLL_HEADERS = (("openai-poll-after-ms", 1e-3), ("retry-after-ms", 1e-3), ("retry-after", 1.0))


_encoded = json.JSONEncoder(separators=(",", ":")).encode


class RequestError(Exception):
    """An error in a result line, in the form in which client exceptions are read."""

    def __init__(self, status_code: int | None, body: Any) -> None:
        super().__init__(str(body))
        self.status_code = status_code
        self.body = body


@contextmanager
def our_errors(set_by: SetBy = OPENAI) -> Iterator[None]:
    """Context in which exceptions of the client are turned into ours.

    Args:
        set_by: Where key and address of the model's class are set, for messages.

    Raises:
        MissingResultsError: If the server has no such file or batch.
    """
    try:
        yield
    except (BatchError, MissingResultsError):
        raise
    except Exception as error:
        if getattr(error, "status_code", None) == 404:
            raise MissingResultsError(read_exception(error).said) from error
        raise as_our_error(error, set_by) from error


def refuse_no_batches(error: Exception, host: str, path: str) -> None:
    """Checks that an error of the first request does not mean a server without batches.

    Raises:
        BatchError: If it does.
    """
    if any(getattr(each, "status_code", None) in _NO_SUCH_PATH for each in causes(error)):
        raise BatchError(
            f"The server at {host} has no {path}, so it takes no batches: {read_exception(error).said}. "
            "Nothing was sent. Next: set generation.mode=live"
        ) from None


def answer_of_error(line: ResultLine) -> Answer:
    """The answer in a line with an error: of a content filter, a reply without text.

    Raises:
        TransportError, TextcatError: For any other error.
    """
    said = RequestError(line.http_status, line.body)
    error = as_our_error(said)
    if isinstance(error, ContentFilteredError):
        return filtered_answer(str(error))
    raise error from said


def poll_after_s(headers: Any) -> float | None:
    """Seconds until the next poll that the server asks for; None if it asks for none."""
    for name, unit in _POLL_HEADERS:
        try:
            return float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
    return None


def ascii_line(value: Any) -> bytes:
    """A line of an input file in ASCII: some readers of lines end one at U+2028 too.

    orjson, which takes a tenth of the time, escapes no sign beyond ASCII, and refuses surrogates and long integers.
    """
    try:
        line = orjson.dumps(value)
    except TypeError:
        line = b"\x80"
    return (line if line.isascii() else _encoded(value).encode("ascii")) + b"\n"


def value_of_line(line: bytes) -> Any:
    """The JSON value of a line; orjson takes a third of the time, and refuses what some servers write, such as NaN.

    Raises:
        ValueError, RecursionError: If there is none.
    """
    try:
        return orjson.loads(line)
    except ValueError:
        return json.loads(line)


def lines_of(chunks: Iterator[bytes]) -> Iterator[bytes]:
    r"""Lines that end in \n alone: httpx's own also end at U+2028 and other signs, which JSON allows in a text."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    yield rest
