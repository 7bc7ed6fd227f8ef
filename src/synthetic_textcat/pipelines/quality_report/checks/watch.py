"""How far work on many rows is: a bar on a terminal, a log line every so often elsewhere, nothing for a few rows."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from synthetic_textcat.console import hide, show, terminal

if TYPE_CHECKING:
    from rich.console import Console

logger = logging.getLogger(__name__)

MANY = 20_000
"""Rows below which nothing is shown."""

_STEP = 1_000  # rows between looks at the clock

T = TypeVar("T")
Tell = Callable[[int], None]


def watched(rows: Iterable[T], total: int, doing: str, every_s: float = 10.0) -> Iterator[T]:
    """The rows, with their progress shown as they are taken.

    Args:
        rows: What comes of the work, row by row.
        total: How many they will be.
        doing: What is done to them.
        every_s: Seconds between log lines, where there is no terminal.
    """
    if total < MANY:
        yield from rows
        return
    console = terminal()
    with _lines(total, doing, every_s) if console is None else _bar(total, doing, console) as tell:
        for done, row in enumerate(rows, start=1):
            if done % _STEP == 0:
                tell(done)
            yield row


@contextmanager
def _lines(total: int, doing: str, every_s: float) -> Iterator[Tell]:
    begun = last_said = monotonic()

    def tell(done: int) -> None:
        nonlocal last_said
        now = monotonic()
        if now - last_said >= every_s:
            last_said = now
            logger.info("%s: %s of %s, %.0f/s", doing, f"{done:,}", f"{total:,}", done / (now - begun))

    yield tell


@contextmanager
def _bar(total: int, doing: str, console: "Console") -> Iterator[Tell]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, refresh_per_second=4)
    task = bar.add_task(doing, total=total)
    show(bar)
    try:
        yield lambda done: bar.update(task, completed=done)
    finally:
        hide(bar)
