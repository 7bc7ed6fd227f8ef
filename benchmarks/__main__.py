"""Runs the scenarios that are named, or all, and prints one Markdown table each."""

import argparse
import sys

from benchmarks import machine
from benchmarks.processes import BenchmarkError, Options
from benchmarks.scenarios import COMPARED, PROOFS, SCENARIOS


def main() -> None:
    """Reads the command line and runs what it names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "scenario", nargs="*", help=f"{', '.join(SCENARIOS)}; none = all of these; by name only: {', '.join(PROOFS)}"
    )
    parser.add_argument("--rows", type=_number, help="rows (journal: lines) instead of each scenario's own number")
    parser.add_argument("--repeat", type=_number, help="runs of each client instead of 3 (memory: 1; kills: 300)")
    parser.add_argument(
        "--against", metavar="REVISION", help=f"{', '.join(COMPARED)}: an earlier commit, run next to this one"
    )
    arguments = parser.parse_args()
    known = SCENARIOS | PROOFS
    unknown = sorted(set(arguments.scenario) - set(known))
    if unknown:
        parser.error(f"no scenario {', '.join(unknown)}; there are {', '.join(known)}")
    asked = arguments.scenario or [name for name in SCENARIOS if name in COMPARED or not arguments.against]
    if arguments.against and (alone := sorted(set(asked) - set(COMPARED))):
        parser.error(f"--against is for {', '.join(COMPARED)}, not for {', '.join(alone)}")
    print(machine.description(), flush=True)
    if arguments.rows:
        print("The targets are meant for the scenarios' own numbers of rows, not for --rows.")
    for name in asked:
        print(f"{name} ... ({machine.load()})", file=sys.stderr, flush=True)
        try:
            report = known[name](Options(arguments.rows, arguments.repeat, arguments.against))
        except BenchmarkError as error:
            sys.exit(f"{name}: {error}")
        print(f"\n{report.markdown()}", flush=True)


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    main()
