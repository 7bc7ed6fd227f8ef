"""Each request that a server gets is one journal line, whatever becomes of it: the real client over loopback HTTP."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from synthetic_textcat.llm.calls.policy import RetryPolicy
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.open_calls import Batch
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.llm.builders import call
from tests.llm.running import policy
from tests.support.model_classes import OPENAI_CLASS
from tests.support.server import FaultServer
from tests.support.server_host import ServerHost

_LLM = LlmParameters(model="served-1")
_TWICE = RetryPolicy(max_retries=2, jitter=lambda: 0.0)


@pytest.fixture(scope="module")
def server(server_host: ServerHost) -> Iterator[FaultServer]:
    with server_host.server() as running:
        yield running


def _batches(server: FaultServer, monkeypatch: pytest.MonkeyPatch, rows: int, timeout: float) -> Iterator[Batch]:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    spec = ChatModelSpec(OPENAI_CLASS, {"base_url": server.url, "timeout": timeout, "max_retries": 2})
    calls = (call(f"r{number}") for number in range(rows))
    return complete(
        lambda: Chat(spec.build(_LLM), _LLM), calls, replace(policy(2, retries=_TWICE), deadline_s=spec.deadline_s)
    )


def _lines(server: FaultServer, monkeypatch: pytest.MonkeyPatch, timeout: float = 20.0) -> list[Completion]:
    return [line for batch in _batches(server, monkeypatch, 3, timeout) for line in batch]


@pytest.mark.parametrize(
    ("fault", "status", "tokens"),
    [
        ("hang", "timeout", None),
        ("drip", "timeout", None),
        ("rate_limited", "rate_limited", 0),
        ("server_error", "server_error", 0),
        ("close", "connection_error", None),
        ("short_body", "connection_error", None),
        ("broken_chunk", "connection_error", None),
    ],
)
def test_requests_at_the_server_are_journal_lines(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, fault: str, status: str, tokens: int | None
) -> None:
    server.reset()
    server.set_faults(always=fault, after=1, retry_after=0.01)
    lines = _lines(server, monkeypatch, timeout=0.2 if status == "timeout" else 20.0)
    assert len(lines) == server.stats()["requests"] == 1 + 2 * 3
    assert len({(line.fingerprint, line.attempt, line.call, line.run_id) for line in lines}) == len(lines)
    failed = [line for line in lines if not line.replied]
    assert {(line.status, line.attempt, line.prompt_tokens, line.completion_tokens) for line in failed} == {
        (status, 1, tokens, tokens)
    }
    of_row = [line.call for line in failed if line.request_id == failed[0].request_id]
    assert of_row == [1, 2, 3]
    assert all((line.tokens_at_most is None) == (tokens is not None) for line in failed)


def test_a_retry_that_is_answered_counts_on(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.reset()
    server.set_faults(server_error=0.7)
    lines = _lines(server, monkeypatch)
    assert len(lines) == server.stats()["requests"]
    assert sum(line.replied for line in lines) == server.stats()["replied"]
    assert max(line.call for line in lines) > 1
    assert {line.attempt for line in lines} == {1}


@pytest.mark.whole_run  # it waits for seconds
def test_open_calls_are_reported_while_nothing_arrives_and_an_interrupt_leaves_a_line_of_each(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.reset()
    server.set_faults(always="hang", after=1)
    batches = _batches(server, monkeypatch, 8, timeout=60.0)
    reported: list[Batch] = []
    interrupt = threading.Timer(3.0, lambda: os.kill(os.getpid(), signal.SIGINT))
    interrupt.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        reported.extend(batches)
    assert time.monotonic() - begun < 10
    (waiting, *_) = (batch.open_calls for batch in reported if not batch)
    lines = [line for batch in reported for line in batch]
    assert waiting.number == 2
    assert 1.0 < waiting.oldest_s < 10.0
    assert len(lines) == server.stats()["requests"] == 3
    (_, *abandoned) = sorted(lines, key=lambda line: not line.replied)
    assert {line.status for line in abandoned} == {"connection_error"}
    assert all(line.tokens_at_most and "the run ended" in (line.error or "") for line in abandoned)
