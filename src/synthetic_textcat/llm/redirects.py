"""No redirect is followed: HTTP clients within a chat model are told so, whichever library made them.

A client that follows one sends headers of the catalog entry, and at a status of 307 the whole prompt, to a host that
nobody has named. The clients of OpenAI, Anthropic, Groq, Ollama and Google follow by default.
"""

import functools
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

_MOST_OBJECTS = 5_000
_PLAIN = (str, bytes, int, float, type, type(None))
_NOT_LOOKED_INTO = {"asyncio", "builtins", "collections", "functools", "logging", "re", "ssl", "threading", "typing"}
_AIOHTTP_ARGUMENTS = "_async_client_session_request_args"
"""Where google-genai keeps what it passes to each request of its aiohttp session, which is made at the first one."""


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
