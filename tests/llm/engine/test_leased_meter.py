"""Limits and money hold over all workers of a cluster: simulated time, the real meters on both sides."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from itertools import count, pairwise, product
from random import Random
from typing import Any

import pytest

from synthetic_textcat.errors import MeterLostError
from synthetic_textcat.llm.calls.first_replies import TaskPauses
from synthetic_textcat.llm.engine.central_meter import CentralMeter
from synthetic_textcat.llm.engine.leases import RENEW_S, TERM_S, CallEnd, Limits, WorkerReport
from synthetic_textcat.schemas.completions import Completion, Problem
from tests.llm.builders import completion, nothing_taken
from tests.llm.engine.simulated_cluster import Cluster, Server, simulate, usual_answer, workers
from tests.support.examples import cases

MINUTE_S = 60.0
AT_MOST_A_SECOND = RENEW_S + 0.1
"""Until a worker hears of what others did: a renewal, and the way of its messages."""


_LIMITS = (
    {"requests_per_minute": 1200},
    {"requests_per_minute": 60},
    {"tokens_per_minute": 240_000},
    {"requests_per_minute": 1000, "tokens_per_minute": 240_000},
)


@pytest.mark.parametrize(("limits", "number"), cases(product(_LIMITS, (2, 4)), 6), ids=str)
def test_rates_hold_in_any_ten_seconds_and_are_used_while_a_worker_is_killed(
    limits: dict[str, Any], number: int
) -> None:
    async def run() -> Server:
        cluster = Cluster(Server(), max_concurrency=64, **limits)
        for name in workers(number):
            cluster.start(name)
        await cluster.run_for(MINUTE_S / 3)
        cluster.kill("worker-0")
        await cluster.run_for(2 * MINUTE_S / 3)
        await cluster.end()
        return cluster.server

    server = simulate(run())
    if (requests := limits.get("requests_per_minute")) is not None:
        assert server.busiest_window() <= requests / 6
    if (tokens := limits.get("tokens_per_minute")) is not None:
        assert server.busiest_window(tokens=True) <= tokens / 6
    used = [len(server.calls) / limits.get("requests_per_minute", 10**9)]
    used.append(sum(tokens for _, tokens, _ in server.calls) / limits.get("tokens_per_minute", 10**9))
    assert 0.9 <= max(used) <= 1


def test_calls_in_flight_are_shared_and_a_killed_workers_share_goes_to_the_others() -> None:
    async def run() -> Cluster:
        cluster = Cluster(Server(), max_concurrency=24)
        cluster.start("worker-0")
        await cluster.run_for(5)
        assert cluster.server.in_flight >= 22
        cluster.start("worker-1")
        cluster.start("worker-2", size=2)  # wants no more
        await cluster.run_for(5)
        held = {name: meter._in_flight for name, meter in cluster.meters.items()}
        assert held["worker-2"] == 2
        assert abs(held["worker-0"] - held["worker-1"]) <= 2
        cluster.kill("worker-0")
        await cluster.run_for(TERM_S + 1)
        assert cluster.meters["worker-1"]._in_flight >= 20
        await cluster.end()
        return cluster

    assert simulate(run()).server.most_in_flight == 24


_CAPS = ({"max_tokens_total": 300_000}, {"max_cost_usd": 300.0})


@pytest.mark.parametrize(("caps", "with_rate"), cases(product(_CAPS, (False, True)), 3), ids=str)
def test_a_cap_stops_all_workers_and_is_overshot_by_calls_in_flight_at_most(
    caps: dict[str, Any], with_rate: bool
) -> None:
    async def run() -> tuple[Server, int]:
        rate = {"requests_per_minute": 6_000} if with_rate else {}
        cluster = Cluster(Server(), max_concurrency=64, **caps, **rate)
        for name in workers(4):
            cluster.start(name)
        await cluster.run_for(5)
        cluster.kill("worker-0")
        lost = sum(tokens for at, tokens, name in cluster.server.calls[-64:] if name == "worker-0" and at > 3)
        await cluster.finished("worker-1", "worker-2", "worker-3")
        assert cluster.central.over == "cap"
        await cluster.end()
        return cluster.server, lost

    server, lost = simulate(run())
    taken = sum(tokens for _, tokens, _ in server.calls)
    assert 300_000 <= taken <= 300_000 + lost + 64 * 350 / 4  # an average is known: little more than the last calls
    assert server.calls[-1][0] < 60


def test_the_first_call_goes_alone_over_all_workers() -> None:
    def first_is_slow(_draws: Random) -> float:
        return 3.0 if len(server.calls) == 1 else 0.5

    async def run() -> None:
        cluster = Cluster(server, max_concurrency=16)
        for name in workers(4):
            cluster.start(name)
        await cluster.run_for(2.5)
        assert len(server.calls) == 1
        await cluster.run_for(2)
        assert {name for _, _, name in server.calls} == set(workers(4))
        await cluster.end()

    server = Server(latency_s=first_is_slow)
    simulate(run())


def test_another_worker_makes_the_first_call_if_the_one_that_was_to_has_died() -> None:
    async def run() -> None:
        cluster = Cluster(Server(latency_s=lambda _: 1e6), max_concurrency=16)
        for name in workers(3):
            cluster.start(name)
        await cluster.run_for(0.5)
        (first,) = {name for _, _, name in cluster.server.calls}
        cluster.kill(first)
        await cluster.run_for(TERM_S + 1)
        assert len(cluster.server.calls) == 2
        await cluster.run_for(15)  # nobody waits longer for a first call that takes so long
        assert len(cluster.server.calls) == 17
        await cluster.end()

    simulate(run())


def _down_from(second: float, until: float) -> Callable[[int, Random], Completion]:
    def answer(number: int, draws: Random) -> Completion:
        if second <= asyncio.get_running_loop().time() < until:
            return nothing_taken("connection_error", request_id=f"r{number}")
        return usual_answer(number, draws)

    return answer


def test_an_outage_opens_one_breaker_for_all_and_one_probe_at_a_time_tests_the_server() -> None:
    async def run() -> list[float]:
        cluster = Cluster(Server(_down_from(10, 30), lambda _: 0.2), max_concurrency=8)
        for name in workers(4):
            cluster.start(name)
        await cluster.run_for(52)
        await cluster.end()
        return cluster.server.times()

    times = simulate(run())
    # Twice as many as are in flight fail, and those until all have heard of it; then probes after 5, 10 and 20 s.
    assert sum(10 <= at < 11 for at in times) <= 16 + 3 * 8
    probes = [at for at in times if 11.5 <= at < 40]
    assert [round(later - earlier) for earlier, later in pairwise([10.5, *probes[:2]])] == [5, 10]
    assert len([at for at in times if at >= 47]) > 100  # the third probe was answered


def test_an_outage_that_lasts_stops_all_workers() -> None:
    async def run() -> None:
        cluster = Cluster(Server(_down_from(2, 1e6), lambda _: 0.2), max_concurrency=8, max_wait_seconds=20)
        for name in workers(3):
            cluster.start(name)
        await cluster.finished(*workers(3))
        assert asyncio.get_running_loop().time() < 30
        for meter in cluster.meters.values():
            assert meter.outage is not None
            assert (meter.outage.cause, meter.outage.words) == ("connection_error", "it failed")
        assert cluster.central.over == "outage"
        await cluster.end()

    simulate(run())


def test_workers_take_turns_to_test_the_server() -> None:
    now, numbers = [0.0], count(1)
    central = CentralMeter(Limits(max_concurrency=8), lambda: now[0])
    ended = [CallEnd(0.1, cause="server_error", words="no", row=f"r{row}") for row in range(20)]

    def gets_the_probe(name: str) -> bool:
        ends = tuple(ended) if name == "worker-0" else ()
        report = WorkerReport(name, name, next(numbers), demand=4, in_flight=0, ends=ends)
        return central.exchange(report).is_probe

    assert not any(gets_the_probe(name) for name in ("worker-1", "worker-0", "worker-1"))
    assert central.status().breaker == "OPEN"
    now[0] += 1
    assert not gets_the_probe("worker-1")  # it goes on reporting
    now[0] += 1
    assert not gets_the_probe("worker-0")
    now[0] += 1
    assert not gets_the_probe("worker-1")
    now[0] += 2.5
    assert gets_the_probe("worker-0")
    ended.append(CallEnd(0.1, is_probe=True, cause="server_error", words="no", row="r0"))
    for _ in range(11):  # ten seconds later it asks first, and the other one gets it
        assert not gets_the_probe("worker-0")
        is_probe = gets_the_probe("worker-1")
        now[0] += 1
    assert is_probe


def test_a_probe_that_dies_with_its_worker_is_sent_by_another() -> None:
    async def run() -> None:
        cluster = Cluster(
            Server(_down_from(2, 9), lambda _: 0.2 if len(server.calls) < 200 else 4.0), max_concurrency=8
        )
        cluster.server = server
        for name in workers(3):
            cluster.start(name)
        while not any(meter._probes for meter in cluster.meters.values()):
            await cluster.run_for(0.01)
        (prober,) = [name for name, meter in cluster.meters.items() if meter._probes]
        cluster.kill(prober)
        await cluster.run_for(15)
        assert cluster.central.status().breaker == "CLOSED"
        assert server.times()[-1] > 10
        await cluster.end()

    server = Server(_down_from(2, 9), lambda _: 0.2)
    simulate(run())


def test_a_worker_without_the_meter_stops_within_two_seconds_and_goes_on_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run(limits: dict[str, Any]) -> None:
        cluster = Cluster(Server(), max_concurrency=16, **limits)
        for name in workers(2):
            cluster.start(name)
        await cluster.run_for(5)
        cluster.is_cut = True
        await cluster.run_for(20)
        assert 5 < cluster.server.times()[-1] <= 5 + TERM_S
        cluster.is_cut = False
        await cluster.run_for(5)
        assert cluster.server.times()[-1] > 29
        assert not any(cluster.ended.values())
        await cluster.end()

    simulate(run({}))
    simulate(run({"requests_per_minute": 1200}))
    simulate(run({"max_tokens_total": 10_000_000}))
    told = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 6
    assert set(told) == {
        "The scheduler does not answer (ConnectionError: no way to the scheduler): no further call until it is back"
    }


def test_a_meter_that_is_lost_for_good_ends_the_calls_with_one_line() -> None:
    async def run() -> None:
        cluster = Cluster(Server(), max_concurrency=16)
        cluster.start("worker-0")
        await cluster.run_for(5)
        cluster.is_cut = True
        await cluster.run_for(70)
        (error,) = cluster.ended["worker-0"]
        assert isinstance(error, MeterLostError)
        assert str(error).startswith(
            "The scheduler, which keeps limits and caps over all workers, has not answered for"
        )
        await cluster.end()

    simulate(run())


def test_a_worker_that_has_given_up_the_meter_does_not_end_the_others_when_it_is_back() -> None:
    async def run() -> Cluster:
        cluster = Cluster(Server())
        for name in workers(2):
            cluster.start(name)
        await cluster.run_for(3)
        cluster.is_cut = True
        await cluster.run_for(64)
        assert cluster.ended["worker-0"]
        cluster.is_cut = False
        await cluster.meters["worker-0"].close()
        await cluster.end()
        return cluster

    assert simulate(run()).central.over == ""


def test_an_error_that_ends_one_workers_calls_ends_those_of_all() -> None:
    async def run() -> None:
        cluster = Cluster(Server(), max_concurrency=16)
        for name in workers(3):
            cluster.start(name)
        await cluster.run_for(5)
        cluster.meters["worker-1"].fail(ValueError("a wrong key"))
        await cluster.run_for(AT_MOST_A_SECOND)
        assert cluster.ended == {name: [None] for name in workers(3)}
        assert cluster.central.over == "ValueError: a wrong key"
        await cluster.end()

    simulate(run())


def test_a_task_that_one_worker_pauses_is_paused_on_all() -> None:
    async def run() -> None:
        cluster = Cluster(Server(), max_concurrency=16)
        for name in workers(2):
            cluster.start(name)
        pauses = [TaskPauses(after=5) for _ in workers(2)]
        for meter, own in zip(cluster.meters.values(), pauses, strict=True):
            meter._pauses = own
        pauses[1].note("task-2", "r0", None)
        for row in range(5):
            for task in ("task-1", "task-2"):
                pauses[0].note(task, f"r{row}", Problem("refused", "I would rather not."))
        await cluster.run_for(2 * AT_MOST_A_SECOND)
        assert pauses[1].leave_out("task-1")
        assert not pauses[1].leave_out("task-2")  # it has a good reply here
        ((task_id, start),) = pauses[1].paused
        assert (task_id, start.reason, pauses[1].left_out) == ("task-1", "refused", {"task-1": 1})
        await cluster.end()

    simulate(run())


def test_a_shard_that_another_worker_goes_on_with_is_not_counted_twice() -> None:
    async def run() -> None:
        cluster = Cluster(
            Server(lambda n, _: completion(request_id=f"r{n}")), max_concurrency=4, max_tokens_total=10**6
        )
        cluster.start("first-owner", rows=10, shard="shard-1")
        await cluster.finished("first-owner")
        cluster.start("second-owner", rows=10, shard="shard-1")
        cluster.meters["second-owner"]._budget.go_on_with("model-1", [completion()] * 10)
        await cluster.finished("second-owner")
        spent = cluster.central.status().spent
        assert (spent.calls, spent.tokens) == (20, 20 * completion().tokens)
        await cluster.end()

    simulate(run())


def test_a_worker_that_thaws_when_another_has_its_shard_starts_no_call() -> None:
    async def run() -> None:
        cluster = Cluster(Server(), max_concurrency=8)
        cluster.start("frozen", shard="shard-1")
        await cluster.run_for(5)
        cluster.frozen.add("frozen")
        await cluster.run_for(2 * TERM_S)
        before = len(cluster.server.times("frozen"))
        cluster.start("second", shard="shard-1")
        await cluster.run_for(5)
        cluster.frozen.clear()
        await cluster.run_for(5)
        assert len(cluster.server.times("frozen")) == before
        assert cluster.meters["second"]._in_flight == 8
        await cluster.end()

    simulate(run())


@pytest.mark.parametrize("seed", cases(range(6), 5))
def test_limits_hold_while_workers_come_die_and_lose_the_meter(seed: int) -> None:
    with_rate = bool(seed % 2)

    async def run() -> Server:
        draws = Random(seed)
        limits = {"requests_per_minute": 900} if with_rate else {}
        cluster = Cluster(Server(), seed, trip_s=0.15, max_concurrency=24, max_tokens_total=10**8, **limits)
        alive: list[str] = []
        for number in range(12):
            if len(alive) < 4:
                alive.append(f"worker-{number}")
                cluster.start(alive[-1])
            if len(alive) > 1 and draws.random() < 0.4:
                cluster.kill(alive.pop(draws.randrange(len(alive))))
            # The calls of a worker without the meter are completed, though others may get its share by then.
            cluster.is_cut = with_rate and draws.random() < 0.15
            await cluster.run_for(draws.uniform(1, 6))
        await cluster.end()
        return cluster.server

    server = simulate(run())
    if with_rate:
        assert server.busiest_window() <= 150
    else:
        assert server.most_in_flight <= 24
    assert len(server.calls) > 200


def test_the_schedulers_side_imports_nothing_heavy() -> None:
    code = (
        "import sys, synthetic_textcat.llm.engine.central_meter\n"
        "print([name for name in ('pydantic', 'pandas', 'numpy', 'langchain_core', 'yaml') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
