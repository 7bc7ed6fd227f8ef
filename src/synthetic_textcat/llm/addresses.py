"""Addresses of model servers and proxies: read once, checked before the first call, with their secrets apart."""

import base64
import ipaddress
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from synthetic_textcat.errors import ModelSetupError

_METHODS = ("/chat/completions", "/completions", "/responses")
_HOST = re.compile(r"[^\s/\\?#@<>\[\]{}|^`\"%:]+")
_SCHEME = re.compile(r"[a-z][a-z0-9]{0,7}")
_LONGEST_LABEL = 63


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address as it goes into fingerprints, and what is sent beside it.

    Attributes:
        url: Scheme, host, port and path, without a slash at the end.
        query: Its query parameters, which go with each call.
        authorization: The header for its user and password; None without them.
    """

    url: str
    query: dict[str, Any] = field(default_factory=dict, repr=False)
    authorization: str | None = field(default=None, repr=False)


def read_address(text: str, place: str) -> Address:
    """The parts of a server's address.

    Args:
        text: As it is configured; blanks around it do not count.
        place: Where that is, for errors, which never show the text: there may be a password in it.

    Raises:
        ModelSetupError: If no call can go there.
    """
    parts = _parts_of(text.strip(), place)
    if parts.fragment or text.strip().endswith("#"):
        raise ModelSetupError(f"{place} has a # in it, and what follows is never sent. Next: leave it out")
    path = parts.path.rstrip("/")
    if (method := next(filter(path.endswith, _METHODS), None)) is not None:
        raise ModelSetupError(f"{place} ends in {method}, which each call adds. Next: end it before that")
    userinfo, _, host = parts.netloc.rpartition("@")
    scheme = text.strip().partition("://")[0]  # in the letters in which fingerprints have always had it
    return Address(
        url=f"{scheme}://{host}{path}",
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        authorization=_basic(userinfo, place) if userinfo else None,
    )


def check_proxy(text: str, place: str) -> None:
    """Makes sure that calls can go through this proxy.

    Raises:
        ModelSetupError: If they can't.
    """
    _parts_of(text, place)


def _parts_of(text: str, place: str) -> SplitResult:
    if any(character.isspace() or not character.isprintable() for character in text):
        raise ModelSetupError(
            f"{place} has a blank, a line break or a sign that does not show in it. Next: take it out"
        )
    if "://" not in text:
        raise ModelSetupError(f"{place} has no scheme. Next: begin it with https://, or http:// for a server nearby")
    scheme = text.partition("://")[0]
    if scheme.casefold() not in ("http", "https"):
        shown = f"{scheme}://" if _SCHEME.fullmatch(scheme) else "something else"
        raise ModelSetupError(f"{place} begins with {shown}. Allowed: http:// and https://. Next: change it")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ModelSetupError(
            f"{place} has a port that is none (allowed: 1 to 65535), or a bracket without its other half. "
            "Next: mend what stands between :// and the next slash"
        ) from None
    if port == 0 or not host or not _is_host(host, parts.netloc):
        raise ModelSetupError(f"{place} names no host that there can be. Next: mend what follows ://")
    return parts


def _is_host(host: str, netloc: str) -> bool:
    if "[" in netloc.rpartition("@")[2]:
        try:
            ipaddress.IPv6Address(host.partition("%")[0])
        except ValueError:
            return False
        return True
    labels = host.removesuffix(".").split(".")
    return bool(_HOST.fullmatch(host)) and all(0 < len(label) <= _LONGEST_LABEL for label in labels)


def _basic(userinfo: str, place: str) -> str:
    """The header of Basic authentication.

    A name alone is refused: it may be a key, which goes elsewhere, and is never shown.
    """
    user, has_password, password = userinfo.partition(":")
    if not has_password:
        raise ModelSetupError(
            f"{place} has a user but no password before its host. Next: put a key into OPENAI_API_KEY instead, and "
            "for Basic authentication write user:password@"
        )
    pair = f"{unquote(user)}:{unquote(password)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
