"""Ctrl-C and SIGTERM while calls are in flight: first save what has arrived, then end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_interrupts() -> Iterator[threading.Event]:
    """Turns the first interrupt into an event, so that it can't tear a save; the second one ends at once.

    Yields:
        The event. Whoever sees it set saves what there is and raises KeyboardInterrupt. Outside the main thread,
        where Python takes no signals, it is never set.
    """
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def on_signal(*_: object) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()

    heard = [number for number in _SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, on_signal) for number in heard}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
