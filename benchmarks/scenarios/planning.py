"""How long a plan takes, how much memory, and whether its prompts are rendered fast enough not to hold up calls."""

import sys

from benchmarks.figures import Figure, Report, Target, pairwise_ratio
from benchmarks.processes import Options, run_module

_ROWS = 1_000_000
_REPEAT = 3
_MIB_IN_GB = 1e9 / 2**20
_CALLS_A_SECOND = 800  # what generation is held to, see `no_latency`


def planning(options: Options) -> Report:
    """Plans, hashes and reports in a fresh process, beside numpy's draws by hand."""
    rows = options.rows or _ROWS
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "by_hand": []}
    for _ in range(options.repeat or _REPEAT):
        for name, found in runs.items():
            found.append(run_module("benchmarks.clients.planner", name, rows))
            print(f"  {name}, {rows} rows: {found[-1]['seconds']:.2f} s", file=sys.stderr, flush=True)
    seconds = {name: [run["seconds"] for run in found] for name, found in runs.items()}
    figures = [
        Figure("ours: seconds", seconds["ours"], Target("<=", 20 * rows / _ROWS)),
        Figure("ours: peak memory, GB", [run["peak_mib"] / _MIB_IN_GB for run in runs["ours"]], Target("<=", 1.5)),
        Figure("numpy by hand: seconds", seconds["by_hand"]),
        Figure("ours / numpy by hand", pairwise_ratio(seconds["ours"], seconds["by_hand"])),
        Figure(
            "ours: prompts rendered a second",
            [run["rendered_a_second"] for run in runs["ours"]],
            Target(">=", 10 * _CALLS_A_SECOND),
        ),
    ]
    return Report(f"planning: {rows} rows of 18 tasks, all attributes with the weights of `paper`", figures)
