"""Every row of the table of providers' errors, through the real client.

The server's own sentence, out of error bodies of any shape.
"""

import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from openai import DefaultAioHttpClient
from pydantic import SecretStr

from synthetic_textcat.errors import BadRequestError, FatalAnswerError, TextcatError, TransportError, UnreachableError
from synthetic_textcat.llm.chat_models.answers import Answer
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.openai_chat import LeanChatOpenAI
from synthetic_textcat.llm.providers.client_exceptions import read_exception
from synthetic_textcat.llm.providers.errors import (
    BODY_KINDS,
    CAUSES_IN_ORDER,
    first_match,
    has_reply,
    known_errors,
    one_line,
    read_body,
)
from synthetic_textcat.llm.providers.files import ProviderFact
from synthetic_textcat.llm.providers.transport_errors import CAUSES, as_our_error
from synthetic_textcat.redaction import add_secret
from synthetic_textcat.schemas.outcomes import NO_REPLY_CAUSES
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.each_case import each_case, each_of
from tests.support.error_samples import Sample, raised, samples
from tests.support.examples import cases
from tests.support.project import ROOT

pytestmark = pytest.mark.anyio

_ANSWERED = [row for row in known_errors() if not row.exception]
_RAISED = [row for row in known_errors() if row.exception]
_REASON = "the reason"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class _Server(ThreadingHTTPServer):
    """Answers every request with one sample."""

    sample = Sample(200, "text/plain", "")
    asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the kernel holds a body back for 40 ms, after its headers

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        self.send_response(self.server.sample.status)
        self.send_header("Content-Type", self.server.sample.content_type)
        body = self.server.sample.body.encode()
        self.send_header("Content-Length", str(len(body)))
        if 300 <= self.server.sample.status < 400:
            self.send_header("Location", "/login")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as running:
        thread = Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
async def chat(server: _Server) -> AsyncIterator[Chat]:
    model = LeanChatOpenAI(
        model="m",
        base_url=f"http://127.0.0.1:{server.server_port}/v1",
        api_key=SecretStr("none"),
        max_retries=0,
        http_async_client=DefaultAioHttpClient(follow_redirects=False),
    )
    built = Chat(model, LlmParameters(model="m"))
    yield built
    await built.close()


async def _outcome(chat: Chat) -> Answer | Exception:
    try:
        return await chat.ask([HumanMessage("Hi")], {"name": "row", "schema": {}}, 7)
    except (TransportError, TextcatError) as error:
        return error


def _name(row: ProviderFact) -> str:
    signs = (row.status, row.body, row.code, row.exception, row.words)
    return "-".join([row.provider, *(re.sub(r"\W+", "_", sign) for sign in signs if sign)])


async def test_an_answer_ends_as_its_row_says(server: _Server, chat: Chat) -> None:
    failed = {}
    for row in cases(_ANSWERED, 4):
        try:
            await _assert_ends_as_it_says(row, server, chat)
        except AssertionError as error:
            failed[_name(row)] = str(error)
    assert failed == {}
    assert len(_ANSWERED) > 300


async def _assert_ends_as_it_says(row: ProviderFact, server: _Server, chat: Chat) -> None:
    server.sample, server.asked = samples(row)[0], 0
    outcome = await _outcome(chat)
    assert server.asked == 1
    if row.meaning == "content_filtered":
        assert isinstance(outcome, Answer)
        assert outcome.finish_reason == "content_filter"
        assert outcome.error
        return
    expected = CAUSES[row.meaning].make("", None)
    assert type(outcome) is type(expected)
    if isinstance(outcome, TransportError) and isinstance(expected, TransportError):
        assert (outcome.cause, outcome.retryable) == (expected.cause, expected.retryable)
        assert outcome.cause in NO_REPLY_CAUSES
    assert "\n" not in str(outcome)
    assert ("set llm.model (m) to a model of this server" in str(outcome)) == (row.meaning == "unknown_model")
    if row.words and row.meaning != "redirected":
        assert row.words.split("*")[0].strip().lower() in str(outcome).lower()  # the server's own sentence


class _StatusError(Exception):
    def __init__(self, sample: Sample) -> None:
        super().__init__(f"status {sample.status}")
        self.status_code, self.body = sample.status, sample.body


def test_no_row_stands_in_anothers_shadow() -> None:
    found = {
        row: {first_match(read_exception(_StatusError(each)).signs) for each in samples(row)}
        for row in cases(_ANSWERED, 3)
    }
    assert {row: others for row, others in found.items() if others != {row}} == {}


@each_case(_RAISED, _name)
def test_an_exception_is_known_by_its_class(row: ProviderFact) -> None:
    error = raised(row)
    assert first_match(read_exception(error).signs) is row
    above = RuntimeError("Connection error.")
    above.__cause__ = error
    assert first_match(read_exception(above).signs) is row


def test_each_cause_is_told_and_used() -> None:
    assert {row.meaning for row in known_errors()} == CAUSES.keys() == set(CAUSES_IN_ORDER)
    for cause in CAUSES.values():
        assert "{" in cause.sentence


def test_each_row_is_whole_and_names_its_source() -> None:
    for row in known_errors():
        assert row.provider
        assert row.body in ("", *BODY_KINDS)
        assert any((row.status, row.body, row.code, row.exception, row.words))
        assert re.fullmatch(r"https://\S+", row.source)
        assert re.fullmatch(r"20\d\d-[01]\d", row.dated)


def test_the_page_on_errors_has_each_cause_with_who_bears_it() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([\w ]+) \|", page, re.MULTILINE))
    assert rows == {name: _bearer(cause.make("", None)) for name, cause in CAUSES.items()}


def _bearer(error: Exception) -> str:
    if isinstance(error, BadRequestError | UnreachableError):
        return "first call"
    return "run" if isinstance(error, FatalAnswerError) else "row"


def test_what_ends_a_run_has_a_next_step() -> None:
    for cause in CAUSES.values():
        ends_it = isinstance(cause.make("", None), FatalAnswerError | BadRequestError | UnreachableError)
        assert ends_it == bool(cause.next_step)


def test_an_exception_that_nothing_explains_is_a_server_error_in_a_sentence() -> None:
    ours = as_our_error(TypeError("'NoneType' object is not iterable"))
    assert isinstance(ours, TransportError)
    assert (ours.cause, str(ours)) == (
        "server_error",
        "the client library fails with TypeError: 'NoneType' object is not iterable",
    )


@each_of(
    "body",
    [
        {"error": {"message": _REASON, "type": "invalid_request_error", "param": None, "code": None}},
        {"error": _REASON},
        {"error": {"error": {"message": _REASON}}},
        {"message": _REASON},
        {"detail": _REASON},
        {"detail": {"message": _REASON}},
        {"errors": [{"message": _REASON, "code": 7003}], "success": False},
        {"errors": [_REASON]},
        [{"error": {"code": 400, "message": _REASON, "status": "INVALID_ARGUMENT"}}],
        {"type": "error", "error": {"type": "invalid_request_error", "message": _REASON}},
        {"error_code": 18, "error_msg": _REASON},
        {"base_resp": {"status_code": 1008, "status_msg": _REASON}},
        {"object": "error", "message": _REASON, "code": 400},
        {"title": _REASON, "status": 400},
        {"error": "invalid_request", "error_description": _REASON},
        {"Error": {"Code": "ValidationException", "Message": _REASON}},
        {
            "error": {
                "message": "Provider returned error",
                "metadata": {"raw": json.dumps({"error": {"message": _REASON}})},
            }
        },
        {"choices": [{"error": {"code": 502, "message": _REASON}, "message": {"content": ""}}]},
        f"  {_REASON}\n",
        f"<html><head><title>{_REASON}</title></head><body><h1>Else</h1></body></html>",
        f"<html><script>let x = 1;</script><body><p>{_REASON}</p></body></html>",
        _REASON.encode("utf-16-be").decode("latin-1").replace("\0", "").encode(),
    ],
)
def test_the_servers_sentence_is_found(body: Any) -> None:
    for form in (body, body if isinstance(body, str | bytes) else json.dumps(body).encode()):
        assert _REASON in read_body(form).said


def test_a_wrong_field_is_named_with_its_place() -> None:
    detail = [
        {"type": "missing", "loc": ["body", "max_tokens"], "msg": "Field required", "input": {"messages": "secret"}}
    ]
    assert read_body({"detail": detail}).said == "Field required; body.max_tokens"


def test_reasons_are_told_and_the_prompt_is_not_repeated() -> None:
    metadata = {"reasons": ["harassment", "violence"], "flagged_input": "the prompt", "provider_name": "x"}
    said = read_body({"error": {"message": "flagged", "code": 403, "metadata": metadata}}).said
    assert said == "flagged; harassment.violence"


@each_of(
    ("body", "kind"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        ("<!DOCTYPE html><p>Hi", "html"),
        ("<!-- cached --><html>", "html"),
        ("<center><h1>502 Bad Gateway</h1>", "html"),
        ('<?xml version="1.0"?><Error/>', "xml"),
        ('data: {"choices": []}\n\n', "stream"),
        (": OPENROUTER PROCESSING\n\n", "stream"),
        ("OK", "text"),
        (b"\xff\xfe\x00\x01", "text"),
        ('{"id": "1", "cho', "broken"),
        ("[[[[" * 50_000, "broken"),
        ('{"status": "ok"}', "json"),
        ("[]", "json"),
        ('"a text"', "text"),
        ("{}", "json"),
        ('{"choices": null}', "no_reply"),
        ('{"choices": [{"message": null}]}', "no_reply"),
        ('{"error": {"message": "busy"}}', "error"),
        ('{"message": "busy", "code": 20012}', "error"),
        (None, ""),
    ],
)
def test_what_a_body_is(body: Any, kind: str) -> None:
    assert read_body(body).kind == kind


def test_the_content_type_tells_a_page_without_tags() -> None:
    assert read_body("Sign in", "text/html; charset=utf-8").kind == "html"


@each_of(
    ("body", "status"),
    [
        ({"error": {"code": 429, "message": "slow"}}, 429),
        ({"error": {"code": "502", "message": "down"}}, 502),
        ({"error": {"code": "1113", "message": "no money"}}, None),
        ({"error": {"code": 10**30, "message": "odd"}}, None),
        ({"error": {"code": True, "message": "odd"}}, None),
    ],
)
def test_a_body_may_name_the_status(body: Any, status: int | None) -> None:
    assert read_body(body).status == status


def test_foreign_text_becomes_a_short_line_without_controls() -> None:
    line = one_line("a\x1b[31m\x07\n b\u202ec \x9b2J " + "x" * 1000 + "\ud800")
    assert line.startswith("a[31m bc 2J xxx")
    assert len(line) == 300


def test_no_key_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    assert "sk-0123456789" not in read_body({"error": {"message": "wrong key sk-0123456789"}}).said


@pytest.mark.parametrize(
    "body",
    [
        b"{" * 5_000_000,
        b"<script>" * 600_000,
        b"<title>" * 600_000,
        json.dumps({"error": {"message": "account " * 600_000}}).encode(),
        {"error": {"message": "account " * 600_000, "details": [{"reason": "x" * 1_000_000}] * 1_000}},
        {"errors": [{"message": "m", "errors": [{"message": "n"}] * 100}] * 100_000},
    ],
)
def test_a_body_of_megabytes_costs_little(body: Any) -> None:
    begun = time.process_time()
    read = read_body(body)
    assert time.process_time() - begun < 0.25
    assert len(read.said) <= 300
    assert len(read.words) <= 8_000


def test_a_completion_has_a_message_in_each_choice() -> None:
    choice = {"message": {"content": None}}
    assert has_reply({"choices": [choice]})
    others: list[Any] = [[], "text", {}, {"choices": [choice, {}]}, {"choices": [choice], "error": {"message": "cut"}}]
    assert not any(map(has_reply, others))


@pytest.mark.parametrize(
    "text", ["a key-cut-in-halves", " " * 7_990 + "key-cut-in-halves", "key-cut\u200b-in-\u200bhalves"]
)
@pytest.mark.parametrize("form", ['{{"error": {{"message": {}}}}}', "{}"])
def test_no_part_of_a_secret_is_left_where_a_text_is_cut_or_cleaned(text: str, form: str) -> None:
    add_secret("key-cut-in-halves")
    said = read_body(form.format(json.dumps(text)) if "error" in form else text).said
    assert said.endswith("***")
    assert "key" not in said


_FRAMES = (
    'Traceback (most recent call last):\n  File "/opt/proxy/app.py", line 7, in ask\n    ask()\nValueError: no model'
)


@pytest.mark.parametrize(
    ("sent", "told"),
    [(f"Invalid response object {_FRAMES}", "Invalid response object"), (_FRAMES, "ValueError: no model")],
)
def test_a_servers_traceback_is_no_part_of_the_line(sent: str, told: str) -> None:
    assert one_line(sent) == told
    assert read_body({"error": {"message": sent}}).said == told
