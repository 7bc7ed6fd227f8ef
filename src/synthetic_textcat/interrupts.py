"""Interrupts (SIGINT, SIGTERM, SIGHUP) while calls are in flight: arrived completions are saved before the run ends."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""Exit code of an interrupted run."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that end a run cleanly; Windows has no SIGHUP."""

_DEFAULT_HANDLERS = (signal.default_int_handler, signal.SIG_DFL)

_held: set[threading.Event] = set()
"""Interrupt events of all calls in flight, in any thread: Python delivers signals to the main thread only."""


def interrupt() -> bool:
    """Asks calls in flight to save and end; False if there are none, or they were asked before."""
    unasked = [event for event in _held if not event.is_set()]
    for event in unasked:
        event.set()
    return bool(unasked)


def is_interrupted() -> bool:
    """Whether calls in flight have been asked to end."""
    return any(event.is_set() for event in _held)


@contextmanager
def held_interrupts(interrupted: threading.Event | None = None) -> Iterator[threading.Event]:
    """Turns an interrupt into an event, so that it can't break off a save; a second one raises KeyboardInterrupt.

    Custom signal handlers stay in place and must call `interrupt`, as the command's handler does. Under ThreadRunner,
    calls outside the main thread learn of a signal only in this way.

    Args:
        interrupted: The event, if something else may set it too; None for a new one.

    Yields:
        The event. Once it is set, the caller saves its completions and raises KeyboardInterrupt.
    """
    interrupted = interrupted or threading.Event()
    _held.add(interrupted)
    try:
        with _handled_in_main_thread():
            yield interrupted
    finally:
        _held.discard(interrupted)


@contextmanager
def _handled_in_main_thread() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    ours = [number for number, handler in before.items() if handler in _DEFAULT_HANDLERS]
    for number in ours:
        signal.signal(number, _on_signal)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


def _on_signal(*_: object) -> None:
    if not interrupt():
        raise KeyboardInterrupt
