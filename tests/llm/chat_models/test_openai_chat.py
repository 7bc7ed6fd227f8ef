"""LeanChatOpenAI against ChatOpenAI: the same request on the wire, the same message back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import openai
import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from synthetic_textcat.errors import TransportError
from synthetic_textcat.llm.chat_models.answers import read_answer
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.openai_chat import LeanChatOpenAI
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.model_classes import OPENAI_CLASS

_MESSAGES = [SystemMessage("Write a row."), HumanMessage("In Zürich: “ja”"), AIMessage("{"), HumanMessage("Again.")]
_SCHEMA: dict[str, Any] = {"name": "row", "schema": {}}
_BODY = {"response_format": {"type": "json_schema", "json_schema": {"name": "row", "schema": {}}}, "seed": 7}
_REPLY = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "m-2026",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "{}", "refusal": "no"}}
    ],
    "usage": {
        "prompt_tokens": 9,
        "completion_tokens": 2,
        "total_tokens": 11,
        "prompt_tokens_details": {"cached_tokens": 4},
    },
}


pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class _Recorder(ThreadingHTTPServer):
    """Keeps what it is asked, and answers as it is told: the statuses first, then the reply."""

    def __init__(self, statuses: list[int], reply: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses, self.reply = statuses, reply
        self.extra_headers: dict[str, str] = {}
        self.cut_off = 0
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.bodies: list[bytes] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Recorder

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.loads(self.server.bodies[-1])
        self.server.asked.append((self.path, {name.lower(): x for name, x in self.headers.items()}, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        for name, value in {"Content-Type": "application/json", **self.server.extra_headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.server.reply) + self.server.cut_off))
        self.end_headers()
        self.wfile.write(self.server.reply)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def _recording(*statuses: int, reply: bytes | None = None) -> Iterator[_Recorder]:
    with _Recorder(list(statuses), reply or json.dumps(_REPLY).encode()) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


async def _ask(kind: type[ChatOpenAI], server: _Recorder, **settings: Any) -> AIMessage:
    url = f"http://127.0.0.1:{server.server_port}/v1"
    model = kind(model="m", base_url=url, api_key="sk-1", **settings)
    message = await model.ainvoke(_MESSAGES, extra_body=_BODY)
    assert isinstance(message, AIMessage)
    return message


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0.5, "top_p": 0.9, "max_tokens": 5},
        {"default_headers": {"X-Who": "me"}, "frequency_penalty": 0.5, "stop_sequences": ["x"]},
        {"model_kwargs": {"extra_headers": {"X-Each": "1"}}},
    ],
)
async def test_request_and_message_are_those_of_chat_openai(settings: dict[str, Any]) -> None:
    with _recording() as server:
        stock = await _ask(ChatOpenAI, server, **settings)
        lean = await _ask(LeanChatOpenAI, server, **settings)
    (path, headers, body), (lean_path, lean_headers, lean_body) = server.asked
    assert (lean_path, lean_body) == (path, body)
    told = {"authorization", "content-type", "x-who", "x-each"}
    assert {name: lean_headers.get(name) for name in told} == {name: headers.get(name) for name in told}
    assert lean.content == stock.content
    assert lean.usage_metadata == stock.usage_metadata
    assert lean.additional_kwargs == stock.additional_kwargs
    for name in ("finish_reason", "model_name"):
        assert lean.response_metadata[name] == stock.response_metadata[name]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_an_answer_that_the_server_took_for_thoughts_is_passed_on(name: str) -> None:
    for finish, thoughts, text in (
        ("stop", '{"input_text": "a"}', '{"input_text": "a"}'),
        ("stop", '```json\n{"input_text": "a"}\n```', '```json\n{"input_text": "a"}\n```'),
        ("length", '{"input_text": "a"}', '<think>\n{"input_text": "a"}'),
        ("stop", 'Hm. {"input_text": "a"}', '<think>\nHm. {"input_text": "a"}'),
    ):
        message = {"role": "assistant", "content": None, name: thoughts}
        reply = json.dumps({**_REPLY, "choices": [{"index": 0, "finish_reason": finish, "message": message}]})
        with _recording(reply=reply.encode()) as server:
            answer = read_answer(await _ask(LeanChatOpenAI, server))
        assert answer.raw_text == text


_ROW = '{"input_text": "x"}'


@pytest.mark.parametrize(
    "message",
    [
        {"content": _ROW},
        {"role": "model", "content": _ROW},
        {"role": "assistant", "content": {"input_text": "x"}},
        {"role": "model", "content": [{"type": "text", "text": _ROW}]},
    ],
)
async def test_a_paid_reply_of_another_role_or_form_is_kept_with_its_counts(message: dict[str, Any]) -> None:
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    model = LeanChatOpenAI(model="m", api_key=SecretStr("sk-1"))
    answer = read_answer(model.message_in(_REPLY | {"choices": [choice, choice]}))
    assert (answer.raw_text, answer.finish_reason, answer.refusal) == (_ROW, "stop", None)
    assert (answer.usage, answer.model_name) == ((9, 4, 2), "m-2026")


async def test_errors_are_the_sdks_own() -> None:
    with _recording(401) as server, pytest.raises(openai.AuthenticationError):
        await _ask(LeanChatOpenAI, server)


@pytest.mark.parametrize("reply", [b"<html>", b"[]", b'{"choices": null}', b'{"error": "busy"}'])
async def test_a_body_that_is_no_completion_is_the_sdks_error_with_the_body_in_it(reply: bytes) -> None:
    with _recording(reply=reply) as server, pytest.raises(openai.APIResponseValidationError, match="status 200"):
        await _ask(LeanChatOpenAI, server)


def _with_usage(usage: str) -> bytes:
    return json.dumps({**_REPLY, "usage": None}).replace('"usage": null', f'"usage": {usage}').encode()


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ('{"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}', (9, None, 2)),
        ('{"prompt_tokens": "9", "completion_tokens": "2", "total_tokens": "11"}', (None, None, None)),
        ('{"prompt_tokens": "9", "completion_tokens": 2}', (None, None, 2)),
        (
            '{"prompt_tokens": 9.0, "completion_tokens": 2.0, "prompt_tokens_details": {"cached_tokens": 4.0}}',
            (9, 4, 2),
        ),
        ('{"prompt_tokens": null, "completion_tokens": null, "total_tokens": null}', (None, None, None)),
        ('{"prompt_tokens": 9}', (9, None, None)),
        ('{"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": "4"}', (9, None, 2)),
        ('{"prompt_tokens": 9, "completion_tokens": 2, "completion_tokens_details": [0]}', (9, None, 2)),
        ('{"prompt_tokens": 9, "completion_tokens": NaN, "total_tokens": -Infinity}', (9, None, None)),
        ('{"prompt_tokens": %s, "completion_tokens": 2}' % ("9" * 5000), (None, None, 2)),
        ('{"prompt_tokens": {"n": [[[]]]}}', (None, None, None)),
        ("{}", (None, None, None)),
        ("[9, 2, 11]", (None, None, None)),
        ('"eleven"', (None, None, None)),
        ("11", (None, None, None)),
        ("true", (None, None, None)),
        ("null", (None, None, None)),
    ],
)
@pytest.mark.parametrize("settings", [{}, {"model_kwargs": {"extra_headers": {"X-Each": "1"}}}])
async def test_whatever_stands_in_usage_the_reply_is_kept_and_counts_are_right_or_unknown(
    usage: str, counts: tuple[int | None, ...], settings: dict[str, Any]
) -> None:
    if settings and ("9" * 5000 in usage or '"11"' in usage):
        pytest.skip("there the SDK reads the JSON: it knows no such number, and makes numbers of texts")
    with _recording(reply=_with_usage(usage)) as server:
        answer = read_answer(await _ask(LeanChatOpenAI, server, **settings))
    assert (answer.raw_text, answer.model_name) == ("{}", "m-2026")
    assert answer.usage == counts


async def test_thoughts_beside_the_completion_are_counted() -> None:
    usage = {"prompt_tokens": 300, "completion_tokens": 80, "total_tokens": 2380}
    usage |= {"completion_tokens_details": {"reasoning_tokens": 2000}}  # type: ignore[dict-item]
    with _recording(reply=_with_usage(json.dumps(usage))) as server:
        assert read_answer(await _ask(LeanChatOpenAI, server)).usage == (300, None, 2080)


async def test_transport_of_the_catalog_entry_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    with _recording() as proxy:
        entry = {
            "base_url": "http://nowhere.invalid/v1",
            "openai_proxy": f"http://127.0.0.1:{proxy.server_port}",
            "default_headers": {"X-Who": "me"},
            "extra_body": {"top_k": 5},
        }
        chat = Chat(ChatModelSpec(OPENAI_CLASS, entry).build(LlmParameters(model="m")), LlmParameters(model="m"))
        assert (await chat.ask(_MESSAGES, {"name": "row", "schema": {}}, 7)).raw_text == "{}"
        await chat.close()
    ((path, headers, body),) = proxy.asked
    assert path == "http://nowhere.invalid/v1/chat/completions"
    assert headers["x-who"] == "me"
    assert (body["top_k"], body["seed"]) == (5, 7)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_the_client_asks_once_whatever_the_catalog_says_of_retries(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    with _recording(status, status) as server:
        entry = {"base_url": f"http://127.0.0.1:{server.server_port}/v1", "max_retries": 3}
        chat = Chat(ChatModelSpec(OPENAI_CLASS, entry).build(LlmParameters(model="m")), LlmParameters(model="m"))
        with pytest.raises(TransportError):
            await chat.ask(_MESSAGES, {"name": "row", "schema": {}}, 7)
        await chat.close()
    assert len(server.asked) == 1


def _chat(url: str, listener: AsyncCallbackHandler | None = None, **entry: Any) -> Chat:
    """The model as a run builds it; with a listener LangChain's managers stand before each call."""
    llm = LlmParameters(model="m", max_tokens=50)
    model = ChatModelSpec(OPENAI_CLASS, {"base_url": url, "timeout": 5, **entry}).build(llm)
    model.callbacks = [listener] if listener else None
    return Chat(model, llm)


class _Listener(AsyncCallbackHandler):
    """Keeps the messages that LangChain's callbacks get."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def on_llm_end(self, response: Any, **_: Any) -> None:
        self.heard.append(response.generations[0][0].message)


@pytest.fixture
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")


@pytest.mark.usefixtures("_key")
@pytest.mark.parametrize("by_proxy", [False, True])
async def test_later_requests_are_the_sdks_first_one_but_for_the_body(by_proxy: bool) -> None:
    with _recording() as server:
        address = f"http://127.0.0.1:{server.server_port}"
        entry: dict[str, Any] = {"default_headers": {"X-Who": "me"}, "organization": "org-1"}
        entry |= {"default_query": {"api-version": "1"}, "extra_body": {"top_k": 5}}
        entry |= {"openai_proxy": address} if by_proxy else {}
        chat = _chat("http://nowhere.invalid/v1" if by_proxy else f"{address}/v1", **entry)
        first = await chat.ask(_MESSAGES, _SCHEMA, 7)
        later = await chat.ask(_MESSAGES, _SCHEMA, 7)
        await chat.ask([HumanMessage("Żółw 🐢 \x7f \u2028")], _SCHEMA, 8, 60)
        await chat.close()
        by_sdk = _chat("http://nowhere.invalid/v1" if by_proxy else f"{address}/v1", **entry)
        await by_sdk.ask([HumanMessage("Żółw 🐢 \x7f \u2028")], _SCHEMA, 8, 60)
        await by_sdk.close()
    assert first == later
    (path, headers, body), (later_path, later_headers, later_body), third, fresh = server.asked
    assert (later_path, later_headers, later_body) == (path, headers, body)
    assert headers["authorization"] == "Bearer sk-1"
    assert third == fresh
    assert server.bodies[2] == server.bodies[3]


@pytest.mark.usefixtures("_key")
async def test_the_sdk_makes_the_first_request_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made, post = [], openai.AsyncOpenAI.post

    async def counted(*arguments: Any, **named: Any) -> Any:
        made.append(arguments)
        return await post(*arguments, **named)

    monkeypatch.setattr(openai.AsyncOpenAI, "post", counted)
    with _recording() as server:
        chat = _chat(f"http://127.0.0.1:{server.server_port}/v1")
        for _ in range(4):
            await chat.ask(_MESSAGES, _SCHEMA, 7)
        await chat.close()
    assert (len(made), len(server.asked)) == (1, 4)


@pytest.mark.usefixtures("_key")
async def test_a_models_listener_hears_each_call_and_the_answer_is_that_of_a_call_without_one() -> None:
    listener = _Listener()
    with _recording() as server:
        url = f"http://127.0.0.1:{server.server_port}/v1"
        answers = []
        for heard_by in (None, listener):
            chat = _chat(url, heard_by)
            answers += [await chat.ask(_MESSAGES, _SCHEMA, 7) for _ in range(2)]
            await chat.close()
    assert len(listener.heard) == 2
    assert answers[0].usage == (9, 4, 2)
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.usefixtures("_key")
@pytest.mark.parametrize("status", [302, 400, 401, 404, 422, 429, 500, 503])
async def test_errors_of_later_requests_are_those_of_the_first(status: int) -> None:
    reply = json.dumps({"error": {"message": "in the server's words", "code": "some_code"}}).encode()
    said = []
    with _recording(status, 200, status) as server:
        chat = _chat(f"http://127.0.0.1:{server.server_port}/v1")
        for number in range(3):
            server.reply = json.dumps(_REPLY).encode() if number == 1 else reply
            try:
                await chat.ask(_MESSAGES, _SCHEMA, 7)
            except Exception as error:  # noqa: BLE001  compared below
                cause = error.__cause__
                said.append((type(error), str(error), type(cause), str(cause)))
        await chat.close()
    assert len(said) == 2
    assert said[0] == said[1]


@pytest.mark.usefixtures("_key")
@pytest.mark.parametrize("is_cut", [True, False])
async def test_a_later_request_without_a_whole_reply_fails_as_the_first_does(is_cut: bool) -> None:
    said = []
    with _recording() as server:
        chat, new = (_chat(f"http://127.0.0.1:{server.server_port}/v1") for _ in range(2))
        await chat.ask(_MESSAGES, _SCHEMA, 7)
        server.cut_off = 10
        if not is_cut:
            server.shutdown()
            server.server_close()
        for each in (chat, new):
            with pytest.raises(TransportError) as caught:
                await each.ask(_MESSAGES, _SCHEMA, 7)
            cause = caught.value.__cause__
            said.append((type(caught.value), str(caught.value), type(cause), str(cause)))
            await each.close()
    assert said[0] == said[1]
    assert said[0][2] is (openai.APIConnectionError if is_cut else openai.APITimeoutError)


@pytest.mark.usefixtures("_key")
async def test_a_servers_cookie_comes_back_with_each_later_request() -> None:
    with _recording() as server:
        chat = _chat(f"http://127.0.0.1:{server.server_port}/v1")
        await chat.ask(_MESSAGES, _SCHEMA, 7)
        server.extra_headers = {"Set-Cookie": "route=2; Path=/"}
        for _ in range(3):
            await chat.ask(_MESSAGES, _SCHEMA, 7)
        await chat.close()
    assert [headers.get("cookie") for _, headers, _ in server.asked] == [None, None, "route=2", "route=2"]


@pytest.mark.usefixtures("_key")
async def test_a_value_that_only_the_sdk_can_write_is_sent_in_each_request() -> None:
    with _recording() as server:
        chat = _chat(
            f"http://127.0.0.1:{server.server_port}/v1", extra_body={"since": datetime(2026, 1, 2, tzinfo=UTC)}
        )
        for _ in range(3):
            assert (await chat.ask(_MESSAGES, _SCHEMA, 7)).raw_text == "{}"
        await chat.close()
    assert [body["since"] for _, _, body in server.asked] == ["2026-01-02T00:00:00+00:00"] * 3
