"""`kedro run` of this project: Kedro's own, with errors of the user's in one line and signals heard."""

import functools
import logging
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any

import click
from kedro.framework.cli.project import run

from synthetic_textcat.closed_streams import reopen_closed_streams
from synthetic_textcat.console import hide_all
from synthetic_textcat.errors import redact
from synthetic_textcat.llm.interrupts import INTERRUPTED, interrupt
from synthetic_textcat.plain_errors import in_one_line

if TYPE_CHECKING:
    from synthetic_textcat.hooks import Refill

_STDOUT, _STDERR = 1, 2
_SHOW_CURSOR = b"\x1b[?25h"  # a live line hides it
_kedro_run = run.callback


@functools.wraps(_kedro_run)  # type: ignore[arg-type]
def _run_plainly(*args: Any, **kwargs: Any) -> Any:
    _hear_signals()
    try:
        return _run_in_passes(*args, **kwargs)
    except KeyboardInterrupt:
        hide_all()
        click.echo("Stopped. What has arrived is saved; the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        line = in_one_line(error)
        if line is None or logging.getLogger(__package__).isEnabledFor(logging.DEBUG):
            click.echo(redact(traceback.format_exc()), err=True)
        raise click.ClickException(line or f"A bug of ours: {redact(str(error))}") from error


def _run_in_passes(*args: Any, **kwargs: Any) -> Any:
    """One run, or for a quota as many as it takes."""
    refill = _registered_refill()
    refill.begin()
    result = _kedro_run(*args, **kwargs)  # type: ignore[misc]
    while refill.goes_on():
        result = _kedro_run(*args, **kwargs)  # type: ignore[misc]
    return result


def _registered_refill() -> "Refill":
    from kedro.framework.project import settings

    from synthetic_textcat.hooks import Refill

    return next(hook for hook in settings.HOOKS if isinstance(hook, Refill))


def _hear_signals() -> None:
    """The first Ctrl-C or SIGTERM ends the run in order, the next one at once; MLflow's book-keeping included."""
    heard: list[int] = []

    def on_signal(number: int, *_: object) -> None:
        if heard:
            for terminal in filter(os.isatty, (_STDOUT, _STDERR)):
                os.write(terminal, _SHOW_CURSOR)
            os.write(_STDERR, b"\nEnded at once. The journal keeps what was saved; the same command goes on.\n")
            os._exit(INTERRUPTED)
        heard.append(number)
        if not interrupt():
            raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # of a background job
            signal.signal(number, on_signal)


run.callback = _run_plainly
reopen_closed_streams()  # Kedro imports this module before it runs any of its commands here


@click.group()
def cli() -> None:
    """Commands of this project, beside Kedro's."""


cli.add_command(run)
