"""LeanChatOpenAI against ChatOpenAI: the same request on the wire, the same message back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from synthetic_textcat.errors import TransportError
from synthetic_textcat.llm.chat_models.answers import read_answer
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.openai_chat import LeanChatOpenAI
from synthetic_textcat.llm.chat_models.spec import OPENAI_CLASS, ChatModelSpec
from synthetic_textcat.schemas.parameters import LlmParameters

_MESSAGES = [SystemMessage("Write a row."), HumanMessage("In Zürich: “ja”"), AIMessage("{"), HumanMessage("Again.")]
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
        self.asked: list[tuple[str, dict[str, str], Any]] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Recorder

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, {name.lower(): x for name, x in self.headers.items()}, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.reply)))
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
