"""Several engines on one central meter behave as one run; real time, models without a server."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from synthetic_textcat.errors import FatalAnswerError, TransportError
from synthetic_textcat.llm.engine.central_meter import CentralMeter
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.engine.leased_meter import MeterLink
from synthetic_textcat.llm.engine.leases import Limits, WorkerReport
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.stops import Outage
from tests.llm.builders import call
from tests.llm.running import AT_ONCE, policy
from tests.support.chat_models import GOOD, Script, ScriptedChatModel, counted


class Run:
    """Engines in threads, as workers of a cluster would run them.

    Attributes:
        central: Their meter.
        outages: The outage that each met.
    """

    def __init__(self, **limits: Any) -> None:
        self._limits = limits
        named = {name: limits[name] for name in ("max_tokens_total", "max_cost_usd") if name in limits}
        self.central = CentralMeter(Limits(limits.get("max_concurrency", 4), **named))
        self._lock = threading.Lock()
        self.outages: list[Outage | None] = []

    def shard(self, name: str, model: ScriptedChatModel, rows: int) -> list[Completion]:
        """The completions of one shard."""

        async def exchange(values: dict[str, Any]) -> dict[str, Any]:
            await asyncio.sleep(0)
            with self._lock:
                return self.central.exchange(WorkerReport.of(values))._asdict()

        link = MeterLink(exchange, f"owner-of-{name}", name, lost_after_s=10)
        calls = iter([call(f"{name}-{row}") for row in range(rows)])
        batches = complete(model.as_chat, calls, policy(**{"retries": AT_ONCE, **self._limits}), link)
        completions: list[Completion] = []
        while True:
            try:
                completions += next(batches)
            except StopIteration as end:
                self.outages.append(end.value)
                return completions

    def all(self, model: ScriptedChatModel, rows: int, shards: int = 2) -> list[list[Completion]]:
        """The completions of so many shards at once."""
        with ThreadPoolExecutor(shards) as threads:
            running = [threads.submit(self.shard, f"shard-{n}", model, rows) for n in range(shards)]
            return [shard.result() for shard in running]


def test_all_rows_are_answered_with_no_more_calls_at_once_than_one_process_makes() -> None:
    model = ScriptedChatModel(delay_s=0.02)
    found = Run(max_concurrency=6).all(model, rows=60)
    assert [len({line.request_id for line in lines}) for lines in found] == [60, 60]
    assert len(model.heard) == 120
    assert 5 <= model.most_in_flight <= 6


def test_a_wrong_key_costs_one_call_over_all_workers() -> None:
    def wrong_key(_messages: Sequence[BaseMessage], _number: int) -> str:
        raise FatalAnswerError("The key is wrong")

    model = ScriptedChatModel(script=wrong_key, delay_s=0.3)
    run = Run()
    with pytest.raises(FatalAnswerError, match="The key is wrong"):
        run.all(model, rows=20)
    assert len(model.heard) == 1
    assert run.central.over == "The key is wrong"


def test_a_cap_is_kept_to_the_calls_of_one_process() -> None:
    model = ScriptedChatModel(script=counted(100), delay_s=0.02)
    run = Run(max_concurrency=8, max_tokens_total=3_000)
    found = run.all(model, rows=100)
    assert sum(map(len, found)) == len(model.heard) == 30  # calls that take the same each stop at the cap itself
    assert run.central.status().spent.tokens == 3_000


def test_an_outage_ends_all_workers_with_the_servers_words() -> None:
    def down_from_the_tenth(_messages: Sequence[BaseMessage], number: int) -> str | AIMessage:
        if number < 10:
            return GOOD
        raise TransportError("server_error", "out to lunch", retry_after_s=1_000.0)

    model = ScriptedChatModel(script=down_from_the_tenth, delay_s=0.02)
    run = Run(max_wait_seconds=30)
    run.all(model, rows=200)
    assert len(model.heard) < 120
    assert {(outage and (outage.cause, outage.words)) for outage in run.outages} == {("server_error", "out to lunch")}
    assert all(outage is not None and outage.until is not None for outage in run.outages)


def test_the_last_rows_of_a_shard_on_which_the_server_fails_are_no_outage() -> None:
    def fails_on_the_last(messages: Sequence[BaseMessage], _number: int) -> str:
        is_last = any(f"shard-0-{row}" in str(messages) for row in range(25, 30))
        return _raise(TransportError("server_error", "not this one")) if is_last else GOOD

    run = Run()  # the other one has not begun
    lines = run.shard("shard-0", ScriptedChatModel(script=fails_on_the_last), rows=30)
    assert run.central.status().breaker == "CLOSED"
    assert len(lines) == 25 + 5 * 5
    assert run.outages == [None]


def test_a_run_without_a_single_reply_met_an_outage_however_few_its_rows() -> None:
    script: Script = lambda _messages, _number: _raise(TransportError("server_error", "overloaded"))  # noqa: E731
    run = Run()
    run.all(ScriptedChatModel(script=script), rows=2)
    assert run.outages == [None, None]
    run.central.conclude()
    status = run.central.status()
    assert (status.over, status.last and status.last.words) == ("outage", "overloaded")


def test_the_first_replies_of_all_workers_together_show_a_wrong_setting() -> None:
    bad: Script = lambda _messages, _number: "no JSON at all"  # noqa: E731
    run = Run(max_attempts=1)
    run.all(ScriptedChatModel(script=bad, delay_s=0.05), rows=12, shards=3)  # none of them has twenty
    said = (
        "The first 20 replies to calls for rows all failed as invalid_json. Next: set llm.structured_output to a mode"
    )
    assert run.central.over.startswith(said)  # without a reply's words, which would pass the scheduler


def test_bad_first_replies_on_one_worker_end_nothing_where_another_had_good_ones() -> None:
    bad: Script = lambda _messages, _number: "no JSON at all"  # noqa: E731
    run = Run(max_attempts=1)
    run.shard("shard-0", ScriptedChatModel(), rows=3)
    assert len(run.shard("shard-1", ScriptedChatModel(script=bad), rows=40)) == 40
    assert not run.central.over


def test_refusals_in_a_row_are_counted_over_all_workers() -> None:
    def refuse_from_the_third(_messages: Sequence[BaseMessage], number: int) -> str:
        return GOOD if number < 3 else _raise(TransportError("server_error", "out of quota", retryable=False))

    run = Run()
    found = run.all(ScriptedChatModel(script=refuse_from_the_third, delay_s=0.05), rows=12, shards=3)
    assert 20 <= sum(map(len, found)) <= 32
    assert run.central.over == "The last 20 requests were all refused. out of quota"


def _raise(error: Exception) -> str:
    raise error
