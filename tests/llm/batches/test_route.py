"""The batch route against the loopback server: every row once, whatever the provider does, wherever a run ends."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fault_server.settings import ALL_BATCH_FAULTS
from synthetic_textcat.errors import BatchError, FatalAnswerError
from synthetic_textcat.llm.batches.record import BatchRecord
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.schemas.completions import Completion
from tests.llm.batches.running import LLM, Workspace, call, service
from tests.support.examples import cases
from tests.support.model_classes import OPENAI_CLASS
from tests.support.server import FaultServer
from tests.support.server_host import ServerHost

_SAME = ("raw_text", "refusal", "finish_reason", "prompt_tokens", "cached_tokens", "completion_tokens")
_SAME_CALL = ("request_id", "attempt", "status", "model_name", "prompt_sha256", "max_tokens", "error")
_ROWS = 24


@pytest.fixture(scope="module")
def server(server_host: ServerHost) -> Iterator[FaultServer]:
    with server_host.server(batch_seconds=0.03, batch_cancel_seconds=0.03, retry_after=0.01) as running:
        yield running


@pytest.fixture
def space(server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    server.set_faults(batch_retry_after=0.0, batch_seconds=0.03, fault_seed=0)
    server.reset()
    return Workspace(tmp_path, service(server.url, monkeypatch), _ROWS)


def _good(lines: list[Completion]) -> Counter[str]:
    return Counter(line.request_id for line in lines if line.replied)


def _all_once(space: Workspace, server: FaultServer) -> None:
    """Each row has exactly one reply, nothing is under way, and nothing was sent twice."""
    assert _good(space.lines()) == {f"r{number}": 1 for number in range(_ROWS)}
    assert not space.record.pending
    stats = server.stats()
    assert (stats["batches_sent_twice"], stats["requests_sent_twice"]) == (0, 0)


def test_answers_are_those_of_live_calls_field_by_field(space: Workspace, server: FaultServer) -> None:
    rows = space.open_rows()
    spec = ChatModelSpec(OPENAI_CLASS, {"timeout": 20})
    live = complete(lambda: Chat(spec.build(LLM), LLM), map(call, rows), space.policy())
    by_row = {line.request_id: line for chunk in live for line in chunk}

    space.run(batch_requests=10)

    assert server.stats()["repeated_bodies"] == _ROWS  # the very bodies of the live calls
    for line in space.lines():
        other = by_row[line.request_id]
        assert [getattr(line, name) for name in _SAME + _SAME_CALL] == [getattr(other, x) for x in _SAME + _SAME_CALL]
        assert line.batch is not None
        assert other.batch is None
    assert [batch.requests for batch in space.record] == [10, 10, 4]


_RATES = {
    "batch_late_files": 1.0,
    "batch_create_lost": 0.8,
    "batch_upload_limited": 0.8,
    "batch_line_error": 0.2,
    "batch_line_missing": 0.2,
    "batch_line_twice": 0.5,
}
_PAID_AND_LOST = ("batch_line_missing", "batch_files_deleted")


@pytest.mark.parametrize("fault", cases(ALL_BATCH_FAULTS, 3))
def test_every_row_is_answered_once_with_a_fault(fault: str, space: Workspace, server: FaultServer) -> None:
    server.set_faults(**{fault: _RATES.get(fault, 0.5)}, fault_seed=3)

    while space.open_rows():
        space.run(batch_requests=8)

    _all_once(space, server)
    assert server.stats()["by_fault"][fault], "the fault never came"
    lost = [line for line in space.lines() if not line.replied and not line.is_counted]
    assert bool(lost) == (fault in _PAID_AND_LOST)
    assert all(line.tokens_at_most for line in lost)


def test_bad_replies_go_into_the_next_batch_as_another_attempt(space: Workspace, server: FaultServer) -> None:
    server.set_faults(schema_violation=0.4)

    space.run()

    attempts = [batch.attempt for batch in space.record]
    assert attempts == sorted(set(attempts))
    assert attempts[:2] == [1, 2]
    keys = Counter((line.request_id, line.attempt) for line in space.lines())
    assert max(keys.values()) == 1


class CutOffError(BaseException):
    """The end of a process."""


class CutRecord(BatchRecord):
    """A record that ends the process at its n-th line, before or after the line is on disk."""

    def cut(self, number: int, *, after: bool) -> "CutRecord":
        append, self._lines = self._append, 0

        def appending(line: bytes) -> None:
            self._lines += 1
            if self._lines == number and not after:
                raise CutOffError
            append(line)
            if self._lines == number:
                raise CutOffError

        self._append = appending
        return self


@pytest.mark.parametrize("after", [False, True])
def test_a_run_may_end_before_and_after_any_line_of_the_record(
    after: bool, space: Workspace, server: FaultServer
) -> None:
    server.set_faults(schema_violation=0.2)
    cuts = 0
    for number in (1, 2, 3, 2, 1, 4):
        record = space.record
        cut = CutRecord(space.record_path, record._append).cut(number, after=after)
        try:
            space.run(cut, batch_requests=12)
        except CutOffError:
            cuts += 1
            continue
        break
    space.run()

    assert cuts >= 4
    assert not space.open_rows()
    assert not space.record.pending
    keys = Counter((line.request_id, line.attempt) for line in space.lines() if line.replied)
    assert max(keys.values()) == 1
    stats = server.stats()
    assert (stats["batches_sent_twice"], stats["requests_sent_twice"], stats["repeated_prompts"]) == (0, 0, 0)


@pytest.mark.parametrize("finish", ["batch", "live"])
def test_bad_replies_that_a_cut_off_run_saved_are_asked_again(
    finish: str, space: Workspace, server: FaultServer
) -> None:
    server.set_faults(schema_violation=0.4)
    intent_submitted_collected = 3
    cut = CutRecord(space.record_path, space.record._append).cut(intent_submitted_collected, after=False)
    with pytest.raises(CutOffError):
        space.run(cut)
    assert len(space.lines()) == _ROWS  # all replies are saved, and the batch counts as under way
    bad = {row.fingerprint for row in space.open_rows()}
    assert bad

    left = space.run(batch_finish=finish)

    assert {row.fingerprint for row in left.rows} == (bad if finish == "live" else set())
    assert bool(space.open_rows()) == (finish == "live")


def test_a_collection_that_is_cut_off_goes_on_without_a_line_twice(space: Workspace, server: FaultServer) -> None:
    def cut() -> None:
        if space.lines():
            raise CutOffError

    with pytest.raises(CutOffError):
        space.run(saved=cut)
    assert space.record.pending

    space.run()

    _all_once(space, server)


def test_without_waiting_rows_stay_in_their_batch_until_the_same_command(space: Workspace, server: FaultServer) -> None:
    server.set_faults(batch_seconds=0.4)
    space.run(batch_wait=False)
    left = space.in_batches()
    assert left is not None
    assert (left.rows, left.batches) == (_ROWS, 1)
    assert "same command" in left.says

    space.run(batch_wait=False)
    assert server.stats()["batches"] == 1

    server.set_faults(batch_seconds=0.03)
    space.run()
    _all_once(space, server)


def test_a_cap_holds_before_sending_and_is_corrected_by_real_usage(space: Workspace, server: FaultServer) -> None:
    left = space.run(max_tokens_total=9_000)

    sent = [batch for batch in space.record if batch.requests]
    assert left.is_capped or not space.open_rows()
    assert sent[0].requests < _ROWS
    assert len(sent) > 1, "the difference between estimate and usage is used"
    assert all(batch.tokens_reserved <= 9_000 for batch in sent)
    assert sum(line.tokens for line in space.lines()) <= 9_000
    assert server.stats()["batch_requests"] == len(space.lines())


def test_a_cap_below_one_request_is_refused_before_any_upload(space: Workspace, server: FaultServer) -> None:
    with pytest.raises(BatchError, match=r"generation.max_tokens_total=10 is below .* nothing was sent"):
        space.run(max_tokens_total=10)

    assert server.stats()["batches"] == 0
    assert not space.record_path.exists()


def test_a_cancelled_batch_keeps_what_is_done_and_leaves_the_rest_to_the_next_run(
    space: Workspace, server: FaultServer
) -> None:
    server.set_faults(batch_seconds=0.5)
    space.run(batch_wait=False)
    (batch,) = space.record.pending
    import time

    time.sleep(0.2)
    space._service.cancel(str(batch.batch_id))

    space.run()

    done = len(space.lines())
    assert 0 < done < _ROWS
    assert [each.ended for each in space.record] == ["cancelled"]
    assert len(space.open_rows()) == _ROWS - done

    server.set_faults(batch_seconds=0.03)
    space.run()
    _all_once(space, server)


def test_rows_can_be_finished_live(space: Workspace, server: FaultServer) -> None:
    server.set_faults(schema_violation=0.4)

    left = space.run(batch_finish="live")

    assert {row.fingerprint for row in left.rows} == {row.fingerprint for row in space.open_rows()}
    assert all(len(row.past) == 1 for row in left.rows)
    assert server.stats()["batches"] == 1


def test_a_batch_that_is_refused_as_a_whole_ends_the_run_with_the_providers_words(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = space._service.request_line(
        call(space.open_rows()[0]), space.policy().attempt(call(space.open_rows()[0]), ())
    )
    monkeypatch.setattr(space._service, "request_line", lambda *_: first)  # the same custom_id in each line

    with pytest.raises(FatalAnswerError, match=r"refuses batch batch_\d+: Duplicate"):
        space.run()

    assert not space.record.pending
    assert len(space.open_rows()) == _ROWS


def test_waits_are_as_long_as_the_server_asks(space: Workspace, server: FaultServer, monkeypatch: Any) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tests.llm.batches.running.nap", waits.append)
    server.set_faults(batch_retry_after=7.0, batch_seconds=0.5)

    space.run()

    assert len(waits) > 1
    assert set(waits[1:]) == {7.0}  # the first is before the server has said so
    server.set_faults(batch_retry_after=0.0, batch_seconds=0.03)


def test_a_server_without_files_is_named_before_anything_is_sent(
    tmp_path: Path, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = Workspace(tmp_path, service(f"{server.url}/elsewhere", monkeypatch), 2)

    with pytest.raises(BatchError, match=r"has no /files, so it takes no batches: Not found.*generation.mode=live"):
        space.run()

    assert not space.record.pending
