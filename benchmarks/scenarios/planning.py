"""How long a plan takes, how much memory, and whether its prompts are rendered fast enough not to hold up calls."""

import sys

from benchmarks.figures import Figure, Report, Target, pairwise_ratio
from benchmarks.processes import Options, run_module

_ROWS = 1_000_000
_REPEAT = 3
_MIB_IN_GB = 1e9 / 2**20
_ROWS_A_TASK = 3
_CALLS_A_SECOND = 800  # what generation is held to, see `no_latency`

Runs = dict[str, list[dict[str, float]]]
"""Client → what each of its runs came to."""


def planning(options: Options) -> Report:
    """Plans, hashes and reports in a fresh process, beside numpy's draws by hand; renders prompts."""
    rows, runs = _measured(options, rows_a_task=0)
    rendered = [run["rendered_a_second"] for run in runs["ours"]]
    return Report(
        f"planning: {rows} rows of 18 tasks, all attributes with the weights of `paper`",
        [
            *_figures(rows, runs, 1.5),
            Figure("ours: prompts rendered a second", rendered, Target(">=", 10 * _CALLS_A_SECOND)),
        ],
    )


def planning_many_tasks(options: Options) -> Report:
    """The same of as many tasks as the paper has for so many rows, about three rows each."""
    rows, runs = _measured(options, _ROWS_A_TASK)
    title = (
        f"planning_many_tasks: {rows} rows of {rows // _ROWS_A_TASK} tasks with three labels each, weights of `paper`"
    )
    return Report(title, _figures(rows, runs, 2.5))


def _measured(options: Options, rows_a_task: int) -> tuple[int, Runs]:
    rows = options.rows or _ROWS
    runs: Runs = {"ours": [], "by_hand": []}
    for _ in range(options.repeat or _REPEAT):
        for name, found in runs.items():
            found.append(run_module("benchmarks.clients.planner", name, rows, rows_a_task))
            print(f"  {name}, {rows} rows: {found[-1]['seconds']:.2f} s", file=sys.stderr, flush=True)
    return rows, runs


def _figures(rows: int, runs: Runs, most: float) -> list[Figure]:
    seconds = {name: [run["seconds"] for run in found] for name, found in runs.items()}
    return [
        Figure("ours: seconds", seconds["ours"], Target("<=", 20 * rows / _ROWS)),
        Figure("ours: peak memory, GB", [run["peak_mib"] / _MIB_IN_GB for run in runs["ours"]], Target("<=", 1.5)),
        Figure("numpy by hand: seconds", seconds["by_hand"]),
        Figure("ours / numpy by hand", pairwise_ratio(seconds["ours"], seconds["by_hand"]), Target("<=", most)),
    ]
