"""The fault server's modes for broken transfers, providers' refusals, poison replies and odd token counts."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any

import pytest

from tests.support.server import FaultServer
from tests.support.server_host import ServerHost

_CONTEXT = ssl._create_unverified_context()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_CONTEXT), _NoRedirect()
)


def _post(server: FaultServer, seed: int = 0, token: str = "") -> tuple[int, bytes, dict[str, str]]:
    body = {"model": "m", "messages": [{"role": "user", "content": "Write a text."}], "seed": seed}
    request = urllib.request.Request(
        f"{server.url}/chat/completions?v=1", json.dumps(body).encode(), {"X-Token": token}
    )
    try:
        with _OPENER.open(request, timeout=5) as response:
            return response.status, response.read(), dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


def _reply(server: FaultServer, seed: int = 0, token: str = "") -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(_post(server, seed, token)[1])
    return reply


@pytest.fixture(scope="module")
def running(server_host: ServerHost) -> Iterator[FaultServer]:
    """One server for all tests of this module."""
    with server_host.server() as server:
        yield server


@pytest.fixture
def server(running: FaultServer) -> FaultServer:
    """The shared server, healthy and with no counts."""
    running.set_faults(after=0, sticky=False, redirect_to=None)
    running.reset()
    return running


@pytest.mark.parametrize("fault", ["close", "short_body", "broken_chunk"])
def test_a_connection_that_breaks_gives_no_whole_answer(server: FaultServer, fault: str) -> None:
    server.set_faults(always=fault)
    with pytest.raises((HTTPException, OSError)):
        _post(server)


def test_a_dripping_answer_never_ends(server: FaultServer) -> None:
    server.set_faults(always="drip")
    request = urllib.request.Request(
        f"{server.url}/chat/completions", b'{"model": "m", "messages": [{"role": "user", "content": ""}]}'
    )
    with _OPENER.open(request, timeout=5) as response:
        assert [len(response.read(8)) for _ in range(3)] == [8, 8, 8]


@pytest.mark.parametrize(
    ("fault", "status", "kind", "words"),
    [
        ("html_page", 200, "text/html", b"Web Gateway"),
        ("no_content", 204, "", b""),
        ("empty_body", 200, "application/json", b""),
        ("login_redirect", 302, "", b""),
        ("flagged", 403, "application/json", b"moderation"),
        ("inspection_failed", 400, "application/json", b"data_inspection_failed"),
        ("low_credit", 400, "application/json", b"credit balance"),
        ("control_characters", 500, "application/json", b"\\u001b[31m"),
    ],
)
def test_what_is_no_reply(server: FaultServer, fault: str, status: int, kind: str, words: bytes) -> None:
    server.set_faults(always=fault)
    found, body, headers = _post(server)
    assert (found, words in body) == (status, True)
    assert headers.get("Content-Type", "").startswith(kind)


def test_a_redirect_names_the_other_host(server: FaultServer) -> None:
    server.set_faults(always="redirect", redirect_to="http://127.0.0.1:9/v1")
    status, _, headers = _post(server)
    assert (status, headers["Location"]) == (307, "http://127.0.0.1:9/v1/chat/completions")


def test_a_fault_may_begin_after_good_answers(server: FaultServer) -> None:
    server.set_faults(always="rate_limited", after=3)
    assert [_post(server, seed)[0] for seed in range(5)] == [200, 200, 200, 429, 429]


def test_an_echo_repeats_headers_and_address(server: FaultServer) -> None:
    server.set_faults(always="echo_reply")
    replies = [_reply(server, seed, "abc-123") for seed in range(12)]
    messages = [reply["choices"][0]["message"] for reply in replies]
    assert all("abc-123" in reply["model"] and "?v=1" in reply["model"] for reply in replies)
    assert {message["content"] is None for message in messages} == {True, False}
    texts = [
        json.loads(message["content"])["input_text"] if message["content"] else message["refusal"]
        for message in messages
    ]
    assert all("abc-123" in text for text in texts)
    server.set_faults(always="echo_error")
    assert b"abc-123" in _post(server, token="abc-123")[1]


def test_poison_replies(server: FaultServer) -> None:
    def content(fault: str, seed: int = 0) -> str:
        server.set_faults(always=fault)
        text: str = _reply(server, seed)["choices"][0]["message"]["content"]
        return text

    assert content("fenced_key").startswith('{"```json')
    assert {len(content("repeated_signs", seed)) for seed in range(30)} == {8_000, 30_000, 100_000, 300_000}
    assert 4_700_000 < len(content("junk")) < 4_900_000
    assert content("junk", 1) != content("junk", 2)


def test_token_counts(server: FaultServer) -> None:
    def usage(fault: str) -> Any:
        server.set_faults(always=fault)
        return _reply(server).get("usage", "absent")

    assert all(isinstance(count, str) for count in usage("usage_text").values())
    assert usage("usage_missing") == "absent"
    assert set(usage("usage_null").values()) == {None}
    counts = usage("thoughts_beside")
    assert counts["total_tokens"] - counts["prompt_tokens"] - counts["completion_tokens"] == 2_000


def test_tls_with_a_certificate_that_nobody_trusts(server_host: ServerHost) -> None:
    with server_host.server(tls=True) as server:
        assert server.url.startswith("https://")
        assert _post(server)[0] == 200
        strict = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with pytest.raises(urllib.error.URLError, match="certificate"):
            strict.open(server.url, timeout=5)
