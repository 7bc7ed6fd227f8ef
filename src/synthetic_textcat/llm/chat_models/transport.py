"""Transport: retries and deadline of a catalog entry, validation of headers, refusal of redirects, HTTP answers.

A client that follows a redirect sends headers of the catalog entry, and with status 307 the whole prompt, to a host
that the user has not configured. The clients of OpenAI, Anthropic, Groq, Ollama, Google and Hugging Face follow
redirects by default.

A client that raises at an answer it can't read often leaves the answer out of its exception: a hook keeps it.
"""

import functools
import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from math import inf
from typing import Any

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.providers.class_facts import found_at
from synthetic_textcat.redaction.names import holds_headers

DEADLINE_S = 600.0
"""Default timeout, for a model class or catalog entry without its own."""

MAX_RETRIES = 4
"""Default, if the catalog entry sets none."""

RETRIES = "max_retries"
NEUTRAL_TIMEOUT = "timeout_seconds"
"""Name of the timeout in a catalog entry for any class."""

TIMEOUTS = ("timeout", "request_timeout", "default_request_timeout")
_PARTS = ("connect", "read", "write", "pool")
_MOST_RETRIES = 100
_WIDE = 10_000
"""Connections of a pool: more than there can be calls at once."""
_MOST_OBJECTS = 5_000
_PLAIN = (str, bytes, int, float, type, type(None))
_NOT_LOOKED_INTO = {"asyncio", "builtins", "collections", "functools", "logging", "re", "ssl", "threading", "typing"}
_AIOHTTP_ARGUMENTS = "_async_client_session_request_args"
"""Attribute in which google-genai keeps the arguments for requests of its aiohttp session, which is created late."""
_LATE_CLIENT = "_get_async_client"
"""Method with which huggingface_hub creates its client at the first call."""

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def retries_of(kwargs: Mapping[str, Any]) -> int:
    """`max_retries` of a catalog entry: calls after the first for one reply, for any model class.

    Raises:
        ModelSetupError: If it is not a whole number in range.
    """
    given = kwargs.get(RETRIES)
    if given is None:
        return MAX_RETRIES
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= _MOST_RETRIES:
        return given
    raise _refused(RETRIES, f"a whole number from 0 to {_MOST_RETRIES}")


def deadline_of(kwargs: Mapping[str, Any], place: str = "") -> float:
    """Deadline of a whole call in seconds: the entry's timeout, under any of its names; of several parts the longest.

    Args:
        kwargs: The arguments of the catalog entry.
        place: A further place of the class's own, such as `client_kwargs.timeout`.

    Raises:
        ModelSetupError: If it is not a positive number.
    """
    for name in filter(None, (NEUTRAL_TIMEOUT, *TIMEOUTS, place)):
        value = found_at(kwargs, name)
        if value is not None:
            seconds = [_seconds(name, part) for part in _parts(value) if part is not None]
            return max(seconds, default=DEADLINE_S)
    return DEADLINE_S


def _parts(timeout: Any) -> Iterable[Any]:
    """Parts of a timeout: a number, a list, a mapping, or a client's object such as `httpx.Timeout`."""
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
    return ModelSetupError(f"{name} of the catalog entry llm must be {allowed}. Next: fix it in catalog_genai.yml")


def wide_pool(config: Any) -> Any:
    """A botocore configuration whose connection pool is out of reach of `generation.max_concurrency`.

    Raises:
        ModelSetupError: If botocore is not installed.
    """
    try:
        from botocore.config import Config  # type: ignore[import-untyped]
    except ImportError:
        raise ModelSetupError("botocore is not installed. Next: install the package of the class again") from None
    wide = Config(max_pool_connections=_WIDE)
    return wide if config is None else wide.merge(config if isinstance(config, Config) else Config(**config))


_answers: ContextVar[list[Any] | None] = ContextVar("answers", default=None)


def answers_from_now() -> list[Any]:
    """HTTP answers to the later calls of this task, as the hooks of `refuse_redirects` add them."""
    answers: list[Any] = []
    _answers.set(answers)
    return answers


def _keep_answer(answer: Any) -> None:
    if (answers := _answers.get()) is not None:
        answers.append(answer)


async def _keep_answer_of_call(answer: Any) -> None:
    _keep_answer(answer)


def refuse_redirects(model: Any) -> None:
    """Makes each HTTP client that is reachable from the model refuse redirects, and one of httpx keep its answers.

    Classes keep their clients in different places, so the model's attributes are searched. A client that is created
    for each call, or in a compiled library, is not found.
    """
    for found in _reachable(model):
        if isinstance(getattr(found, "follow_redirects", None), bool):  # httpx and httpx2
            found.follow_redirects = False
            _hook(found)
        elif isinstance(getattr(found, "max_redirects", None), int) and hasattr(found, "resolve_redirects"):
            found.max_redirects = 0  # a session of requests then raises an error at the first redirect
        elif isinstance(arguments := getattr(found, _AIOHTTP_ARGUMENTS, None), dict):
            arguments["allow_redirects"] = False
        elif inspect.iscoroutinefunction(late := getattr(found, _LATE_CLIENT, None)):
            setattr(found, _LATE_CLIENT, _refusing(late))


def _hook(client: Any) -> None:
    """Hooks a client of httpx once: SDKs share clients between models."""
    hooks = getattr(client, "event_hooks", {}).get("response")
    hook = _keep_answer_of_call if inspect.iscoroutinefunction(getattr(client, "send", None)) else _keep_answer
    if isinstance(hooks, list) and hook not in hooks:
        hooks.append(hook)


def _refusing(get_client: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """The function with a client that refuses redirects."""

    async def get_refusing_client() -> Any:
        client = await get_client()
        refuse_redirects(client)
        return client

    return get_refusing_client


def _reachable(root: Any) -> Iterator[Any]:
    """Objects reachable from an object, breadth first: attributes, mapping values, list items, and cached clients."""
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
    for name in _cached_clients(type(holder)):  # as in ChatAnthropic: created at first use, so access creates them
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
    """Checks that a key or another header value can be sent.

    Args:
        text: The value.
        place: Where it is configured, for the error message.
        kept: The correct content of that place, for the error message.

    Raises:
        ModelSetupError: If it can't be sent.
    """
    if (wrong := _wrong_with(text)) is not None:
        raise ModelSetupError(f"{place} {wrong}, which can't be sent in a header. Next: set it to {kept}")


def check_headers(headers: Any, place: str) -> None:
    """Checks the names and values of a mapping of headers.

    Raises:
        ModelSetupError: If a header can't be sent.
    """
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        if not _NAME.fullmatch(str(name)):
            raise ModelSetupError(f"{str(name)!r} is not a header name ({place}). Next: use letters, digits and -")
        if isinstance(value, str):
            check_header_value(value, f"The header {name} ({place})")


def check_all_headers(arguments: Any, place: str) -> None:
    """Checks all headers configured anywhere in nested arguments.

    Raises:
        ModelSetupError: If a header can't be sent.
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
        return "contains a line break"
    if text != text.strip(" \t"):
        return "begins or ends with white space"
    if not text.isascii():
        return "contains a character that is not ASCII"
    if any(not character.isprintable() and character != "\t" for character in text):
        return "contains a control character"
    return None
