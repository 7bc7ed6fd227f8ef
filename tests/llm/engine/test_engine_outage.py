"""A server that stops answering in mid-run: few calls more, a wait, and a clean stop or the rest of the rows."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from synthetic_textcat.errors import TransportError
from synthetic_textcat.llm.engine.engine import Batches, complete, complete_rounds
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.stops import Outage
from tests.llm.builders import call
from tests.llm.running import AT_ONCE, NO_RETRIES, policy
from tests.support.chat_models import GOOD, ScriptedChatModel
from tests.support.examples import cases

_GOOD_CALLS = 20
_CAUSES = ("rate_limited", "timeout", "server_error", "connection_error")


def _until(fails: Callable[[int], bool], error: TransportError) -> ScriptedChatModel:
    def script(_: Sequence[BaseMessage], number: int) -> str:
        if fails(number):
            raise error
        return GOOD

    return ScriptedChatModel(script=script, delay_s=0.01)


def _run(batches: Batches) -> tuple[list[Completion], Outage | None]:
    seen: list[Completion] = []
    while True:
        try:
            seen += next(batches)
        except StopIteration as end:
            return seen, end.value


def _ask(model: ScriptedChatModel, rows: int = 200, in_flight: int = 8, **how: Any) -> Any:
    calls = (call(f"r{row}") for row in range(rows))
    return _run(complete(model.as_chat, calls, policy(in_flight, **how)))


@pytest.mark.parametrize(("cause", "retries"), cases(product(_CAUSES, [NO_RETRIES, AT_ONCE]), 3))
def test_a_server_that_is_gone_stops_the_run_after_few_calls(cause: str, retries: Any) -> None:
    model = _until(lambda number: number >= _GOOD_CALLS, TransportError(cause, "gone"))
    seen, outage = _ask(model, retries=retries, max_wait_seconds=0.3)
    assert outage == Outage(cause=cause, words="gone")
    assert Counter(line.status for line in seen)["replied"] == _GOOD_CALLS
    # The failures that tell, those in flight as the first one failed and as the last one did, and the last probe.
    assert len(model.heard) == len(seen) <= _GOOD_CALLS + 8 + 20 + 8 + 1


def test_a_wait_that_the_server_names_beyond_the_limit_stops_it_at_once() -> None:
    told = TransportError("rate_limited", "daily limit", 3600.0)
    begun = time.monotonic()
    seen, outage = _ask(_until(lambda number: number >= _GOOD_CALLS, told), retries=AT_ONCE, in_flight=32)
    assert time.monotonic() - begun < 10
    assert len(seen) <= _GOOD_CALLS + 32 + 20 + 32
    assert outage is not None
    assert outage.until is not None
    assert 3500 < outage.until.timestamp() - time.time() < 3700


@pytest.mark.whole_run  # it waits for seconds
def test_a_server_that_comes_back_gets_one_probe_and_then_all_rows() -> None:
    model = _until(lambda number: 20 <= number < 60, TransportError("rate_limited", "slow down", 0.2))
    begun = time.monotonic()
    seen, outage = _ask(model, rows=100, retries=NO_RETRIES)
    assert outage is None
    assert time.monotonic() - begun >= 0.5  # at least three probes
    assert {line.request_id for line in seen} == {f"r{row}" for row in range(100)}
    assert Counter(line.status for line in seen)["replied"] == 60


def test_waiting_for_a_retry_or_a_probe_does_not_hold_up_an_interrupt_or_the_end() -> None:
    model = _until(lambda number: number >= _GOOD_CALLS, TransportError("rate_limited", "slow down", 200.0))
    batches = complete(model.as_chat, (call(f"r{row}") for row in range(200)), policy(8, retries=AT_ONCE))
    seen = list(next(batches))
    begun = time.monotonic()
    batches.close()
    assert time.monotonic() - begun < 2
    assert seen


def test_after_an_outage_no_other_round_is_asked_for() -> None:
    model = _until(lambda number: number >= 8, TransportError("connection_error", "gone"))
    rounds = (iter([call(f"{turn}.{row}") for row in range(8)]) for turn in range(5))
    seen, outage = _run(complete_rounds(model.as_chat, rounds, policy(8, retries=AT_ONCE, max_wait_seconds=0.2)))
    assert outage is not None
    assert len(seen) <= 8 + 20 + 8 + 1


def test_the_last_rows_that_a_server_chokes_on_are_no_outage() -> None:
    def script(messages: Sequence[BaseMessage], _number: int) -> str:
        if any(f"r{row}." in str(messages[0].content) for row in range(30, 36)):
            raise TransportError("server_error", "choked")
        return GOOD

    seen, outage = _ask(ScriptedChatModel(script=script), rows=36, in_flight=6, retries=AT_ONCE)
    assert outage is None
    assert Counter(line.status for line in seen) == {"replied": 30, "server_error": 6 * 5}


@pytest.mark.parametrize("rows", [1, 3, 12])
def test_a_server_that_never_answers_is_an_outage_however_few_the_rows(rows: int) -> None:
    model = _until(lambda _: True, TransportError("server_error", "still loading"))
    seen, outage = _ask(model, rows=rows, retries=AT_ONCE, max_wait_seconds=0.2)
    assert outage == Outage(cause="server_error", words="still loading")
    assert len(seen) <= 20 + 8 + 1


def test_a_guess_about_the_address_is_told_only_before_its_first_answer() -> None:
    closed = TransportError("connection_error", "closed", guess="it may speak TLS")
    never, _ = _ask(_until(lambda _: True, closed), rows=2, in_flight=1)
    later, _ = _ask(_until(lambda number: number > 0, closed), rows=3, in_flight=1)
    assert [line.error for line in never] == ["closed (it may speak TLS)"] * 2
    assert [line.error for line in later] == [None, "closed", "closed"]


def test_what_the_server_says_is_logged_once_and_each_further_wait_in_a_few_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    waits = TransportError("rate_limited", "slow down", 0.05)
    _, outage = _ask(_until(lambda _: True, waits), rows=40, max_wait_seconds=0.3)
    assert outage is not None
    told = [record.getMessage() for record in caplog.records if "repl" in record.getMessage()]
    assert told[0].startswith("No replies any more (rate_limited: slow down). Waiting until ")
    assert len(told) > 2
    assert all(line.startswith("Still no reply. Waiting until ") for line in told[1:-1])
    assert told[-1] == "Still no reply. The run stops here"
