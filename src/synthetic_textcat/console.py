"""The terminal: what is said on it, without secrets and control characters, and live displays of work under way."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import click

from synthetic_textcat.redaction import redact
from synthetic_textcat.text.unicode import printable

if TYPE_CHECKING:
    from rich.console import Console


class Display(Protocol):
    """A live line, or a bar."""

    def start(self) -> None:
        """Shows it."""

    def stop(self) -> None:
        """Takes it off."""


_shown: set[Display] = set()


def shown(text: str) -> str:
    """The text as it may be shown: without secrets, and without characters that steer a terminal."""
    return printable(redact(text))


def shown_line(text: str) -> str:
    """The same in one line: a line break in another's text can't begin a line of ours."""
    return shown(text).replace("\n", " ").replace("\t", " ")


def say(lines: Iterable[str], *, err: bool = False) -> None:
    """Prints lines of ours, each of which may hold texts of others."""
    click.echo("\n".join(map(shown_line, lines)), err=err)


def terminal() -> "Console | None":
    """The console, where it is a terminal: log lines go above a display, since both are of one console."""
    from rich import get_console

    console = get_console()
    return None if not console.file.isatty() or console.is_dumb_terminal else console


def show(display: Display) -> None:
    """Shows a display until it is hidden, or the run is interrupted."""
    _shown.add(display)
    display.start()


def hide(display: Display) -> None:
    """Takes a display off the terminal."""
    display.stop()
    _shown.discard(display)


def hide_all() -> None:
    """Takes off all: after an interrupt, of which Kedro tells no hook."""
    while _shown:
        _shown.pop().stop()
