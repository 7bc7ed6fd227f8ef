"""Sources of secrets (environment, command line, catalog, credentials, addresses), and redaction of output."""

import base64
import binascii
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from synthetic_textcat.redaction.names import (
    PLAIN_SETTINGS,
    holds_headers,
    holds_query,
    is_plain_header,
    is_plain_query,
    is_secret_name,
)
from synthetic_textcat.redaction.registry import MASK, add_secret, mask

ADDRESS_VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_PROXY", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
"""Variables with an address whose whole query is secret; in other variables only parameters with secret names are."""

_WARNED_OF = {"OPENAI_API_KEY", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "HF_TOKEN", *ADDRESS_VARIABLES}
"""Variables reported if they are too short to be masked; variables of other programs are not reported."""

_USERINFO = re.compile(r"://([^/?#\s]*)@")
_QUERY = re.compile(r"\?([^#\s]*)")
_PATH = re.compile(r"https?://[^/?#\s]*/([^?#\s]*)")
_TOKEN_IN_PATH = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9]{24,}")
_SCHEME = re.compile(r"(?:api-?key|basic|bearer|digest|key|negotiate|token)\s+(.+)", re.IGNORECASE)
_HEADER_LINE = re.compile(r"\s*([^:=\s]+)\s*[:=]\s*(.*)")

_LONG_LINE = 16
"""Least length of a line of a multi-line secret, such as a private key, that is a secret by itself."""

_seen: dict[str, str] = {}
_ANY_USERINFO = re.compile(r"(?<=://)[^/?#@\s]+@")


def learn_environment() -> None:
    """Registers the secrets in new and changed environment variables."""
    for name in list(os.environ):
        value = os.environ.get(name, "")  # another thread may have unset it
        if _seen.get(name) != value:
            _seen[name] = value
            _learn_variable(name, value, name if name in _WARNED_OF else "")


def learn_command_line() -> None:
    """Registers values of secret names on the command line: even if refused, they appear in tags and errors."""
    for argument in sys.argv[1:]:
        for part in argument.split(","):
            name, _, value = part.partition("=")
            if is_secret_name(name.rpartition(".")[2]):
                add_secret(value)
            learn_url(part)


def learn_settings(settings: Any, place: str) -> None:
    """Registers the secrets in nested settings: by name, by container, and in addresses.

    Args:
        settings: Mappings and lists of plain values.
        place: Name for messages, such as `the catalog entry llm`; empty = values too short are not reported.
    """
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            _learn_named(str(name), value, _within(name, place))
    elif isinstance(settings, list | tuple):
        for item in settings:
            learn_settings(item, place)
    elif isinstance(settings, str):
        learn_url(settings, place, whole_query=True)


def learn_credentials(credentials: Any, place: str) -> None:
    """Registers all values of a mapping of credentials except those with public names."""
    if isinstance(credentials, Mapping):
        for name, value in credentials.items():
            is_plain = str(name).casefold() in PLAIN_SETTINGS
            (learn_settings if is_plain else learn_credentials)(value, _within(name, place))
    elif isinstance(credentials, list | tuple):
        for item in credentials:
            learn_credentials(item, place)
    elif (text := _plain_text(credentials)) is not None:
        learn_settings(text, place)
        _learn_text(text, place)


def learn_headers(headers: Any, place: str) -> None:
    """Registers the values of HTTP headers, and credentials after a scheme such as `Bearer`."""
    for name, value in _pairs(headers):
        text = _plain_text(value)
        if text is None or is_plain_header(name):
            continue
        add_secret(text, _within(f"header {name}", place))
        if (scheme := _SCHEME.fullmatch(text.strip())) is not None:
            add_secret(scheme[1])
            _learn_basic(scheme[1])
        if "cookie" in name.casefold():
            for part in text.split(";"):
                add_secret(part.partition("=")[2])


def learn_query(query: Any, place: str) -> None:
    """Registers the values of query parameters."""
    for name, value in _pairs(query):
        for item in value if isinstance(value, list | tuple) else [value]:
            text = _plain_text(item)
            if text is not None and not is_plain_query(name):
                add_secret(text, _within(f"query parameter {name}", place))


def learn_url(text: str, place: str = "", *, whole_query: bool = False) -> None:
    """Registers the secrets in all addresses of a text.

    Args:
        text: Any text.
        place: Name for messages; empty = values too short are not reported.
        whole_query: Whether the whole query and anything like a token in the path is secret; else only parameters with
            secret names are.
    """
    if "://" not in text:
        return
    for found in _USERINFO.finditer(text):
        _learn_userinfo(found[1], _within("the user", place))
    for found in _QUERY.finditer(text):
        for pair in found[1].split("&"):
            name, is_pair, raw = pair.partition("=")
            if whole_query or is_secret_name(name):
                value = unquote_plus(raw) if is_pair else unquote_plus(name)
                learn_query({name: value}, place)
                learn_query({name: raw}, "")
    for found in _PATH.finditer(text) if whole_query else ():
        for segment in found[1].split("/"):
            if _TOKEN_IN_PATH.fullmatch(segment):
                add_secret(segment)


def _learn_named(name: str, value: Any, place: str) -> None:
    if holds_headers(name) and not isinstance(value, str):
        learn_headers(value, place)
    elif holds_query(name) and not isinstance(value, str):
        learn_query(value, place)
    elif is_secret_name(name) or hasattr(value, "get_secret_value"):
        learn_credentials(value, place)
    else:
        learn_settings(value, place)


def _learn_variable(name: str, value: str, place: str) -> None:
    learn_url(value, place, whole_query=name in ADDRESS_VARIABLES)
    if name.endswith("_HEADERS"):  # OPENAI_CUSTOM_HEADERS in lines, OTEL_EXPORTER_OTLP_HEADERS between commas
        lines = value.splitlines() if "\n" in value or ":" in value else value.split(",")
        learn_headers([found.groups() for line in lines if (found := _HEADER_LINE.match(line))], place)
    elif is_secret_name(name) and not (value.startswith(os.sep) and os.path.exists(value)):  # noqa: PTH110  no key
        _learn_text(value, place)


def _learn_text(text: str, place: str) -> None:
    """Registers a secret text, and the parts of several lines, JSON, or `name=value;` pairs."""
    add_secret(text, place)
    if "\n" in text.strip():
        for line in text.splitlines():
            add_secret(line if len(line.strip()) >= _LONG_LINE else "")
    if text.lstrip().startswith("{"):
        try:
            learn_settings(json.loads(text), "")
        except ValueError:
            return
    for part in text.split(";") if ";" in text and "=" in text else ():
        name, _, value = part.partition("=")
        if is_secret_name(name):
            add_secret(value)


def _learn_userinfo(userinfo: str, place: str) -> None:
    """Registers the password with and without its user, and the user alone if it is a key."""
    user, is_pair, password = userinfo.partition(":")
    add_secret(userinfo)
    for each in {password if is_pair else user, unquote(password if is_pair else user)}:
        add_secret(each, place)
    for pair in {userinfo, unquote(userinfo)}:
        add_secret(base64.b64encode(pair.encode(errors="surrogateescape")).decode().rstrip("="))


def _learn_basic(encoded: str) -> None:
    try:
        pair = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    add_secret(pair)
    add_secret(pair.partition(":")[2])


def _within(name: object, place: str) -> str:
    return f"{name} of {place}" if place else ""


def _pairs(container: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(container, Mapping):
        return [(str(name), value) for name, value in container.items()]
    if isinstance(container, list | tuple):
        return [(str(item[0]), item[1]) for item in container if isinstance(item, list | tuple) and len(item) == 2]
    return []


def _plain_text(value: Any) -> str | None:
    """The text that is sent for a value that may be secret; None for booleans, which are switches."""
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def redact(text: str) -> str:
    """The text without known secrets, current secrets of the environment, and userinfo in addresses."""
    learn_environment()
    return _ANY_USERINFO.sub(f"{MASK}@", mask(text))
