"""Redaction of log records, whoever writes them and wherever they go: libraries' lines, warnings and tracebacks too."""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

import click

from synthetic_textcat.console import shown, shown_line

_CONTINUED = "\n    "
"""Further lines of a record are set in, so that none passes for a record of its own."""

_FORMATTER = logging.Formatter()


class SafeLogRecord(logging.LogRecord):
    """A record whose message and traceback hold no secrets and no control characters.

    Cleaned when it is made, so that any handler will do. A traceback is turned into text at once: rich's shows the
    values of local variables, which no handler could redact, since it breaks and colours them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clean_message()
        if isinstance(self.exc_info, tuple) and self.exc_info[0] is not None:
            self.exc_text = shown(_FORMATTER.formatException(self.exc_info))
        self.exc_info = None
        if self.stack_info:
            self.stack_info = shown(self.stack_info)

    @property
    def markup(self) -> bool:
        """Whether Kedro's handler takes `[…]` for styles: in its own coloured lines, never in texts of others."""
        return bool(self.args) and self.name.startswith("kedro") and hasattr(self, "rich_format")

    def _clean_message(self) -> None:
        try:
            said = self.getMessage()
        except (TypeError, ValueError, KeyError):  # a wrong format, of which logging would print the arguments
            said = f"{self.msg} {self.args}"
            self.args = ()
        is_ours = str(self.name).startswith(f"{__package__}.")  # one from another process has no name yet
        clean = shown_line(said) if is_ours else shown(said).replace("\n", _CONTINUED)
        if clean != said or not self.args:
            self.msg, self.args = clean, ()


def redact_logs() -> None:
    """Has all records of this process made so, and errors that nobody catches printed so."""
    logging.setLogRecordFactory(SafeLogRecord)
    sys.excepthook = _print_error


def _print_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    click.echo(shown("".join(traceback.format_exception(kind, error, trace))), err=True)
