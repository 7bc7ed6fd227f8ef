"""`kedro run` of this project: Kedro's own, with errors of the user's in one line and signals heard."""

import functools
import logging
import os
import signal
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from kedro.framework.cli.project import run

from synthetic_textcat.console import hide_all, say, shown_line
from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.errors import RunStoppedError
from synthetic_textcat.llm.interrupts import INTERRUPTED, SIGNALS, interrupt
from synthetic_textcat.standard_streams import keep_streams_writable, redact_streams

if TYPE_CHECKING:
    from synthetic_textcat.hooks import QuotaPasses

_STDOUT, _STDERR = 1, 2
_HANG_UP = getattr(signal, "SIGHUP", None)  # Windows has none
_SHOW_CURSOR = b"\x1b[?25h"  # a live line hides it
_kedro_run = run.callback


@functools.wraps(_kedro_run)  # type: ignore[arg-type]
def _run_plainly(*args: Any, **kwargs: Any) -> Any:
    _hear_signals()
    try:
        return _run_in_passes(*args, **kwargs)
    except KeyboardInterrupt:
        hide_all()
        say(["Stopped. What has arrived is saved; the same command goes on from there."], err=True)
        sys.exit(INTERRUPTED)
    except RunStoppedError as error:  # all is saved, and there is no failure to tell of
        say([str(error)])
    except Exception as error:
        line = format_user_error(error)
        if line is None or logging.getLogger(__package__).isEnabledFor(logging.DEBUG):
            say(traceback.format_exc().splitlines(), err=True)
        raise click.ClickException(line or shown_line(f"Internal error, please report it: {error}")) from error


def _run_in_passes(*args: Any, **kwargs: Any) -> Any:
    """One run, or for a quota as many as it takes."""
    refill = _registered_passes()
    refill.begin()
    result = _kedro_run(*args, **kwargs)  # type: ignore[misc]
    while refill.goes_on():
        result = _kedro_run(*args, **kwargs)  # type: ignore[misc]
    return result


def _registered_passes() -> "QuotaPasses":
    from kedro.framework.project import settings

    from synthetic_textcat.hooks import QuotaPasses

    return next(hook for hook in settings.HOOKS if isinstance(hook, QuotaPasses))


def _hear_signals() -> None:
    """The first Ctrl-C, SIGTERM or SIGHUP ends the run in order, the next one at once; MLflow's book-keeping included.

    A terminal that hangs up sends SIGHUP more than once, so that one never counts as the next.
    """
    heard: list[int] = []

    def on_signal(number: int, *_: object) -> None:
        if heard and number == _HANG_UP:
            return
        if heard:
            with suppress(OSError):  # the terminal may be gone
                for terminal in filter(os.isatty, (_STDOUT, _STDERR)):
                    os.write(terminal, _SHOW_CURSOR)
                os.write(_STDERR, b"\nEnded at once. The journal keeps what was saved; the same command goes on.\n")
            os._exit(INTERRUPTED)
        heard.append(number)
        if not interrupt():
            raise KeyboardInterrupt

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # of a background job, or of nohup
            signal.signal(number, on_signal)


run.callback = _run_plainly
keep_streams_writable()  # Kedro imports this module before it runs any of its commands here
redact_streams()


@click.group()
def cli() -> None:
    """Commands of this project, beside Kedro's."""


cli.add_command(run)
