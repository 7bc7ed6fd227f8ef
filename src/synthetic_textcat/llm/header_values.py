"""What can be sent as an HTTP header: checked before the first call, and named by its place, never by its value."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.redaction.names import holds_headers

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


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
