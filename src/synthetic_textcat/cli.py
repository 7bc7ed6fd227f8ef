"""Command line: `kedro run` with one-line user errors, signal handling, and the passes of a quota."""

import logging
import os
import re
import signal
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click
import yaml
from kedro.framework.cli.project import run as kedro_run
from kedro.pipeline.pipeline import OutputNotUniqueError

from synthetic_textcat.command_passes import COMMAND_PASSES
from synthetic_textcat.console import hide_all, say, shown_line
from synthetic_textcat.early_checks import check_early
from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.errors import RunStoppedError
from synthetic_textcat.interrupts import INTERRUPTED, SIGNALS, interrupt
from synthetic_textcat.standard_streams import keep_streams_writable, redact_streams

_STDOUT, _STDERR = 1, 2
_NODE_OPTIONS = ("node_names", "from_nodes", "to_nodes")
_HANG_UP = getattr(signal, "SIGHUP", None)  # Windows has none
_SHOW_CURSOR = b"\x1b[?25h"  # a live line hides it


def _run_plainly(*args: Any, **kwargs: Any) -> Any:
    _handle_signals()
    try:
        check_early(kwargs)
        return _run_in_passes(*args, **{**kwargs, **_chosen_nodes(kwargs)})
    except KeyboardInterrupt:
        hide_all()
        say(["Stopped. What has arrived is saved; the same command goes on from there."], err=True)
        sys.exit(INTERRUPTED)
    except RunStoppedError as error:  # all is saved, and there is no failure to report
        say([str(error)])
    except Exception as error:
        line = line_about_several(error, kwargs["pipelines"]) or format_user_error(error)
        if line is None or logging.getLogger(__package__).isEnabledFor(logging.DEBUG):
            say(traceback.format_exc().splitlines(), err=True)
        raise click.ClickException(line or shown_line(f"Internal error, please report it: {error}")) from error


def _chosen_nodes(options: Mapping[str, Any]) -> dict[str, list[str]]:
    """The options that choose nodes, changed: names have their namespaces; a run that begins later can begin there."""
    given = {option: options[option] for option in _NODE_OPTIONS if options[option]}
    if not given and not options["from_inputs"]:
        return {}
    from synthetic_textcat.pipeline_registry import begun_later, with_namespaces

    pipelines = options["pipelines"] or [options["pipeline"] or "__default__"]
    full = {option: with_namespaces(names, pipelines) for option, names in given.items()}
    if not options["from_inputs"] and not options["from_nodes"]:
        return full
    nodes = begun_later({**options, **full}, pipelines)
    return {**full, "from_inputs": [], "from_nodes": [], "node_names": nodes}


def line_about_several(error: Exception, pipelines: list[str]) -> str | None:
    """The line for pipelines that can't run together, such as `quote` and `generate`; None for any other error."""
    if len(pipelines) < 2 or not isinstance(error, OutputNotUniqueError):
        return None
    clash = ", ".join(re.findall(r"'([^']+)'", str(error)))
    return (
        f"The pipelines {' and '.join(pipelines)} can't run together, since more than one writes {clash}. Next: run "
        "one after another; a later run asks for no answer again that an earlier one has"
    )


def _run_in_passes(*args: Any, **kwargs: Any) -> Any:
    """One run of the pipeline; with a quota, further passes while hooks note that cells lack rows."""
    assert kedro_run.callback is not None
    COMMAND_PASSES.number = 1
    try:
        result = kedro_run.callback(*args, **kwargs)
        while COMMAND_PASSES.goes_on:
            COMMAND_PASSES.number += 1
            result = kedro_run.callback(*args, **kwargs)
    finally:
        COMMAND_PASSES.number = 0
    return result


def _handle_signals() -> None:
    """The first Ctrl-C, SIGTERM or SIGHUP ends the run in order, the next one at once; MLflow's book-keeping included.

    A terminal that hangs up sends SIGHUP more than once, so after any signal SIGHUP is ignored: it never counts as the
    next one, and can't kill the process while the interpreter shuts down with default handlers.
    """
    heard: list[int] = []

    def on_signal(number: int, *_: object) -> None:
        if heard:
            with suppress(OSError):  # the terminal may be gone
                for terminal in filter(os.isatty, (_STDOUT, _STDERR)):
                    os.write(terminal, _SHOW_CURSOR)
                os.write(_STDERR, b"\nEnded at once. The journal keeps what was saved; the same command goes on.\n")
            os._exit(INTERRUPTED)
        heard.append(number)
        if _HANG_UP is not None:
            signal.signal(_HANG_UP, signal.SIG_IGN)
        if not interrupt():
            raise KeyboardInterrupt

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # of a background job, or of nohup
            signal.signal(number, on_signal)


class _Run(click.Command):
    """`kedro run`, with one line for a value of `--params` that is no YAML, as an unquoted `@languages.csv`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except yaml.YAMLError as error:
            problem = getattr(error, "problem", None) or "it is not YAML"
            raise click.UsageError(
                f"--params has a value that can't be read: {problem}. Next: put the value in double quotes within the "
                """single ones of the shell, as in --params 'attribute_sampling.language="@languages.csv"'"""
            ) from None


run = _Run("run", callback=_run_plainly, params=kedro_run.params, help=kedro_run.help)
keep_streams_writable()  # Kedro imports this module before it runs any of its commands here
redact_streams()


@click.group()
def cli() -> None:
    """Commands of this project, in addition to Kedro's."""


cli.add_command(run)
