"""Terminal output: messages without secrets and control characters, and live displays of work in progress."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from synthetic_textcat.redaction import redact
from synthetic_textcat.text.unicode import printable

if TYPE_CHECKING:
    from rich.console import Console

logger = logging.getLogger(__name__)

T = TypeVar("T")

NO_MARKUP = {"markup": False}
"""`extra` of a log line with square brackets, which Kedro's log handler would otherwise take for a style."""

ReportProgress = Callable[[int], None]

ROWS_TO_SHOW = 20_000
"""Minimum rows for a progress bar."""

_STEP = 1_000  # rows between updates


class Display(Protocol):
    """A live status line or a progress bar."""

    def start(self) -> None:
        """Shows the display."""

    def stop(self) -> None:
        """Removes the display."""


_shown: set[Display] = set()


def shown(text: str) -> str:
    """The text, safe to show: without secrets and without characters that control a terminal."""
    return printable(redact(text))


def shown_line(text: str) -> str:
    """The text on one line, safe to show: a line break in foreign text can't begin a line of ours."""
    return shown(text).replace("\n", " ").replace("\t", " ")


def say(lines: Iterable[str], *, err: bool = False) -> None:
    """Prints our lines; each may contain foreign text."""
    click.echo("\n".join(map(shown_line, lines)), err=err)


def terminal() -> "Console | None":
    """The console if it is a terminal; displays and log lines share it, so log lines go above a display."""
    from rich import get_console

    console = get_console()
    return None if not console.file.isatty() or console.is_dumb_terminal else console


def show(display: Display) -> None:
    """Shows a display until it is hidden, or the run is interrupted."""
    _shown.add(display)
    display.start()


def hide(display: Display) -> None:
    """Removes a display from the terminal."""
    display.stop()
    _shown.discard(display)


def hide_all() -> None:
    """Removes all displays; after an interrupt, since Kedro calls no hook then."""
    while _shown:
        _shown.pop().stop()


def track(
    rows: Iterable[T], total: int, doing: str, every_s: float = 10.0, of: Callable[[T], int] | None = None
) -> Iterator[T]:
    """Iterates over rows with a progress bar, or log lines if there is no terminal.

    Args:
        rows: Rows, or batches of rows, to pass through.
        total: Expected number of rows.
        doing: Description of the work.
        every_s: Seconds between log lines.
        of: Number of rows in a batch; None for single rows.
    """
    if total < ROWS_TO_SHOW:
        yield from rows
        return
    console = terminal()
    with _lines(total, doing, every_s) if console is None else _bar(total, doing, console) as report:
        done = reported = 0
        for row in rows:
            done += 1 if of is None else of(row)
            if done - reported >= _STEP:
                report(done)
                reported = done
            yield row


@contextmanager
def _lines(total: int, doing: str, every_s: float) -> Iterator[ReportProgress]:
    begun = last_said = monotonic()

    def report(done: int) -> None:
        nonlocal last_said
        now = monotonic()
        if now - last_said >= every_s:
            last_said = now
            logger.info("%s: %s of %s, %.0f/s", doing, f"{done:,}", f"{total:,}", done / (now - begun))

    yield report


@contextmanager
def _bar(total: int, doing: str, console: "Console") -> Iterator[ReportProgress]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, refresh_per_second=4)
    task = bar.add_task(doing, total=total)
    show(bar)
    try:
        yield lambda done: bar.update(task, completed=done)
    finally:
        hide(bar)
