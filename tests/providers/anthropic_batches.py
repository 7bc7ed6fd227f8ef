"""Message Batches by ChatAnthropic and its SDK; run by `test_anthropic_batches.py` in the environment that has both."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.fault_server.settings import ALL_BATCH_FAULTS
from synthetic_textcat.errors import BatchError, FatalAnswerError
from synthetic_textcat.llm.batches.anthropic_service import AnthropicBatches
from synthetic_textcat.llm.batches.classes import service_of
from synthetic_textcat.llm.batches.service import BatchService
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.llm.batches.running import LLM, Workspace, call
from tests.llm.batches.test_route import CutOffError, CutRecord
from tests.support.server import FaultServer

_CLAUDE = "langchain_anthropic.ChatAnthropic"
_ROWS = 24
_KEY = "sk-ant-nobody-0000000000000000"
_SAME = ("raw_text", "refusal", "finish_reason", "prompt_tokens", "cached_tokens", "completion_tokens", "request_id")
_SAME_CALL = ("attempt", "status", "model_name", "prompt_sha256", "max_tokens", "error")
_OF_OPENAI = ("batch_token_limit", "batch_file_unknown")
_RATES = {"batch_late_files": 1.0, "batch_create_lost": 0.8, "batch_upload_limited": 0.8, "batch_line_missing": 0.2}
_LOST = ("batch_line_missing", "batch_files_deleted")

pytestmark = pytest.mark.provider


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(batch_seconds=0.03, batch_cancel_seconds=0.03, retry_after=0.01, require_key=_KEY) as running:
        yield running


def _spec(server: FaultServer) -> ChatModelSpec:
    return ChatModelSpec(_CLAUDE, {"base_url": server.url.removesuffix("/v1"), "timeout": 20})


@pytest.fixture
def own(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> BatchService:
    monkeypatch.setenv("ANTHROPIC_API_KEY", _KEY)
    server.set_faults(batch_seconds=0.03, fault_seed=0)
    server.reset()
    return service_of(_spec(server), LLM)


@pytest.fixture
def space(own: BatchService, tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, own, _ROWS)


def _all_once(space: Workspace, server: FaultServer) -> None:
    good = Counter(line.request_id for line in space.lines() if line.replied)
    assert good == {f"r{number}": 1 for number in range(_ROWS)}
    assert not space.record.pending
    assert server.stats()["requests_sent_twice"] == 0


@pytest.mark.parametrize("structured_output", ["json_schema", "none"])
def test_bodies_and_answers_are_those_of_live_calls(
    structured_output: str, tmp_path: Path, own: BatchService, server: FaultServer
) -> None:
    assert isinstance(own, AnthropicBatches)
    llm = LlmParameters.model_validate({**LLM.model_dump(), "structured_output": structured_output})
    server.set_faults(refusal=0.2, truncated=0.2, sticky=True)
    space = Workspace(tmp_path, service_of(_spec(server), llm), _ROWS)
    rows = space.open_rows()
    live = complete(lambda: Chat(_spec(server).build(llm), llm), map(call, rows), space.policy(max_attempts=1))
    by_row = {line.request_id: line for chunk in live for line in chunk}
    assert len(by_row) == _ROWS

    space.run(batch_requests=10, max_attempts=1)

    assert server.stats()["repeated_bodies"] == _ROWS  # the very bodies of the live calls
    for line in space.lines():
        other = by_row[line.request_id]
        assert [getattr(line, name) for name in _SAME + _SAME_CALL] == [getattr(other, x) for x in _SAME + _SAME_CALL]
        assert line.batch is not None
        assert line.cached_tokens
    assert [batch.requests for batch in space.record] == [10, 10, 4]
    assert _KEY not in space.record_path.read_text()


@pytest.mark.parametrize("fault", [fault for fault in ALL_BATCH_FAULTS if fault not in _OF_OPENAI])
def test_every_row_is_answered_once_with_a_fault(fault: str, space: Workspace, server: FaultServer) -> None:
    server.set_faults(**{fault: _RATES.get(fault, 0.5)}, fault_seed=3)

    for _ in range(10):
        if not space.open_rows():
            break
        space.run(batch_requests=8)

    _all_once(space, server)
    assert server.stats()["by_fault"][fault], "the fault never came"
    lost = [line for line in space.lines() if not line.replied and not line.is_counted]
    assert bool(lost) == (fault in _LOST)
    errors = [line for line in space.lines() if not line.replied and line.is_counted]
    assert bool(errors) == (fault == "batch_line_error")
    assert all((line.prompt_tokens, line.completion_tokens) == (0, 0) for line in errors)  # errors are not billed


def test_a_submission_without_an_id_is_adopted_once_its_results_show_whose_it_is(
    space: Workspace, server: FaultServer, tmp_path: Path, own: BatchService
) -> None:
    other = Workspace(tmp_path / "other", own, 0)
    other._rows = [f"{number:064x}" for number in range(_ROWS)]  # of another program, of the same size
    server.set_faults(batch_seconds=0.6)
    record = space.record
    with pytest.raises(CutOffError):
        space.run(CutRecord(space.record_path, record._append).cut(2, after=False))
    (tmp_path / "other").mkdir()
    other.run(batch_wait=False)
    assert [batch.batch_id for batch in space.record] == [None]

    begun = time.monotonic()
    space.run(batch_wait=False)  # which of the two it is can't be told yet
    assert time.monotonic() - begun < 5
    assert [batch.batch_id for batch in space.record] == [None]
    assert space.in_batches() is not None

    time.sleep(0.8)
    space.run()
    _all_once(space, server)
    assert server.stats()["batches"] == 2
    assert [batch.batch_id for batch in space.record] != [batch.batch_id for batch in other.record]


def test_a_cancelled_batch_keeps_what_is_done(space: Workspace, server: FaultServer, own: BatchService) -> None:
    server.set_faults(batch_seconds=0.8)
    space.run(batch_wait=False)
    (batch,) = space.record.pending
    time.sleep(0.3)
    assert own.cancel(str(batch.batch_id)).status == "canceling"
    space.run()
    done = len(space.lines())
    assert 0 < done < _ROWS
    assert [each.ended for each in space.record] == ["cancelled"]

    server.set_faults(batch_seconds=0.03)
    space.run()
    _all_once(space, server)


@pytest.mark.usefixtures("own")
def test_a_server_without_batches_and_a_wrong_key_are_named(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = ChatModelSpec(_CLAUDE, {"base_url": server.url + "/elsewhere"})
    with pytest.raises(BatchError, match=r"has no /v1/messages/batches.*Not found.*generation.mode=live"):
        Workspace(tmp_path, service_of(elsewhere, LLM), 2).run()
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-another-000000000000")
    with pytest.raises(FatalAnswerError, match="ANTHROPIC_API_KEY") as raised:
        Workspace(tmp_path, service_of(_spec(server), LLM), 2).run()
    assert "sk-ant-another" not in str(raised.value)


@pytest.mark.usefixtures("own")
def test_betas_are_refused_before_anything_is_sent(server: FaultServer, tmp_path: Path) -> None:
    spec = ChatModelSpec(_CLAUDE, {**_spec(server).kwargs, "betas": ["some-beta"]})
    with pytest.raises(BatchError, match="Requests with betas are not sent in batches"):
        Workspace(tmp_path, service_of(spec, LLM), 2).run()
    assert server.stats()["batches"] == 0
