"""Where ChatOpenAI's calls go and what goes with them: address, query, Basic authentication, proxy, headers.

Addresses of servers and proxies: what can be called, and one line for what can't.
"""

import base64
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import openai
import pytest

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.chat_models.openai_client import check_proxy, read_address
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.each_case import each_of
from tests.support.model_classes import OPENAI_CLASS

_VARIABLES = (
    *("OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_PROXY", "OPENAI_ORG_ID", "OPENAI_CUSTOM_HEADERS"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy", "NO_PROXY"),
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai-client-1")


class _Handler(BaseHTTPRequestHandler):
    """Notes each request, and calls it bad."""

    asked: list[tuple[str, dict[str, str]]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), type("Handler", (_Handler,), {"asked": self.asked}))
        self.place = f"127.0.0.1:{self.server_port}"


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as running:
        Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        yield running
        running.shutdown()


def _build(**kwargs: Any) -> Any:
    return ChatModelSpec(OPENAI_CLASS, kwargs).build(LlmParameters.model_validate({"model": "m"}))


async def _heard(server: _Server, **kwargs: Any) -> tuple[str, dict[str, str]]:
    """Path and headers of one call."""
    model = _build(max_retries=0, **kwargs)
    async with model.http_async_client:
        with pytest.raises(openai.BadRequestError):
            await model.ainvoke("x")
    return server.asked[-1]


async def test_a_query_in_the_address_goes_with_each_call(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://{server.place}/v1/?api-version=2024-10-21&key=a%2Bb+c")
    path, headers = await _heard(server, default_query={"more": "1"})
    assert path == "/v1/chat/completions?api-version=2024-10-21&key=a%2Bb+c&more=1"
    assert headers["authorization"] == "Bearer sk-openai-client-1"


async def test_a_user_with_a_password_in_the_address_takes_the_place_of_the_key(
    server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://me:w%40rd-12345@{server.place}/v1")
    path, headers = await _heard(server)
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Basic {base64.b64encode(b'me:w@rd-12345').decode()}"


async def test_an_authorization_of_the_catalog_goes_before_both(server: _Server) -> None:
    base_url = f"http://me:word-12345@{server.place}/v1"
    _, headers = await _heard(server, base_url=base_url, default_headers={"authorization": "Custom from-catalog"})
    assert headers["authorization"] == "Custom from-catalog"


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
@pytest.mark.parametrize("value", ["", "  \n"])
def test_an_empty_address_is_none(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert str(_build().root_async_client.base_url) == "https://api.openai.com/v1/"


@pytest.mark.filterwarnings("ignore:.*will be removed in:DeprecationWarning")  # of how the SDK calls aiohttp
@pytest.mark.parametrize("way", ["openai_proxy", "OPENAI_PROXY", "HTTP_PROXY"])
async def test_calls_go_through_a_proxy_with_its_user(
    way: str, server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, kwargs = f"http://me:word-12345@{server.place}", {}
    if way == "openai_proxy":
        kwargs = {way: proxy}
    else:
        monkeypatch.setenv(way, proxy)
    path, headers = await _heard(server, base_url="http://models.example/v1", **kwargs)
    assert path == "http://models.example/v1/chat/completions"
    assert headers["proxy-authorization"] == f"Basic {base64.b64encode(b'me:word-12345').decode()}"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("OPENAI_API_KEY", "sk-secret-word\n", "OPENAI_API_KEY ends in a line break"),
        ("OPENAI_API_KEY", "sk-secret-wörd", "OPENAI_API_KEY contains a character that is not ASCII"),
        ("OPENAI_ORG_ID", "secret-word\n", "OPENAI_ORG_ID ends in a line break"),
        (
            "OPENAI_CUSTOM_HEADERS",
            "X-Team: secret\x01word",
            r"The header X-Team \(OPENAI_CUSTOM_HEADERS\) contains a control",
        ),
        ("OPENAI_BASE_URL", "localhost/secret-word", "OPENAI_BASE_URL has no scheme"),
        ("OPENAI_API_BASE", "http://secret-word@host/v1", "OPENAI_API_BASE has a user but no password"),
        ("OPENAI_PROXY", "socks5://me:secret-word@host:1", "openai_proxy begins with socks5://"),
        ("HTTPS_PROXY", "http://me:secret-word@host:99999", "HTTPS_PROXY has an invalid port"),
        ("ALL_PROXY", "socks5://me:secret-word@host:1", "ALL_PROXY begins with socks5://"),
    ],
)
def test_what_can_not_be_sent_is_one_line_before_the_first_call(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ModelSetupError, match=f"^{says}") as it:
        _build()
    assert ". Next: " in str(it.value)
    assert "secret" not in str(it.value)


@each_of(
    ("kwargs", "says"),
    [
        (
            {"default_headers": {"X-Team": "secret\nword"}},
            r"The header X-Team \(catalog entry llm\) contains a line break",
        ),
        ({"organization": "secret-word "}, r"organization \(catalog entry llm\) begins or ends with white space"),
        ({"base_url": "ftp://secret-word/v1"}, r"base_url \(catalog entry llm\) begins with ftp://"),
        ({"openai_proxy": "secret-word:1"}, "openai_proxy has no scheme"),
    ],
)
def test_so_is_what_the_catalog_holds(kwargs: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelSetupError, match=f"^{says}") as it:
        _build(**kwargs)
    assert "secret" not in str(it.value)


def test_values_that_are_never_masked_are_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        _build(default_headers={"X-Tiny": "tiny-1"})
        _build(default_headers={"X-Tiny": "tiny-1"})
    told = [message for message in caplog.messages if "header X-Tiny of default_headers of" in message]
    assert len(told) == 1
    assert told[0].startswith("Shorter than 8 characters, so not masked in files and logs: ")
    assert "tiny-1" not in told[0]


@each_of(
    ("text", "url"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("  http://localhost:8000/v1\n", "http://localhost:8000/v1"),
        ("HTTP://localhost/v1//", "HTTP://localhost/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://my_host.local", "http://my_host.local"),
        ("https://müller.example/v1", "https://müller.example/v1"),
        ("https://host/v1?api-version=2024-10-21&key=a%2Bb", "https://host/v1"),
        ("https://me:word@host:8443/v1", "https://host:8443/v1"),
    ],
)
def test_an_address_goes_into_fingerprints_without_what_is_sent_beside_it(text: str, url: str) -> None:
    assert read_address(text, "OPENAI_BASE_URL").url == url


def test_a_query_is_sent_with_each_call() -> None:
    assert read_address("https://host/v1?api-version=1&key=a%2Bb&empty=", "x").query == {
        "api-version": "1",
        "key": "a+b",
        "empty": "",
    }


@pytest.mark.parametrize("userinfo", ["me:w%40rd", "me:", ":w%40rd"])
def test_a_user_with_a_password_is_basic_authentication(userinfo: str) -> None:
    authorization = read_address(f"https://{userinfo}@host/v1", "x").authorization
    expected = base64.b64encode(userinfo.replace("%40", "@").encode()).decode()
    assert authorization == f"Basic {expected}"


@each_of(
    ("text", "says"),
    [
        ("localhost:8000/v1", "has no scheme"),
        ("//host/v1", "has no scheme"),
        ("https:/host/v1", "has no scheme"),
        ("secret-word", "has no scheme"),
        ("ws://host/v1", "begins with ws://. Allowed: http:// and https://"),
        ("secret-word://host/v1", "begins with something else"),
        ("http://ho st/v1", "a blank"),
        ("http://host/v 1", "a blank"),
        ("http://host\u200b/v1", "an invisible character"),
        ("http://host\x1b/v1", "an invisible character"),
        ("http://[::1/v1", "an unmatched bracket"),
        ("http://[zz]/v1", "bracket|names no valid host"),
        ("http://host:99999/v1", "an invalid port"),
        ("http://host:port/v1", "an invalid port"),
        ("http://host:0/v1", "names no valid host"),
        ("http:///v1", "names no valid host"),
        ("http://:8000/v1", "names no valid host"),
        ("http://a..b/v1", "names no valid host"),
        (f"http://{'a' * 64}.example/v1", "names no valid host"),
        ("http://host/v1#part", "contains a #"),
        ("http://host/v1#", "contains a #"),
        ("https://host/v1/chat/completions", "ends in /chat/completions"),
        ("https://secret-word@host/v1", "put a key into OPENAI_API_KEY instead"),
    ],
)
def test_an_address_that_can_not_be_called_is_one_line_that_does_not_show_it(text: str, says: str) -> None:
    with pytest.raises(ModelSetupError, match=says) as it:
        read_address(text, "OPENAI_BASE_URL")
    line = str(it.value)
    assert line.startswith("OPENAI_BASE_URL ")
    assert ". Next: " in line
    assert "\n" not in line
    assert "secret-word" not in line


@pytest.mark.parametrize("text", ["http://proxy:3128", "https://me:word@proxy", "http://[::1]:3128/"])
def test_a_proxy_that_can_be_used(text: str) -> None:
    check_proxy(text, "HTTPS_PROXY")


@each_of("text", ["socks5://proxy:1080", "proxy:3128", "http://", "http://proxy:99999", "http://a b"])
def test_a_proxy_that_can_not_be_used_is_named_by_its_place(text: str) -> None:
    with pytest.raises(ModelSetupError, match=r"^HTTPS_PROXY .* Next: "):
        check_proxy(text, "HTTPS_PROXY")
