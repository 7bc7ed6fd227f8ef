"""Ctrl-C, SIGTERM and a terminal that hangs up while calls are in flight: first save what has arrived, then end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""The exit code of a run that was interrupted."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What ends a run in order; Windows has no SIGHUP."""

_DEFAULT_HANDLERS = (signal.default_int_handler, signal.SIG_DFL)

_held: set[threading.Event] = set()
"""Of this process's calls under way, in whatever thread: Python hands signals to the main thread only."""


def interrupt() -> bool:
    """Asks calls under way to save and end; False if there are none, or they were asked before."""
    unasked = [event for event in _held if not event.is_set()]
    for event in unasked:
        event.set()
    return bool(unasked)


@contextmanager
def held_interrupts() -> Iterator[threading.Event]:
    """Turns an interrupt into an event, so that it can't tear a save; a second one is a KeyboardInterrupt as ever.

    Signal handlers other than Python's own stay: who sets one calls `interrupt` in it, as the command does. It is the
    only way for calls outside the main thread, under ThreadRunner, to hear of a signal.

    Yields:
        The event. Whoever sees it set saves what there is and raises KeyboardInterrupt.
    """
    interrupted = threading.Event()
    _held.add(interrupted)
    try:
        with _heard_in_main_thread():
            yield interrupted
    finally:
        _held.discard(interrupted)


@contextmanager
def _heard_in_main_thread() -> Iterator[None]:
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
