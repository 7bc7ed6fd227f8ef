"""Engine: concurrent calls on a background event loop; completions are yielded as they arrive, and none is lost.

Repeated `asyncio.run` breaks clients that are bound to a loop, and a notebook already runs a loop. A loop in a
background thread works in both cases.
"""

import asyncio
import atexit
import errno
import gc
import logging
import os
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar

from synthetic_textcat.interrupts import held_interrupts
from synthetic_textcat.llm.calls.policy import Call, CallPolicy
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.engine.admission import Admission
from synthetic_textcat.llm.engine.circuit_breaker import FEWEST_ROWS, CircuitBreaker
from synthetic_textcat.llm.engine.leased_meter import LeasedMeter, MeterLink
from synthetic_textcat.llm.engine.meter import Meter
from synthetic_textcat.llm.engine.rate_limiter import RateLimiter
from synthetic_textcat.llm.engine.worker_pool import WorkerPool
from synthetic_textcat.schemas.open_calls import Batch
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.stops import Outage

logger = logging.getLogger(__name__)

Batches = Generator[Batch, None, Outage | None]
"""Yields completions as they arrive; returns the outage that stopped the calls early, else None."""

_WINDOW_S = 0.4
"""Seconds for which completions are collected before they are saved; well under the promised second."""

_QUIET_S = 2.0
"""Seconds without a completion after which an empty batch reports the open calls."""

Result = TypeVar("Result")

_OTHER_THREADS = 4
"""Threads for name lookups and checks next to those of the calls."""

_LOOK_S = 5.0
"""Seconds between checks that the loop's thread is alive."""

_OBJECTS_BETWEEN_RUNS = 50_000

_MOST_RESERVED = 64
"""File descriptors reserved for tables, MLflow's start in parallel, name look-ups and new connections."""

_UNLIMITED = 10_240
"""Soft limit requested if the hard limit is infinite: macOS refuses more."""


class BackgroundLoop:
    """Event loop in a background thread, a context manager: cancels remaining tasks when it closes."""

    def __init__(self) -> None:
        self._loop = _new_loop()
        self._thread = threading.Thread(target=self._serve, name="model-calls", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Cancels remaining tasks and ends the thread; idempotent."""
        if self._loop.is_closed():
            return
        self.run(_cancel_all_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """The result of a coroutine that runs on the loop's thread.

        Raises:
            RuntimeError: If that thread has ended, so that there will be no result.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        while True:
            try:
                return future.result(_LOOK_S)
            except TimeoutError:
                if future.done():
                    raise
                if not self._thread.is_alive():
                    raise RuntimeError("the event loop that makes the calls has ended") from None

    def _serve(self) -> None:
        """Runs the loop until it is stopped; an exit raised in a client's own task does not end it."""
        while True:
            try:
                self._loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                continue
            return


def _new_loop() -> asyncio.AbstractEventLoop:
    """A uvloop event loop if uvloop is installed: it saves a few per cent of a call's processor time."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _cancel_all_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


_running: dict[WorkerPool, BackgroundLoop] = {}


def complete(
    open_chat: Callable[[], Chat],
    calls: Iterator[Call],
    policy: CallPolicy,
    link: MeterLink | None = None,
    stop: threading.Event | None = None,
) -> Batches:
    """Makes the calls and yields their completions in order of arrival.

    After an interrupt, completions that have arrived are yielded first. The model is built only if there is a call to
    make. A spent budget and an outage end the calls early, without an error.

    Args:
        open_chat: Builds the model.
        calls: May be lazy.
        policy: Their policy; with a link, its limits and caps are those of all workers.
        link: The meter of the cluster in which these calls are one shard; None = limits and caps are kept here.
        stop: Acts as an interrupt, once it is set.

    Returns:
        The outage, if the server stopped answering.

    Raises:
        FatalAnswerError: After the calls in flight have been yielded.
        KeyboardInterrupt: After an interrupt, likewise.
    """
    return complete_rounds(open_chat, iter([calls]), policy, fewest_rows=FEWEST_ROWS, link=link, stop=stop)


def complete_rounds(
    open_chat: Callable[[], Chat],
    rounds: Iterator[Iterator[Call]],
    policy: CallPolicy,
    fewest_rows: int = 1,
    link: MeterLink | None = None,
    stop: threading.Event | None = None,
) -> Batches:
    """Completes calls in rounds: the next round is drawn after all completions of the last one are yielded and saved.

    Connections, rate limiter and circuit breaker are shared by all rounds, so only the very first call goes alone. An
    outage ends the rounds.
    """
    todo = (_with_first(first, calls) for calls in rounds if (first := next(calls, None)) is not None)
    current = next(todo, None)
    if current is None:
        return None
    with held_interrupts(stop) as interrupted, rare_collections(), BackgroundLoop() as loop:
        pool = loop.run(_open_pool(open_chat, policy, fewest_rows, link))
        _running[pool] = loop
        handed_on_at = monotonic()
        try:
            while current is not None and not interrupted.is_set():
                loop.run(pool.begin(current))
                while not interrupted.is_set() and (batch := loop.run(pool.arrived(_WINDOW_S))) is not None:
                    if batch or monotonic() - handed_on_at >= _QUIET_S:
                        handed_on_at = monotonic()
                        yield batch
                current = None if interrupted.is_set() or pool.outage else next(todo, None)
        finally:
            rest = _end(pool)
        if rest:
            yield rest
        if interrupted.is_set():
            raise KeyboardInterrupt
    return pool.outage


def give_up() -> None:
    """Cancels all calls in flight, since their replies can't be saved.

    An error while saving does not reach the generator that waits for it. Without this its calls would continue, and be
    paid for, as long as anything holds a reference to the error.
    """
    for pool in list(_running):
        _end(pool)


def _end(pool: WorkerPool) -> Batch:
    """Ends the pool and its loop, once; returns completions that arrived and are not yielded yet."""
    loop = _running.pop(pool, None)
    if loop is None:
        return Batch()
    rest = loop.run(pool.stop())
    loop.close()
    return rest


atexit.register(give_up)  # later the loop's thread is gone, and a generator's clean-up would wait for it


def _with_first(first: Call, rest: Iterator[Call]) -> Iterator[Call]:
    yield first
    yield from rest


async def _open_pool(
    open_chat: Callable[[], Chat], policy: CallPolicy, fewest_rows: int, link: MeterLink | None
) -> WorkerPool:
    """Builds model and meter on the event loop to which they belong."""
    limits = fitted(policy.limits)
    chat = open_chat()
    if chat.calls_in_threads:  # the loop's own pool has six threads on two cores, whatever max_concurrency says
        executor = ThreadPoolExecutor(limits.max_concurrency + _OTHER_THREADS, "model-calls")
        asyncio.get_running_loop().set_default_executor(executor)
    policy = replace(policy, limits=limits)
    return WorkerPool(chat, policy, _meter(policy, fewest_rows, link))


def _meter(policy: CallPolicy, fewest_rows: int, link: MeterLink | None) -> Meter:
    """The meter of these calls: of this process, or leased from that of a cluster."""
    if link is not None:
        return LeasedMeter(link, policy.budget, policy.pauses)
    limits = policy.limits
    rate_limiter = RateLimiter(limits.requests_per_minute, limits.tokens_per_minute)
    breaker = CircuitBreaker(limits.max_wait_seconds, fewest_rows)
    return Admission(rate_limiter, breaker, policy.budget)


class _Collections:
    """The garbage collector's settings while any engine of this process is at work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engines = 0
        self._before = gc.get_threshold()
        self._has_frozen = False

    def begin(self) -> None:
        """Changes the settings for the first engine. The count of frozen objects goes through all of them."""
        with self._lock:
            self._engines += 1
            if self._engines > 1:
                return
            self._before, self._has_frozen = gc.get_threshold(), gc.get_freeze_count() > 0
            if not self._has_frozen:
                gc.freeze()
            gc.set_threshold(_OBJECTS_BETWEEN_RUNS, *self._before[1:])

    def end(self) -> None:
        """Restores the settings after the last one."""
        with self._lock:
            self._engines -= 1
            if self._engines:
                return
            gc.set_threshold(*self._before)
            if not self._has_frozen:
                gc.unfreeze()


_collections = _Collections()


@contextmanager
def rare_collections() -> Iterator[None]:
    """Makes garbage collection rare and skips imported objects: it takes a fifth of a call's processor time.

    Calls create few reference cycles, which are still collected. The settings are restored when the last of engines
    that overlap, each in a thread of its own, has ended. A program that has frozen objects itself keeps them frozen:
    `gc.unfreeze` would release them all.
    """
    _collections.begin()
    try:
        yield
    finally:
        _collections.end()


def fitted(generation: GenerationParameters) -> GenerationParameters:
    """The settings with `max_concurrency` reduced, with a warning, to the connections that this process can open.

    Each call in flight is a connection, and so a file descriptor. Beyond the limit paid calls fail, and so does
    everything that opens a file.
    """
    limit = _raised_limit()
    if limit is None:
        return generation
    in_use = _open_descriptors(limit)
    reserve = min(_MOST_RESERVED, limit // 4)
    room = max(1, limit - in_use - reserve)
    if generation.max_concurrency <= room:
        return generation
    _warn_of_limit(generation.max_concurrency, room, limit, in_use, reserve)
    return generation.model_copy(update={"max_concurrency": room})


def _raised_limit() -> int | None:
    """The soft limit, raised to the hard limit; None where there is no limit (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    wanted = _UNLIMITED if hard == resource.RLIM_INFINITY else hard
    if soft >= wanted:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # a system-wide limit is lower
        return soft
    return wanted


def _open_descriptors(limit: int) -> int:
    """Number of open file descriptors; 0 where it is unknown."""
    try:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208  only the number of entries counts
    except OSError as error:  # listing takes a descriptor itself
        return limit if error.errno == errno.EMFILE else 0


@cache
def _warn_of_limit(asked: int, room: int, limit: int, in_use: int, reserve: int) -> None:
    """Warns once per process and numbers: brainstorming and rows start the engine one after the other."""
    logger.warning(
        "generation.max_concurrency: %d calls at once, not %d, since this process may have %d files and connections "
        "open (`ulimit -n`), has %d, and keeps %d free. Next: raise that limit for more calls at once",
        room,
        asked,
        limit,
        in_use,
        reserve,
    )
