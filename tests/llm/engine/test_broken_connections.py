"""Connections that fail, over both of the SDK's transports: what is broken is told, and no setting is blamed for it."""

import gzip
import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openai
import pytest
import trustme
from langchain_core.messages import HumanMessage
from pydantic import SecretStr

from synthetic_textcat.errors import TransportError, UnreachableError
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.openai_chat import LeanChatOpenAI
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.raw_server import RawServer

pytestmark = pytest.mark.anyio

_JSON = json.dumps({"choices": [{"message": {"content": "{}"}}]}).encode()
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_407 = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"

Transport = Callable[..., Any]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=[openai.DefaultAioHttpClient, openai.DefaultAsyncHttpxClient], ids=["aiohttp", "httpx"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Transport:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    made: Transport = request.param
    return made


async def _failure(transport: Transport, address: str, **options: Any) -> TransportError:
    client = transport(follow_redirects=False, **options)
    model = LeanChatOpenAI(
        model="m", base_url=address, api_key=SecretStr("none"), max_retries=0, timeout=5, http_async_client=client
    )
    chat = Chat(model, LlmParameters(model="m"))
    try:
        with pytest.raises(TransportError) as caught:
            await chat.ask([HumanMessage("Hi")], {"name": "row", "schema": {}}, 7)
    finally:
        await chat.close()
    return caught.value


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Ty",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        _HEAD + b"Content-Length: 999\r\n\r\n" + _JSON,
        _HEAD + b"Content-Length: 20\r\n\r\n" + _JSON,
        _HEAD + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\n{}",
        _HEAD + b"Connection: close\r\n\r\n" + _JSON[:30],
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + _JSON,
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n50\r\nabc",
        _HEAD + b"Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n0123456789",
        _HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(_JSON)[:40],
        _HEAD + b"Content-Encoding: br\r\nContent-Length: 10\r\n\r\n0123456789",
    ],
)
async def test_a_broken_transfer_is_a_connection_error_that_is_tried_again(transport: Transport, answer: bytes) -> None:
    with RawServer(answer) as server:
        failure = await _failure(transport, f"http://127.0.0.1:{server.port}/v1")
    assert not isinstance(failure, UnreachableError)
    assert (failure.cause, failure.retryable) == ("connection_error", True)
    assert "llm." not in str(failure)
    assert f"http://127.0.0.1:{server.port}/v1/chat/completions" in str(failure)


async def test_a_reset_connection_too(transport: Transport) -> None:
    with RawServer(_HEAD + b"Content-Length: 999\r\n\r\n" + _JSON, reset=True) as server:
        failure = await _failure(transport, f"http://127.0.0.1:{server.port}/v1")
    assert not isinstance(failure, UnreachableError)
    assert failure.cause == "connection_error"


@pytest.mark.parametrize(
    ("host", "days", "trusted", "says"),
    [
        ("127.0.0.1", 1, False, "unable to get local issuer certificate"),
        ("127.0.0.1", -1, True, "certificate has expired"),
        ("other.example", 1, True, "certificate is not valid for '127.0.0.1'"),
    ],
)
async def test_a_certificate_that_is_not_trusted_is_named(
    transport: Transport,
    tmp_path: Path,
    host: str,
    days: int,
    trusted: bool,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, not_after=datetime.now(UTC) + timedelta(days=days)).configure_cert(context)
    if trusted:
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with RawServer(_HEAD, tls=context) as server:
        failure = await _failure(transport, f"https://127.0.0.1:{server.port}/v1")
    assert isinstance(failure, UnreachableError)
    address = f"https://127.0.0.1:{server.port}/v1/chat/completions"
    assert str(failure).startswith(f"The certificate of {address} is not trusted")
    assert says in str(failure)
    assert "Next: set SSL_CERT_FILE" in str(failure)


async def test_https_spoken_to_an_http_port_is_reported(transport: Transport) -> None:
    with RawServer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        failure = await _failure(transport, f"https://127.0.0.1:{server.port}/v1")
    assert isinstance(failure, UnreachableError)
    assert "does not speak TLS" in str(failure)
    assert "begin with http:// in place of https://" in str(failure)


@pytest.mark.parametrize(
    "page",
    [
        b"Client sent an HTTP request to an HTTPS server.",
        b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
    ],
)
async def test_http_spoken_to_an_https_port_is_reported(transport: Transport, page: bytes) -> None:
    with RawServer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(page), page)) as server:
        failure = await _failure(transport, f"http://127.0.0.1:{server.port}/v1")
    assert isinstance(failure, UnreachableError)
    assert "speaks TLS only" in str(failure)
    assert "begin with https:// in place of http://" in str(failure)


async def test_a_tls_alert_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    with RawServer(b"\x15\x03\x01\x00\x02\x02\x46") as server:
        failure = await _failure(openai.DefaultAioHttpClient, f"http://127.0.0.1:{server.port}/v1")
    assert isinstance(failure, UnreachableError)
    assert "speaks TLS only" in str(failure)


async def test_a_connection_that_is_closed_at_once_may_want_https(transport: Transport) -> None:
    with RawServer(b"") as server:
        failure = await _failure(transport, f"http://127.0.0.1:{server.port}/v1")
    assert "closed the connection without an answer" in str(failure)
    assert "begin with https://" in failure.says(has_answered=False)
    assert "https://" not in failure.says(has_answered=True)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://127.0.0.1:1/v1", "No server answers at http://127.0.0.1:1/v1/chat/completions: "),
        (
            "http://no.such.host.invalid/v1",
            "The host of http://no.such.host.invalid/v1/chat/completions is not known: ",
        ),
        ("ftp://127.0.0.1/v1", "is not the address of a server"),
        ("127.0.0.1:8000/v1", "is not the address of a server"),
    ],
)
async def test_an_address_without_a_server_is_reported(transport: Transport, address: str, says: str) -> None:
    failure = await _failure(transport, address)
    assert isinstance(failure, UnreachableError)
    assert says in str(failure)
    assert "OPENAI_BASE_URL" in str(failure)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_is_reported(transport: Transport, scheme: str) -> None:
    with RawServer(_407) as proxy:
        failure = await _failure(transport, f"{scheme}://nowhere.invalid/v1", proxy=f"http://127.0.0.1:{proxy.port}")
    assert isinstance(failure, UnreachableError)
    assert f"The proxy before {scheme}://nowhere.invalid/v1/chat/completions fails" in str(failure)
    assert "407" in str(failure) or "Proxy Authentication Required" in str(failure)
    assert "HTTPS_PROXY" in str(failure)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_told_with_its_target_and_without_secrets(transport: Transport, status: int) -> None:
    location = b"https://user:pw@other.example/v1?token=abcdefghij"
    head = b"HTTP/1.1 %d Moved\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % (status, location)
    with RawServer(head) as server:
        failure = await _failure(transport, f"http://127.0.0.1:{server.port}/v1")
        assert server.connections == 1
    assert isinstance(failure, UnreachableError)
    assert f"redirects to https://other.example/v1, which is not followed (status {status})" in str(failure)
    assert "Next: set OPENAI_BASE_URL" in str(failure)
    assert "token" not in str(failure)


async def test_user_and_query_of_the_address_are_not_told(transport: Transport) -> None:
    failure = await _failure(transport, "http://user:secret-word@127.0.0.1:1/v1?key=secret-word")
    assert "secret-word" not in str(failure)
