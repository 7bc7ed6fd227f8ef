"""From calls to completions: as many in flight as allowed, handed on as they arrive, nothing lost at the end."""

import atexit
from collections.abc import Callable, Iterator
from dataclasses import replace

from synthetic_textcat.llm.calls import Call, Manner
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.collector import rare_collections
from synthetic_textcat.llm.crew import Crew
from synthetic_textcat.llm.descriptors import fitted
from synthetic_textcat.llm.event_loop import BackgroundLoop
from synthetic_textcat.llm.interrupts import held_interrupts
from synthetic_textcat.llm.pace import Pace
from synthetic_textcat.schemas.completions import Completion

_under_way: dict[Crew, BackgroundLoop] = {}

_WINDOW_S = 0.4
"""How long arrivals are gathered before they are handed on to be saved; well under the promised second."""


def complete(open_chat: Callable[[], Chat], calls: Iterator[Call], manner: Manner) -> Iterator[list[Completion]]:
    """Makes the calls and yields their completions in the order in which they arrive.

    An interrupt, too, first yields what has arrived. The model is built only if there is a call to make. A budget that
    is spent ends it early, and well.

    Raises:
        FatalAnswerError: After what was in flight has been yielded.
        KeyboardInterrupt: After an interrupt, likewise.
    """
    return complete_rounds(open_chat, iter([calls]), manner)


def complete_rounds(
    open_chat: Callable[[], Chat], rounds: Iterator[Iterator[Call]], manner: Manner
) -> Iterator[list[Completion]]:
    """As `complete`, round after round: the next one is asked for when all of the last one has been yielded and saved.

    Connections, pace, and what is known of the server last over all rounds: only the first round's first call goes
    alone.
    """
    todo = (_with_first(first, calls) for calls in rounds if (first := next(calls, None)) is not None)
    current = next(todo, None)
    if current is None:
        return
    with held_interrupts() as interrupted, rare_collections(), BackgroundLoop() as loop:
        crew = loop.run(_hire(open_chat, manner))
        _under_way[crew] = loop
        try:
            while current is not None and not interrupted.is_set():
                loop.run(crew.begin(current))
                while not interrupted.is_set() and (batch := loop.run(crew.arrived(_WINDOW_S))) is not None:
                    if batch:
                        yield batch
                current = None if interrupted.is_set() else next(todo, None)
        finally:
            rest = _end(crew)
        if rest:
            yield rest
        if interrupted.is_set():
            raise KeyboardInterrupt


def give_up() -> None:
    """Ends all calls under way at once: for when what they bring can't be saved.

    An error in a save does not reach the generator that waits for it; without this its calls would go on, and be paid
    for, as long as anything holds on to the error.
    """
    for crew in list(_under_way):
        _end(crew)


atexit.register(give_up)  # later the loop's thread no longer runs, and a generator's own end would wait for it


def _end(crew: Crew) -> list[Completion]:
    """Ends the crew and its loop, once; what had arrived and is not handed over yet."""
    loop = _under_way.pop(crew, None)
    if loop is None:
        return []
    rest = loop.run(crew.stop())
    loop.close()
    return rest


def _with_first(first: Call, rest: Iterator[Call]) -> Iterator[Call]:
    yield first
    yield from rest


async def _hire(open_chat: Callable[[], Chat], manner: Manner) -> Crew:
    """Builds model and pace on the loop that they will live on."""
    manner = replace(manner, limits=fitted(manner.limits))
    pace = Pace(manner.limits.requests_per_minute, manner.limits.tokens_per_minute)
    chat = open_chat()
    chat.before_each_retry(pace.request)
    return Crew(chat, manner, pace)
