"""No redirect is followed, whatever client a model keeps, and wherever.

What no header takes is told before the first call, by its place.
"""

import asyncio
import functools
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import httpx2
import openai
import pytest
import requests
from langchain_openai import AzureChatOpenAI, ChatOpenAI

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.chat_models.transport import check_all_headers, check_header_value, refuse_redirects
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.each_case import each_of
from tests.support.model_classes import OPENAI_CLASS

_SECRET = {"X-Secret": "for-one-host-only"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class _Handler(BaseHTTPRequestHandler):
    """Sends everyone to `/elsewhere`, and counts who comes there."""

    asked: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.asked.append(self.path)
        self.send_response(307)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), type("Handler", (_Handler,), {"asked": self.asked}))
        self.url = f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as running:
        Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        yield running
        running.shutdown()


@pytest.mark.parametrize("kind", [httpx.Client, httpx2.Client])
def test_a_client_in_an_attribute_a_list_or_a_mapping_is_reported(kind: Any, server: _Server) -> None:
    class Holder:
        def __init__(self) -> None:
            self.clients = {"sync": [kind(follow_redirects=True, trust_env=False)]}

    holder = Holder()
    refuse_redirects(holder)
    [client] = holder.clients["sync"]
    with client:
        assert client.post(server.url, headers=_SECRET).status_code == 307
    assert server.asked == ["/"]


def test_a_client_that_is_made_when_it_is_asked_for_is_reported(server: _Server) -> None:
    class Model:
        @functools.cached_property
        def _async_client(self) -> httpx.Client:
            return httpx.Client(follow_redirects=True, trust_env=False)

        @functools.cached_property
        def _broken_client(self) -> httpx.Client:
            raise RuntimeError("no key")

    model = Model()
    refuse_redirects(model)
    with model._async_client as client:
        assert client.post(server.url).status_code == 307


def test_a_session_of_requests_raises_in_place_of_following(server: _Server) -> None:
    class Model:
        def __init__(self) -> None:
            self.session = requests.Session()

    model = Model()
    model.session.trust_env = False
    refuse_redirects(model)
    with model.session, pytest.raises(requests.TooManyRedirects):
        model.session.post(server.url, headers=_SECRET)
    assert server.asked == ["/"]


def test_arguments_for_a_session_of_aiohttp_that_is_not_there_yet_are_reported() -> None:
    class Client:
        def __init__(self) -> None:
            self._async_client_session_request_args = {"ssl": None}

    client = Client()
    refuse_redirects(client)
    assert client._async_client_session_request_args == {"ssl": None, "allow_redirects": False}


def test_a_model_that_holds_itself_is_searched_once() -> None:
    class Model:
        def __init__(self) -> None:
            self.me, self.client = self, httpx.Client(follow_redirects=True)

    model = Model()
    refuse_redirects(model)
    assert not model.client.follow_redirects


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda url: ChatOpenAI(model="m", api_key="x", base_url=url, max_retries=0), id="ChatOpenAI"),
        pytest.param(
            lambda url: AzureChatOpenAI(
                azure_deployment="m", api_key="x", api_version="1", azure_endpoint=url, max_retries=0
            ),
            id="AzureChatOpenAI",
        ),
    ],
)
@pytest.mark.anyio
async def test_classes_of_langchain_do_not_follow(build: Any, server: _Server) -> None:
    model = build(server.url)
    refuse_redirects(model)
    with pytest.raises(openai.APIStatusError) as it:
        await model.ainvoke("x")
    assert it.value.status_code == 307
    assert len(server.asked) == 1
    assert "/elsewhere" not in server.asked


@pytest.mark.anyio
async def test_our_own_client_does_not_follow(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-redirected-1")
    spec = ChatModelSpec(OPENAI_CLASS, {"base_url": server.url, "max_retries": 0, "default_headers": _SECRET})
    model: Any = spec.build(LlmParameters.model_validate({"model": "m"}))
    with pytest.raises(openai.APIStatusError):
        await model.ainvoke("x")
    await model.http_async_client.aclose()
    assert server.asked == ["/chat/completions"]


@each_of(
    ("value", "says"),
    [
        ("sk-word\n", "ends in a line break"),
        ("sk-word\r\n", "ends in a line break"),
        ("sk-\nword", "contains a line break"),
        (" sk-word", "begins or ends with white space"),
        ("sk-word\t", "begins or ends with white space"),
        ("sk-wörd", "not ASCII"),
        ("sk-word\u200b", "not ASCII"),
        ("sk-\x00word", "a control character"),
        ("sk-\x7fword", "a control character"),
    ],
)
def test_a_value_that_can_not_be_sent(value: str, says: str) -> None:
    with pytest.raises(ModelSetupError, match=rf"^OPENAI_API_KEY .*{says}") as it:
        check_header_value(value, "OPENAI_API_KEY", kept="the key alone")
    assert str(it.value).endswith("Next: set it to the key alone")
    assert "word" not in str(it.value)
    assert "\n" not in str(it.value)


@each_of("value", ["sk-word", "Bearer sk word", "a\tb", "", "~!@#$%^&*()"])
def test_a_value_that_can_be_sent(value: str) -> None:
    check_header_value(value, "OPENAI_API_KEY")


@each_of(
    ("arguments", "says"),
    [
        ({"default_headers": {"X-Team": "a\nb"}}, "The header X-Team"),
        ({"client_kwargs": {"headers": {"X-Team": "a\nb"}}}, "The header X-Team"),
        ({"clients": [{"extra_headers": {"X-Team": "a\nb"}}]}, "The header X-Team"),
        ({"default_headers": {"X Team": "a"}}, "'X Team' is not a header name"),
        ({"default_headers": {"X-Team:": "a"}}, "'X-Team:' is not a header name"),
    ],
)
def test_headers_are_checked_wherever_they_stand(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelSetupError, match=f"^{says}"):
        check_all_headers(arguments, "catalog entry llm")


def test_a_client_that_is_created_at_the_first_call_refuses_redirects() -> None:
    class Late:
        """As huggingface_hub's asynchronous client."""

        async def _get_async_client(self) -> httpx.AsyncClient:
            return httpx.AsyncClient(follow_redirects=True)

    holder = Late()
    refuse_redirects({"llm": holder})
    client = asyncio.run(holder._get_async_client())
    assert client.follow_redirects is False
