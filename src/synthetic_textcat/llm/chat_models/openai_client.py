"""Setup of ChatOpenAI: key, address, HTTP client and settings; server and proxy are checked before the first call."""

import base64
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from urllib.request import getproxies

from pydantic import SecretStr

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.chat_models.class_setup import KEY_VARIABLE, ClassSetup, identity_tuple, without_transport
from synthetic_textcat.llm.chat_models.transport import check_header_value, check_headers
from synthetic_textcat.schemas.parameters import LlmParameters

OPENAI_URL = "https://api.openai.com/v1"
_ENTRY = "catalog entry llm"
_USUAL_KEY = "OPENAI_API_KEY"
_ADDRESS_ARGUMENTS = ("base_url", "openai_api_base")
_OWN_ARGUMENTS = (*_ADDRESS_ARGUMENTS, "openai_proxy", KEY_VARIABLE)
_ADDRESS_VARIABLES = ("OPENAI_API_BASE", "OPENAI_BASE_URL")  # LangChain's order
_PROXY_SCHEMES = ("http", "https", "all")
_HEADER_VARIABLES = ("OPENAI_ORG_ID", "OPENAI_ORGANIZATION", "OPENAI_PROJECT_ID")
_OUT_OF_REACH = 10_000
_METHODS = ("/chat/completions", "/completions", "/responses")
_HOST = re.compile(r"[^\s/\\?#@<>\[\]{}|^`\"%:]+")
_SCHEME = re.compile(r"[a-z][a-z0-9]{0,7}")
_LONGEST_LABEL = 63


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address as it goes into fingerprints, and the query and header sent with it.

    Attributes:
        url: Scheme, host, port and path, without a slash at the end.
        query: Its query parameters, which go with each call.
        authorization: The header for its user and password; None without them.
    """

    url: str
    query: dict[str, Any] = field(default_factory=dict, repr=False)
    authorization: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OpenAISetup(ClassSetup):
    """Setup of ChatOpenAI, whose identity is its address and not its class: any server of that protocol."""

    own_arguments: ClassVar[frozenset[str]] = frozenset({KEY_VARIABLE})

    @property
    def endpoint(self) -> str:
        """Address of the calls."""
        return openai_address(self.kwargs).url

    @property
    def address(self) -> str:
        """Empty: the endpoint is the address."""
        return ""

    @property
    def key_place(self) -> str:
        """The usual environment variable of the key, for messages."""
        return _USUAL_KEY

    def identity(self, endpoint_name: str | None = None) -> tuple[Any, ...]:
        """The address, or the name in its place, then the arguments that can change replies, if there are any."""
        endpoint = self.endpoint if endpoint_name is None else endpoint_name
        return identity_tuple(endpoint, without_transport(self.without_address))

    def check(self) -> bool:
        """Checks key, headers and address without the package, which takes a second to import.

        Raises:
            ModelSetupError: If there is no key, or one of them can't be used.
        """
        _check_key(key_variable(self.kwargs))
        _check_headers(self.kwargs)
        openai_address(self.kwargs)
        return True

    def settings(self, names: set[str], llm: LlmParameters) -> dict[str, Any]:  # noqa: ARG002
        """The settings under the names of ChatOpenAI."""
        return openai_settings(llm, self.kwargs.get("extra_body", {}))

    def constructor_arguments(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with the key, our HTTP client, the parts of the address and the proxy.

        Raises:
            ModelSetupError: If there is no key, or one of key, address, headers or proxy can't be used.
        """
        self.check()
        address = openai_address(arguments)
        others = {name: value for name, value in arguments.items() if name not in _OWN_ARGUMENTS}
        headers, query = others.get("default_headers") or {}, others.get("default_query") or {}
        if address.authorization and "authorization" not in {str(name).casefold() for name in headers}:
            others["default_headers"] = {**headers, "Authorization": address.authorization}  # in place of the key
        if address.query:
            others["default_query"] = {**address.query, **query}
        client = _http_client(arguments.get("openai_proxy") or os.environ.get("OPENAI_PROXY") or None)
        # LangChain refuses a proxy together with a client of ours, and reads OPENAI_PROXY unless it is given.
        key = SecretStr(os.environ[key_variable(arguments)])
        return {**others, "api_key": key, "base_url": address.url, "openai_proxy": None, "http_async_client": client}


def openai_settings(llm: LlmParameters, extra_body: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of ChatOpenAI, which sends `max_tokens` under its new name; the old name needs `extra_body`.

    Args:
        llm: The settings.
        extra_body: Further fields of the request's body, to which the old name is added.
    """
    settings = {"model": llm.model, "temperature": llm.temperature, "top_p": llm.top_p}
    if not isinstance(llm.max_tokens, int):  # a planned limit goes with each call
        return settings
    if llm.token_limit_field == "max_tokens":
        return settings | {"extra_body": {**extra_body, "max_tokens": llm.max_tokens}}
    return settings | {"max_tokens": llm.max_tokens}


def openai_address(arguments: Mapping[str, Any]) -> Address:
    """Address of calls: of the catalog entry, else of the environment, else OpenAI's. Empty counts as not set.

    Raises:
        ModelSetupError: If no call can go there.
    """
    named = ((f"{name} ({_ENTRY})", arguments.get(name)) for name in _ADDRESS_ARGUMENTS)
    from_environment = ((name, os.environ.get(name)) for name in _ADDRESS_VARIABLES)
    for place, text in (*named, *from_environment):
        if text and str(text).strip():
            return read_address(str(text), place)
    return Address(OPENAI_URL)


def key_variable(arguments: Mapping[str, Any]) -> str:
    """Environment variable of the key."""
    return str(arguments.get(KEY_VARIABLE) or _USUAL_KEY)


def _check_key(variable: str) -> None:
    key = os.environ.get(variable)
    if not key:
        raise ModelSetupError(f"{variable} is not set: set it to your key, or to any text for a server without keys")
    check_header_value(key, variable, kept="the key alone")


def _check_headers(arguments: Mapping[str, Any]) -> None:
    check_headers(arguments.get("default_headers"), _ENTRY)
    for place, value in _header_variables():
        check_header_value(value, place)
    for name in ("organization", "openai_organization"):
        if organization := arguments.get(name):
            check_header_value(str(organization), f"{name} ({_ENTRY})")


def _header_variables() -> Iterator[tuple[str, str]]:
    yield from ((name, value) for name in _HEADER_VARIABLES if (value := os.environ.get(name)))
    for line in os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n"):  # as the SDK reads them
        name, colon, value = line.partition(":")
        if colon:
            yield f"The header {name.strip()} (OPENAI_CUSTOM_HEADERS)", value.strip()


def _http_client(proxy: str | None) -> Any:
    """The fast transport if it is there; one client a model, since a client belongs to one event loop.

    The number of workers is the limit of connections. So the client's own is out of reach: the SDK's pool throws
    sockets away above 100, and without a number aiohttp opens no more than that. The SDK's clients follow redirects
    unless they are set not to.
    """
    for place, address in [("openai_proxy", proxy)] if proxy else _environment_proxies():
        check_proxy(address, place)
    import httpx2
    from openai import DefaultAioHttpClient, DefaultAsyncHttpxClient

    limits = httpx2.Limits(max_connections=_OUT_OF_REACH, max_keepalive_connections=_OUT_OF_REACH)
    try:
        return DefaultAioHttpClient(limits=limits, proxy=proxy, follow_redirects=False)
    except RuntimeError:  # openai without its aiohttp extra
        return DefaultAsyncHttpxClient(limits=limits, proxy=proxy, follow_redirects=False)


def _environment_proxies() -> Iterator[tuple[str, str]]:
    """The proxies that the client reads from the environment; it takes one without a scheme for http."""
    found = getproxies()
    for scheme in _PROXY_SCHEMES:
        if address := found.get(scheme):
            yield f"{scheme.upper()}_PROXY", address if "://" in address else f"http://{address}"


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
        raise ModelSetupError(f"{place} contains a #, and the part after it is never sent. Next: remove it")
    path = parts.path.rstrip("/")
    if (method := next(filter(path.endswith, _METHODS), None)) is not None:
        raise ModelSetupError(f"{place} ends in {method}, which each call adds. Next: remove that")
    userinfo, _, host = parts.netloc.rpartition("@")
    scheme = text.strip().partition("://")[0]  # in the letters in which fingerprints have always had it
    return Address(
        url=f"{scheme}://{host}{path}",
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        authorization=_basic(userinfo, place) if userinfo else None,
    )


def check_proxy(text: str, place: str) -> None:
    """Checks that calls can go through this proxy.

    Raises:
        ModelSetupError: If they can't.
    """
    _parts_of(text, place)


def _parts_of(text: str, place: str) -> SplitResult:
    if any(character.isspace() or not character.isprintable() for character in text):
        raise ModelSetupError(f"{place} contains a blank, a line break or an invisible character. Next: remove it")
    if "://" not in text:
        raise ModelSetupError(f"{place} has no scheme. Next: begin it with https://, or http:// for a local server")
    scheme = text.partition("://")[0]
    if scheme.casefold() not in ("http", "https"):
        shown = f"{scheme}://" if _SCHEME.fullmatch(scheme) else "something else"
        raise ModelSetupError(f"{place} begins with {shown}. Allowed: http:// and https://. Next: change it")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ModelSetupError(
            f"{place} has an invalid port (allowed: 1 to 65535), or an unmatched bracket. "
            "Next: fix what stands between :// and the next slash"
        ) from None
    if port == 0 or not host or not _is_host(host, parts.netloc):
        raise ModelSetupError(f"{place} names no valid host. Next: fix the part after ://")
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
