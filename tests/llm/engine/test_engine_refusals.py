"""The engine on real answers of a server that refuses: what costs one row, and what ends the run, after one request."""

from collections import Counter
from collections.abc import Iterator

import pytest

from synthetic_textcat.errors import FatalAnswerError
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import Completion, Problem, Reply
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.llm.builders import call
from tests.llm.running import policy
from tests.support.model_classes import OPENAI_CLASS
from tests.support.server import FaultServer
from tests.support.server_host import ServerHost


@pytest.fixture(scope="module")
def fault_server(server_host: ServerHost) -> Iterator[FaultServer]:
    with server_host.server() as running:
        yield running


@pytest.fixture
def server(fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> FaultServer:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    fault_server.set_faults(after=0, sticky=False)
    fault_server.reset()
    return fault_server


def _run(url: str, rows: int, concurrency: int = 4) -> list[Completion]:
    llm = LlmParameters(model="m")
    spec = ChatModelSpec(OPENAI_CLASS, {"base_url": url, "max_retries": 0})
    calls = (call(f"r{place}", f"Write row {place}.") for place in range(rows))
    batches = complete(lambda: Chat(spec.build(llm), llm), calls, policy(concurrency))
    return [completion for batch in batches for completion in batch]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("html_page", "answers with a web page, not with the API: Web Gateway: sign in to continue"),
        ("no_content", "answers with nothing, not with the API: status 204"),
        ("empty_body", "answers with nothing, not with the API: status 200"),
        ("low_credit", "The account's credit is used up: Your credit balance is too low"),
        ("quota", "The account's quota is used up: You exceeded your current quota"),
        ("bad_key", "The server refuses the key: Incorrect API key provided"),
        ("unknown_model", "The server does not know this model or path: The model `m` does not exist"),
        ("bad_request", "The server calls the request bad: Invalid parameter: 'response_format'"),
    ],
)
def test_what_every_call_would_get_ends_the_run_after_one_request(server: FaultServer, fault: str, says: str) -> None:
    server.set_faults(always=fault)
    with pytest.raises(FatalAnswerError) as caught:
        _run(server.url, rows=40)
    assert says in str(caught.value)
    assert "Next: " in str(caught.value)
    if "not with the API" in says:
        assert str(caught.value).startswith(server.url)
    assert server.stats()["requests"] == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [("flagged", "your input was flagged"), ("inspection_failed", "Input data may contain inappropriate content")],
)
def test_a_refused_row_is_content_filtered_and_all_others_are_asked(
    server: FaultServer, fault: str, words: str
) -> None:
    server.set_faults(**{fault: 0.15}, sticky=True, fault_seed=3)
    completions = _run(server.url, rows=40)
    ends = {completion.request_id: parse(completion, Reply) for completion in completions}
    problems = [end for end in ends.values() if isinstance(end, Problem)]
    assert len(ends) == 40
    assert 1 <= len(problems) <= 15
    assert {problem.cause for problem in problems} == {"content_filtered"}
    assert all(words in problem.detail for problem in problems)


def test_even_where_it_is_the_first(server: FaultServer) -> None:
    server.set_faults(always="flagged")
    with pytest.raises(FatalAnswerError, match="first 20 replies to calls for rows all failed as content_filtered"):
        _run(server.url, rows=40)


def test_used_up_credit_ends_the_run_at_the_first_such_answer(server: FaultServer) -> None:
    server.set_faults(always="low_credit", after=10)
    with pytest.raises(FatalAnswerError, match="credit is used up: Your credit balance"):
        _run(server.url, rows=60, concurrency=1)
    assert server.stats()["requests"] == 11


@pytest.mark.parametrize("fault", ["html_page", "no_content", "empty_body"])
def test_a_page_in_the_middle_of_a_run_fails_its_own_row(server: FaultServer, fault: str) -> None:
    server.set_faults(**{fault: 0.2}, fault_seed=1)
    statuses = Counter(completion.status for completion in _run(server.url, rows=30, concurrency=1))
    assert statuses["connection_error"] > 0
    assert statuses["replied"] > statuses["connection_error"]


@pytest.mark.parametrize("fault", ["close", "short_body", "broken_chunk"])
def test_a_broken_transfer_at_the_first_call_blames_no_setting(server: FaultServer, fault: str) -> None:
    server.set_faults(always=fault)
    completions = _run(server.url, rows=5)
    assert {completion.status for completion in completions} == {"connection_error"}
    assert not any("llm." in str(completion.error) for completion in completions)


def test_requests_refused_one_after_the_other_end_the_run_in_the_servers_words(server: FaultServer) -> None:
    server.set_faults(always="bad_request", after=5)
    with pytest.raises(FatalAnswerError, match=r"last 20 requests were all refused.*response_format.*Next: see llm"):
        _run(server.url, 150)
    assert 25 <= server.stats()["requests"] <= 40  # those in flight arrive too


def test_a_certificate_that_is_not_trusted_ends_the_run_at_the_first_call(
    monkeypatch: pytest.MonkeyPatch, server_host: ServerHost
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with (
        server_host.server(tls=True) as server,
        pytest.raises(FatalAnswerError, match=r"not trusted: .+ set SSL_CERT_FILE"),
    ):
        _run(server.url, rows=40)
