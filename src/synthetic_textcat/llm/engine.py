"""From calls to completions: as many in flight as allowed, handed on as they arrive, nothing lost at the end."""

import atexit
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from synthetic_textcat.llm.admission import Admission
from synthetic_textcat.llm.calls import Call, Manner
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.circuit_breaker import FEWEST_ROWS, CircuitBreaker
from synthetic_textcat.llm.collector import rare_collections
from synthetic_textcat.llm.descriptors import fitted
from synthetic_textcat.llm.event_loop import BackgroundLoop
from synthetic_textcat.llm.interrupts import held_interrupts
from synthetic_textcat.llm.pace import Pace
from synthetic_textcat.llm.worker_pool import WorkerPool
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.stops import Outage

Batches = Generator[list[Completion], None, Outage | None]
"""Yields completions as they arrive; returns what stopped the calls before their end, None if nothing did."""

_under_way: dict[WorkerPool, BackgroundLoop] = {}

_WINDOW_S = 0.4
"""How long arrivals are gathered before they are handed on to be saved; well under the promised second."""


def complete(open_chat: Callable[[], Chat], calls: Iterator[Call], manner: Manner) -> Batches:
    """Makes the calls and yields their completions in the order in which they arrive.

    An interrupt, too, first yields what has arrived. The model is built only if there is a call to make. A budget that
    is spent ends it early, and well; so does a server that no longer answers.

    Returns:
        What the server said last, if it no longer answers.

    Raises:
        FatalAnswerError: After what was in flight has been yielded.
        KeyboardInterrupt: After an interrupt, likewise.
    """
    return complete_rounds(open_chat, iter([calls]), manner, fewest_rows=FEWEST_ROWS)


def complete_rounds(
    open_chat: Callable[[], Chat], rounds: Iterator[Iterator[Call]], manner: Manner, fewest_rows: int = 1
) -> Batches:
    """As `complete`, round after round: the next one is asked for when all of the last one has been yielded and saved.

    Connections, pace, and what is known of the server last over all rounds: only the first round's first call goes
    alone. After an outage no other round follows.
    """
    todo = (_with_first(first, calls) for calls in rounds if (first := next(calls, None)) is not None)
    current = next(todo, None)
    if current is None:
        return None
    with held_interrupts() as interrupted, rare_collections(), BackgroundLoop() as loop:
        pool = loop.run(_open_pool(open_chat, manner, fewest_rows))
        _under_way[pool] = loop
        try:
            while current is not None and not interrupted.is_set():
                loop.run(pool.begin(current))
                while not interrupted.is_set() and (batch := loop.run(pool.arrived(_WINDOW_S))) is not None:
                    if batch:
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
    """Ends all calls under way at once: for when what they bring can't be saved.

    An error in a save does not reach the generator that waits for it; without this its calls would go on, and be paid
    for, as long as anything holds on to the error.
    """
    for pool in list(_under_way):
        _end(pool)


atexit.register(give_up)  # later the loop's thread no longer runs, and a generator's own end would wait for it


def _end(pool: WorkerPool) -> list[Completion]:
    """Ends the pool and its loop, once; what had arrived and is not handed over yet."""
    loop = _under_way.pop(pool, None)
    if loop is None:
        return []
    rest = loop.run(pool.stop())
    loop.close()
    return rest


def _with_first(first: Call, rest: Iterator[Call]) -> Iterator[Call]:
    yield first
    yield from rest


async def _open_pool(open_chat: Callable[[], Chat], manner: Manner, fewest_rows: int) -> WorkerPool:
    """Builds model, rate limiter and circuit breaker on the loop that they will live on."""
    limits = fitted(manner.limits)
    pace = Pace(limits.requests_per_minute, limits.tokens_per_minute)
    breaker = CircuitBreaker(limits.max_wait_seconds, fewest_rows)
    return WorkerPool(open_chat(), replace(manner, limits=limits), Admission(pace, breaker))
