"""Whether memory stays flat while rows are generated."""

from benchmarks.figures import Figure, Report, Target, pairwise_ratio
from benchmarks.processes import Client, Options, ask, serving

_OURS = Client("ours", "benchmarks.clients.ours", ("memory",))
_ROWS = 100_000
_SMALLER = 10
_IN_FLIGHT = 64
_KIB_IN_MIB = 1024


def memory(options: Options) -> Report:
    """Growth of the resident memory from the first request to the last reply, at some rows and at ten times as many."""
    rows = options.rows or _ROWS
    few = max(1, rows // _SMALLER)
    small, large = [], []
    with serving(canned=True) as server:
        for _ in range(options.repeat or 1):
            small.append(ask(server, _OURS, few, _IN_FLIGHT))
            large.append(ask(server, _OURS, rows, _IN_FLIGHT))
    grown = {each[0].rows: [x.client["growth_mib"] for x in each] for each in (small, large)}
    slope = [_KIB_IN_MIB * (b - a) / (rows - few) for a, b in zip(grown[few], grown[rows], strict=True)]
    figures = [
        *(Figure(f"growth at {number} rows, MiB", values) for number, values in grown.items()),
        *(Figure(f"peak at {x[0].rows} rows, MiB", [y.client["peak_mib"] for y in x]) for x in (small, large)),
        Figure("growth a row beyond, KiB", slope),
        Figure("growth, large / small", pairwise_ratio(grown[rows], grown[few]), Target("<=", 1.15)),
    ]
    return Report("memory: first request to last reply, canned replies", figures)
