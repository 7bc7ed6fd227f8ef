"""Every row of the table of providers' errors, through the real client."""

import re
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from langchain_core.messages import HumanMessage
from openai import DefaultAioHttpClient
from pydantic import SecretStr

from synthetic_textcat.errors import (
    BadRequestError,
    FatalAnswerError,
    TextcatError,
    TransportError,
    UnreachableError,
)
from synthetic_textcat.llm.answers import Answer
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.client_exceptions import read_exception
from synthetic_textcat.llm.error_bodies import BODY_KINDS
from synthetic_textcat.llm.openai_chat import LeanChatOpenAI
from synthetic_textcat.llm.provider_errors import KnownError, first_match, known_errors
from synthetic_textcat.llm.transport_errors import CAUSES, as_our_error
from synthetic_textcat.schemas.outcomes import TRANSPORT_CAUSES
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.error_samples import Sample, raised, samples
from tests.support.project import ROOT

pytestmark = pytest.mark.anyio

_ANSWERED = [row for row in known_errors() if not row.exception]
_RAISED = [row for row in known_errors() if row.exception]


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
        thread = Thread(target=running.serve_forever)
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


def _name(row: KnownError) -> str:
    signs = (row.status, row.body, row.code, row.exception, row.words)
    return "-".join([row.provider, *(re.sub(r"\W+", "_", sign) for sign in signs if sign)])


@pytest.mark.parametrize("row", _ANSWERED, ids=_name)
async def test_an_answer_ends_as_its_row_says(row: KnownError, server: _Server, chat: Chat) -> None:
    server.sample, server.asked = samples(row)[0], 0
    outcome = await _outcome(chat)
    assert server.asked == 1
    if row.cause == "content_filtered":
        assert isinstance(outcome, Answer)
        assert outcome.finish_reason == "content_filter"
        assert outcome.error
        return
    expected = CAUSES[row.cause].make("", None)
    assert type(outcome) is type(expected)
    if isinstance(outcome, TransportError) and isinstance(expected, TransportError):
        assert (outcome.cause, outcome.retryable) == (expected.cause, expected.retryable)
        assert outcome.cause in TRANSPORT_CAUSES
    assert "\n" not in str(outcome)
    if row.words and row.cause != "redirected":
        assert row.words.split("*")[0].strip().lower() in str(outcome).lower()  # the server's own sentence


class _StatusError(Exception):
    def __init__(self, sample: Sample) -> None:
        super().__init__(f"status {sample.status}")
        self.status_code, self.body = sample.status, sample.body


def test_no_row_stands_in_anothers_shadow() -> None:
    found = {row: {first_match(read_exception(_StatusError(each)).signs) for each in samples(row)} for row in _ANSWERED}
    assert {row: others for row, others in found.items() if others != {row}} == {}


@pytest.mark.parametrize("row", _RAISED, ids=_name)
def test_an_exception_is_known_by_its_class(row: KnownError) -> None:
    error = raised(row)
    assert first_match(read_exception(error).signs) is row
    above = RuntimeError("Connection error.")
    above.__cause__ = error
    assert first_match(read_exception(above).signs) is row


def test_each_cause_is_told_and_used() -> None:
    assert {row.cause for row in known_errors()} == CAUSES.keys()
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
