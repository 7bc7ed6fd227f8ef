"""What is shown of work under way: live displays on a terminal, and how to take them off it."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console


class Display(Protocol):
    """A live line, or a bar."""

    def start(self) -> None:
        """Shows it."""

    def stop(self) -> None:
        """Takes it off."""


_shown: set[Display] = set()


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
