"""From calls to completions: as many in flight as allowed, handed on as they arrive, nothing lost at the end."""

import atexit
from collections.abc import Callable, Iterator

from synthetic_textcat.llm.calls import Call, Manner
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.collector import rare_collections
from synthetic_textcat.llm.crew import Crew
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
    first = next(calls, None)
    if first is None:
        return
    with held_interrupts() as interrupted, rare_collections(), BackgroundLoop() as loop:
        crew = loop.run(_hire(open_chat, _with_first(first, calls), manner))
        _under_way[crew] = loop
        try:
            while not interrupted.is_set() and (batch := loop.run(crew.arrived(_WINDOW_S))) is not None:
                if batch:
                    yield batch
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


async def _hire(open_chat: Callable[[], Chat], calls: Iterator[Call], manner: Manner) -> Crew:
    """Builds model, pace and workers on the loop that they will live on."""
    pace = Pace(manner.limits.requests_per_minute, manner.limits.tokens_per_minute)
    chat = open_chat()
    chat.before_each_retry(pace.request)
    return Crew(chat, calls, manner, pace)
