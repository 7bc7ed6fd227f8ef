"""Transport: retries and deadlines of a catalog entry, header values, and refusal of redirects.

A client that follows one sends headers of the catalog entry, and at a status of 307 the whole prompt, to a host that
nobody has named. The clients of OpenAI, Anthropic, Groq, Ollama and Google follow by default.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from math import inf
from typing import Any

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.calls import DEADLINE_S, MAX_RETRIES
from synthetic_textcat.redaction.names import holds_headers

RETRIES = "max_retries"
_TIMEOUTS = ("timeout", "request_timeout", "default_request_timeout")
_PARTS = ("connect", "read", "write", "pool")
_MOST_RETRIES = 100
_MOST_OBJECTS = 5_000
_PLAIN = (str, bytes, int, float, type, type(None))
_NOT_LOOKED_INTO = {"asyncio", "builtins", "collections", "functools", "logging", "re", "ssl", "threading", "typing"}
_AIOHTTP_ARGUMENTS = "_async_client_session_request_args"
"""Where google-genai keeps what it passes to each request of its aiohttp session, which is made at the first one."""

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def retries_of(kwargs: Mapping[str, Any]) -> int:
    """Calls beyond the first for one reply: `max_retries`, whether the model class knows the name or not.

    Raises:
        ModelSetupError: If it is no such number.
    """
    given = kwargs.get(RETRIES)
    if given is None:
        return MAX_RETRIES
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= _MOST_RETRIES:
        return given
    raise _refused(RETRIES, f"a whole number from 0 to {_MOST_RETRIES}")


def deadline_of(kwargs: Mapping[str, Any]) -> float:
    """Seconds that one call may take as a whole: the timeout, under whatever name; the longest of one in parts.

    Raises:
        ModelSetupError: If it is no such number.
    """
    for name in _TIMEOUTS:
        if kwargs.get(name) is not None:
            seconds = [_seconds(name, part) for part in _parts(kwargs[name]) if part is not None]
            return max(seconds, default=DEADLINE_S)
    return DEADLINE_S


def _parts(timeout: Any) -> Iterable[Any]:
    """A number, a list, a mapping, or an object of an HTTP client's such as `httpx.Timeout`."""
    if isinstance(timeout, Mapping):
        return list(timeout.values())
    if isinstance(timeout, list | tuple):
        return timeout
    parts = [getattr(timeout, name) for name in _PARTS if hasattr(timeout, name)]
    return parts or [timeout]


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < float(value) < inf:
        return float(value)
    raise _refused(name, "a number of seconds above 0")


def _refused(name: str, allowed: str) -> ModelSetupError:
    return ModelSetupError(f"{name} of the catalog entry llm must be {allowed}; mend it in catalog_genai.yml")


def refuse_redirects(model: Any) -> None:
    """Has each HTTP client that can be reached from the model refuse redirects.

    The classes differ in where they keep their clients, so its attributes are searched. Out of reach is a client that
    is made anew for each call, and one that lives in a compiled library.
    """
    for found in _reachable(model):
        if isinstance(getattr(found, "follow_redirects", None), bool):  # httpx and httpx2
            found.follow_redirects = False
        elif isinstance(getattr(found, "max_redirects", None), int) and hasattr(found, "resolve_redirects"):
            found.max_redirects = 0  # a session of requests raises an error in place of the first one
        elif isinstance(arguments := getattr(found, _AIOHTTP_ARGUMENTS, None), dict):
            arguments["allow_redirects"] = False


def _reachable(root: Any) -> Iterator[Any]:
    """Objects within an object, breadth first: values of attributes, mappings and lists, and cached clients."""
    todo, seen = [root], set[int]()
    while todo and len(seen) < _MOST_OBJECTS:
        current = todo.pop(0)
        if id(current) in seen or isinstance(current, _PLAIN):
            continue
        seen.add(id(current))
        if isinstance(current, dict):
            todo += current.values()
        elif isinstance(current, list | tuple | set):
            todo += current
        elif type(current).__module__.partition(".")[0] not in _NOT_LOOKED_INTO:
            yield current
            todo += _attributes(current)


def _attributes(holder: Any) -> Iterator[Any]:
    for name in _cached_clients(type(holder)):  # as in ChatAnthropic: made at the first use, so they are made now
        with suppress(Exception):
            yield getattr(holder, name)
    yield from dict(getattr(holder, "__dict__", None) or {}).values()
    yield from dict(getattr(holder, "__pydantic_private__", None) or {}).values()


def _cached_clients(kind: type) -> Iterator[str]:
    for base in kind.__mro__:
        for name, member in vars(base).items():
            if "client" in name and isinstance(member, functools.cached_property):
                yield name


def check_header_value(text: str, place: str, kept: str = "the value alone") -> None:
    """Makes sure that a key or another header value can be sent as it is.

    Args:
        text: The value.
        place: Where it is configured, for the error.
        kept: What to leave there.

    Raises:
        ModelSetupError: If it can't.
    """
    if (wrong := _wrong_with(text)) is not None:
        raise ModelSetupError(f"{place} {wrong}, which can't be sent in a header. Next: set it to {kept}")


def check_headers(headers: Any, place: str) -> None:
    """Makes sure of the names and values of a mapping of headers.

    Raises:
        ModelSetupError: If one can't be sent.
    """
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        if not _NAME.fullmatch(str(name)):
            raise ModelSetupError(f"{str(name)!r} is no name of a header ({place}). Next: use letters, digits and -")
        if isinstance(value, str):
            check_header_value(value, f"The header {name} ({place})")


def check_all_headers(arguments: Any, place: str) -> None:
    """Makes sure of all headers that are configured anywhere in some arguments.

    Raises:
        ModelSetupError: If one can't be sent.
    """
    for headers in _headers_in(arguments):
        check_headers(headers, place)


def _headers_in(arguments: Any) -> Iterator[Any]:
    if isinstance(arguments, Mapping):
        for name, value in arguments.items():
            if holds_headers(str(name)):
                yield value
            else:
                yield from _headers_in(value)
    elif isinstance(arguments, list | tuple):
        for item in arguments:
            yield from _headers_in(item)


def _wrong_with(text: str) -> str | None:
    if text.endswith(("\n", "\r")):
        return "ends in a line break"
    if "\n" in text or "\r" in text:
        return "has a line break in it"
    if text != text.strip(" \t"):
        return "begins or ends with a blank"
    if not text.isascii():
        return "has a letter or sign beyond ASCII in it"
    if any(not character.isprintable() and character != "\t" for character in text):
        return "has a control character in it"
    return None
