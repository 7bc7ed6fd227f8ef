"""The HTTP client and the address of ChatOpenAI: what is sent where, checked before the first call."""

import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.request import getproxies

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.addresses import Address, check_proxy, read_address
from synthetic_textcat.llm.header_values import check_header_value, check_headers

_DEFAULT_URL = "https://api.openai.com/v1"
_ENTRY = "catalog entry llm"
_ADDRESS_ARGUMENTS = ("base_url", "openai_api_base")
_ADDRESS_VARIABLES = ("OPENAI_API_BASE", "OPENAI_BASE_URL")  # LangChain's order
_PROXY_SCHEMES = ("http", "https", "all")
_HEADER_VARIABLES = ("OPENAI_ORG_ID", "OPENAI_ORGANIZATION", "OPENAI_PROJECT_ID")
_OUT_OF_REACH = 10_000


def openai_address(arguments: Mapping[str, Any]) -> Address:
    """Where calls go: by the catalog entry, else by the environment, else to OpenAI. Empty counts as not set.

    Raises:
        ModelSetupError: If no call can go there.
    """
    named = ((f"{name} ({_ENTRY})", arguments.get(name)) for name in _ADDRESS_ARGUMENTS)
    from_environment = ((name, os.environ.get(name)) for name in _ADDRESS_VARIABLES)
    for place, text in (*named, *from_environment):
        if text and str(text).strip():
            return read_address(str(text), place)
    return Address(_DEFAULT_URL)


def openai_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of ChatOpenAI with its client, the parts of its address and the proxy where each belongs.

    Raises:
        ModelSetupError: If there is no key, or one of key, address, headers or proxy can't be used.
    """
    _check_key()
    _check_headers(arguments)
    address = openai_address(arguments)
    others = {name: value for name, value in arguments.items() if name not in (*_ADDRESS_ARGUMENTS, "openai_proxy")}
    headers, query = others.get("default_headers") or {}, others.get("default_query") or {}
    if address.authorization and "authorization" not in {str(name).casefold() for name in headers}:
        others["default_headers"] = {**headers, "Authorization": address.authorization}  # in place of the key
    if address.query:
        others["default_query"] = {**address.query, **query}
    client = _http_client(arguments.get("openai_proxy") or os.environ.get("OPENAI_PROXY") or None)
    # LangChain refuses a proxy beside a client of ours, and reads OPENAI_PROXY unless it is given.
    return {**others, "base_url": address.url, "openai_proxy": None, "http_async_client": client}


def _check_key() -> None:
    key = os.environ.get("OPENAI_API_KEY")
    if not key:
        raise ModelSetupError("OPENAI_API_KEY is not set: set it to your key, or to any text for a server without keys")
    check_header_value(key, "OPENAI_API_KEY", kept="the key alone")


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
    unless they are told not to.
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
