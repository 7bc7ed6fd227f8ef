"""The command line of the server."""

import argparse
from collections.abc import Sequence
from typing import NamedTuple

from .settings import ALL_BATCH_FAULTS, ALL_FAULTS, RATED_FAULTS, Settings


class Arguments(NamedTuple):
    """What the command line says: where to listen, whose end to share, and how to behave."""

    port: int
    until_stdin_closes: bool
    tls: bool
    settings: Settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fault_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 = any free one")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when the parent process is gone")
    parser.add_argument("--tls", action="store_true", help="https, with a certificate that nobody trusts")
    for name in RATED_FAULTS + ALL_BATCH_FAULTS:
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=float, default=0.0, metavar="RATE", help="share of the requests")
    parser.add_argument("--always", choices=ALL_FAULTS, help="the fault that every request gets")
    parser.add_argument("--after", type=int, default=0, metavar="N", help="good answers before --always begins")
    parser.add_argument("--redirect-to", metavar="URL", help="where the fault `redirect` points to")
    parser.add_argument("--sticky", action="store_true", help="a row's fault comes back on every attempt")
    parser.add_argument("--fault-seed", type=int, default=0, help="changes which requests get which fault")
    parser.add_argument("--retry-after", type=float, default=0.05, metavar="SECONDS", help="told with each 429")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="median time to a reply")
    parser.add_argument("--latency-sigma", type=float, default=0.0, help="sigma of the lognormal around it")
    parser.add_argument("--require-key", metavar="KEY", help="401 for any other key")
    parser.add_argument("--known-model", metavar="NAME", help="404 for any other model")
    parser.add_argument("--answers-as", metavar="NAME", help="the model's name in replies, whatever is requested")
    parser.add_argument("--context", type=int, metavar="TOKENS", help="400 for a request that is longer")
    parser.add_argument("--context-with-limit", action="store_true", help="the reply's token limit must fit too")
    parser.add_argument("--batch-seconds", type=float, default=0.2, help="from a batch's creation to its end")
    parser.add_argument("--batch-cancel-seconds", type=float, default=0.1, help="from cancelling to cancelled")
    parser.add_argument("--batch-retry-after", type=float, default=0.0, help="told with each state of a batch")
    parser.add_argument("--canned", action="store_true", help="the first request's reply to all: fastest")
    return parser


def parse(argv: Sequence[str] | None = None) -> Arguments:
    """Read the command line; anything wrong ends the process with a usage message."""
    parser = _parser()
    values = vars(parser.parse_args(argv))
    port, until_stdin_closes, tls = values.pop("port"), values.pop("until_stdin_closes"), values.pop("tls")
    rates = {name: values.pop(name) for name in RATED_FAULTS}
    of_batches = {name: values.pop(name) for name in ALL_BATCH_FAULTS}
    try:
        return Arguments(port, until_stdin_closes, tls, Settings(rates=rates, batch_rates=of_batches, **values))
    except ValueError as error:
        parser.error(str(error))
