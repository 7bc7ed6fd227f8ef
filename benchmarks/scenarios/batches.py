"""The batch route: rows a second of processor time from open rows to the journal, and whether memory stays flat."""

from benchmarks.figures import Figure, Report, Target
from benchmarks.processes import Client, Options, ask, serving

_OURS = Client("ours, in batches", "benchmarks.clients.ours", ("batch", "memory"))
_ROWS = 50_000
_FEWER = 5


def batches(options: Options) -> Report:
    """Files are built, uploaded, fetched and journalled, in parts of 5,000; waiting costs no processor time."""
    rows = options.rows or _ROWS
    few = max(1, rows // _FEWER)
    small, large = [], []
    with serving(batch_seconds=0.1) as server:
        for _ in range(options.repeat or 1):
            small.append(ask(server, _OURS, few, 1))
            large.append(ask(server, _OURS, rows, 1))
    grown = {each[0].rows: [x.client["growth_mib"] for x in each] for each in (small, large)}
    figures = [
        Figure("rows/s of CPU", [x.rows / x.client["cpu_s"] for x in large], Target(">=", 5_000)),
        Figure("CPU us/row", [1e6 * x.client["cpu_s"] / x.rows for x in large]),
        *(Figure(f"growth at {number} rows, MiB", values) for number, values in grown.items()),
        *(Figure(f"peak at {x[0].rows} rows, MiB", [y.client["peak_mib"] for y in x]) for x in (small, large)),
    ]
    return Report(f"batches: {rows} rows in parts of 5,000", figures)
