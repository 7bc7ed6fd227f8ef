"""A cluster in simulated time: the real meters on an event loop whose clock jumps, and workers that call no model."""

import asyncio
import selectors
from bisect import bisect_right
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from synthetic_textcat.errors import TextcatError
from synthetic_textcat.llm.calls.budget import Budget
from synthetic_textcat.llm.calls.first_replies import TaskPauses
from synthetic_textcat.llm.engine.central_meter import CentralMeter
from synthetic_textcat.llm.engine.leased_meter import LeasedMeter, MeterLink
from synthetic_textcat.llm.engine.leases import Limits, WorkerReport
from synthetic_textcat.llm.engine.single_call import CallResult
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import PriceList
from tests.llm.builders import completion

Result = TypeVar("Result")

_PRICES = PriceList.read({"as_of": "2026-01-01", "usd_per_million_tokens": {"model-1": {"input": 1e3, "output": 1e3}}})


class _JumpingLoop(asyncio.SelectorEventLoop):
    """Event loop whose clock jumps to the next timer in place of waiting for it."""

    def __init__(self) -> None:
        super().__init__(_Selector(self._jump))
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _jump(self, timeout: float | None) -> None:
        if timeout is None:
            raise RuntimeError("the simulation waits for nothing")
        self._now += max(timeout, 0.0)


class _Selector(selectors.DefaultSelector):
    def __init__(self, jump: Callable[[float | None], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._jump(timeout)
        return super().select(0)


def simulate(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine in simulated time."""
    with asyncio.Runner(loop_factory=_JumpingLoop) as runner:
        return runner.run(coroutine)


Answers = Callable[[int, Random], Completion]
"""The line of the n-th call."""


def usual_answer(number: int, draws: Random) -> Completion:
    """A reply of about 300 tokens."""
    return completion(request_id=f"r{number}", prompt_tokens=200, completion_tokens=draws.randint(50, 150))


@dataclass
class Server:
    """Server that notes when calls arrive and what they take.

    Attributes:
        answers: Makes its answers.
        latency_s: Makes the seconds of a call.
        calls: Time, tokens and worker of each call.
        in_flight, most_in_flight: Calls at work.
    """

    answers: Answers = usual_answer
    latency_s: Callable[[Random], float] = lambda draws: draws.uniform(0.5, 1.5)
    calls: list[tuple[float, int, str]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0

    async def ask(self, draws: Random, worker: str) -> Completion:
        """Answers a call."""
        answer = self.answers(len(self.calls), draws)
        self.calls.append((asyncio.get_running_loop().time(), answer.tokens if answer.is_counted else 0, worker))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.latency_s(draws))
        finally:
            self.in_flight -= 1
        return answer

    def times(self, worker: str = "") -> list[float]:
        """Times of the calls, of all workers or one."""
        return [at for at, _, asked_by in self.calls if worker in ("", asked_by)]

    def busiest_window(self, seconds: float = 10.0, *, tokens: bool = False) -> float:
        """Most calls, or tokens, in any window of so many seconds."""
        times = self.times()
        sums = [0.0]
        for _, amount, _ in self.calls:
            sums.append(sums[-1] + (amount if tokens else 1))
        return max(sums[bisect_right(times, at + seconds)] - sums[place] for place, at in enumerate(times))


class Cluster:
    """Workers on one central meter, whose messages take a while.

    Attributes:
        server: What they call.
        central: Their meter.
        is_cut: Whether messages are lost.
        frozen: Workers that send none, and whose lease has lapsed when they go on.
    """

    def __init__(self, server: Server, seed: int = 1, trip_s: float = 0.02, **limits: Any) -> None:
        self.server = server
        self.generation = GenerationParameters.model_validate({"max_concurrency": 32, **limits})
        generation = self.generation
        self.central = CentralMeter(
            Limits(
                generation.max_concurrency,
                generation.requests_per_minute,
                generation.tokens_per_minute,
                generation.max_tokens_total,
                generation.max_cost_usd,
                generation.max_wait_seconds,
            ),
            asyncio.get_running_loop().time,
        )
        self.is_cut = False
        self.frozen: set[str] = set()
        self._draws = Random(seed)
        self._trip_s = trip_s
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}
        self.ended: dict[str, list[TextcatError | None]] = {}
        self.meters: dict[str, LeasedMeter] = {}

    def start(self, name: str, rows: int = 10**9, size: int | None = None, shard: str | None = None) -> None:
        """Starts a worker with so many rows."""
        budget = Budget(self.generation, _PRICES, "model-1")
        link = MeterLink(self._exchange, name, shard or name, lost_after_s=60.0)
        meter = self.meters[name] = LeasedMeter(link, budget, TaskPauses())
        ended: list[TextcatError | None] = []
        self.ended[name] = ended
        meter.begin(ended.append, lambda: None)
        left = iter(range(rows))
        self._tasks[name] = [
            asyncio.create_task(self._work(name, meter, budget, left)) for _ in range(size or self._size)
        ]

    @property
    def _size(self) -> int:
        return self.generation.max_concurrency

    async def _exchange(self, values: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(self._draws.uniform(0, self._trip_s))
        if self.is_cut or values["member"] in self.frozen:
            raise ConnectionError("no way to the scheduler")
        grant = self.central.exchange(WorkerReport.of(values))
        await asyncio.sleep(self._draws.uniform(0, self._trip_s))
        return grant._asdict()

    async def _work(self, name: str, meter: LeasedMeter, budget: Budget, rows: Any) -> None:
        for _ in rows:
            if self.ended[name]:
                return
            line = completion()
            ticket = meter.enter_at_once() or await meter.enter([])
            asked = None
            try:
                line = await self.server.ask(self._draws, name)
                asked = CallResult(line, may_retry=not line.replied)
            finally:
                meter.leave(ticket, asked, [])
            budget.note(line)

    def kill(self, name: str) -> None:
        """Kills a worker: its calls end, and nobody says so."""
        renewal = self.meters[name]._renewal
        for task in [*([] if renewal is None else [renewal]), *self._tasks[name]]:
            task.cancel()

    async def run_for(self, seconds: float) -> None:
        """Lets the workers go on."""
        await asyncio.sleep(seconds)

    async def finished(self, *names: str) -> None:
        """Waits until workers have asked for all of their rows, or are halted; they return their leases."""
        for name in names:
            tasks = self._tasks[name]
            while not all(task.done() for task in tasks):
                await asyncio.sleep(0.05)
                if self.ended[name] and not self.server.in_flight:
                    for task in tasks:
                        task.cancel()
            await self.meters[name].close()

    async def end(self) -> None:
        """Ends all workers."""
        for name in self._tasks:
            self.kill(name)
        await asyncio.gather(*(task for tasks in self._tasks.values() for task in tasks), return_exceptions=True)


def workers(number: int) -> Sequence[str]:
    """Names of workers."""
    return [f"worker-{place}" for place in range(number)]
