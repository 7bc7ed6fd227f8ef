"""Terminal output: messages without secrets and control characters, and live displays of work in progress."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import click

from synthetic_textcat.redaction import redact
from synthetic_textcat.text.unicode import printable

if TYPE_CHECKING:
    from rich.console import Console


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
    """The same on one line: a line break in foreign text can't begin a line of ours."""
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
