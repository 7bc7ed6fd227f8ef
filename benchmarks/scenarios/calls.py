"""Rows per second and seconds over the ideal, of each client in turn."""

from collections.abc import Callable

from benchmarks.figures import Figure, Report, Target, pairwise_ratio
from benchmarks.processes import Client, Options, Sample, ask, serving
from benchmarks.revisions import checked_out
from benchmarks.scenarios.simulation import work_conserving_s

OURS = Client("ours", "benchmarks.clients.ours")
_SDK = "benchmarks.clients.openai_sdk"
OPENAI = Client("openai", _SDK, ("default",))
OPENAI_AIOHTTP = Client("openai, aiohttp", _SDK, ("aiohttp",))
OPENAI_UVLOOP = Client("openai, aiohttp, uvloop", _SDK, ("aiohttp+uvloop",))
JUDGE = Client("verdicts", "benchmarks.clients.judge")
_PEERS = (OURS, OPENAI, OPENAI_AIOHTTP)
_ROWS = 2000
_VERDICTS = 10_000
_REPEAT = 3
_LATENCY_S = 0.2
_SIGMA = 0.8
_FEW_SOCKETS = 8

Samples = dict[str, list[Sample]]


def no_latency(options: Options) -> Report:
    """The client's own cost: the server answers at once. With `--against`, beside an earlier commit alone."""
    if options.against:
        return _against(options, options.against)
    samples = _in_turn((*_PEERS, OPENAI_UVLOOP), options, 64)
    rates = {name: [x.rows / x.seconds for x in runs] for name, runs in samples.items()}
    floors = {OURS.name: Target(">=", 800)}
    figures = [Figure(f"{name}: rows/s", rates[name], floors.get(name)) for name in samples]
    figures += [
        Figure(f"{name}: CPU ms/row", [1000 * x.client["cpu_s"] / x.rows for x in runs])
        for name, runs in samples.items()
    ]
    for rival, target in ((OPENAI, Target(">=", 1.4)), (OPENAI_AIOHTTP, Target(">=", 0.85)), (OPENAI_UVLOOP, None)):
        figures.append(Figure(f"ours / {rival.name}", pairwise_ratio(rates[OURS.name], rates[rival.name]), target))
    return _report("no_latency: 0 ms, 64 in flight", samples, figures)


def _against(options: Options, revision: str) -> Report:
    with checked_out(revision) as root:
        earlier = Client(revision, OURS.module, root=root)
        samples = _in_turn((OURS, earlier), options, 64)
    rates = {name: [x.rows / x.seconds for x in runs] for name, runs in samples.items()}
    cpu = {name: [1000 * x.client["cpu_s"] / x.rows for x in runs] for name, runs in samples.items()}
    figures = [
        *(Figure(f"{name}: rows/s", rates[name]) for name in samples),
        *(Figure(f"{name}: CPU ms/row", cpu[name]) for name in samples),
        Figure(f"rows/s, ours / {revision}", pairwise_ratio(rates[OURS.name], rates[revision]), Target(">=", 0.98)),
        Figure(f"CPU a row, ours / {revision}", pairwise_ratio(cpu[OURS.name], cpu[revision])),
    ]
    return _report(f"no_latency against {revision}: 0 ms, 64 in flight", samples, figures)


def latency_64(options: Options) -> Report:
    """Every reply takes 200 ms; 64 in flight."""
    samples = _in_turn(_PEERS, options, 64, latency_ms=1000 * _LATENCY_S)
    figures = _over_ideal(samples, lambda x: x.rows * _LATENCY_S / 64, Target("<=", 1.15))
    return _report("latency_64: 200 ms, 64 in flight", samples, figures)


def latency_256(options: Options) -> Report:
    """Every reply takes 200 ms; 256 in flight, more than the SDK's pool keeps."""
    samples = _in_turn(_PEERS, options, 256, latency_ms=1000 * _LATENCY_S)
    figures = _over_ideal(samples, lambda x: x.rows * _LATENCY_S / 256, Target("<=", 1.8))
    sockets = {OURS.name: Target("<=", 256 + _FEW_SOCKETS)}
    figures += [
        Figure(f"{name}: sockets opened", [x.server["connections_opened"] for x in runs], sockets.get(name))
        for name, runs in samples.items()
    ]
    figures += [
        Figure(f"{name}: most in flight", [x.server["max_in_flight"] for x in runs]) for name, runs in samples.items()
    ]
    return _report("latency_256: 200 ms, 256 in flight", samples, figures)


def long_tail(options: Options) -> Report:
    """Lognormal latency; the ideal is a work-conserving schedule of the latencies that the server dealt out."""
    samples = _in_turn(_PEERS, options, 64, latency_ms=1000 * _LATENCY_S, latency_sigma=_SIGMA)
    figures = _over_ideal(samples, lambda x: work_conserving_s(x.server["latencies_s"], 64), Target("<=", 1.2))
    return _report("long_tail: lognormal, median 200 ms, sigma 0.8, 64 in flight", samples, figures)


def verdicts(options: Options) -> Report:
    """Verdicts of a judge next to as many rows, both by the project's nodes; the server answers at once."""
    samples = _in_turn((OURS, JUDGE), options._replace(rows=options.rows or _VERDICTS), 64)
    rates = {name: [x.rows / x.seconds for x in runs] for name, runs in samples.items()}
    figures = [
        *(Figure(f"{name}: a second", rates[name]) for name in samples),
        *(
            Figure(f"{name}: CPU ms each", [1000 * x.client["cpu_s"] / x.rows for x in samples[name]])
            for name in samples
        ),
        Figure("rate, verdicts / ours", pairwise_ratio(rates[JUDGE.name], rates[OURS.name]), Target(">=", 0.95)),
    ]
    return _report("verdicts: 0 ms, 64 in flight", samples, figures)


def _in_turn(clients: tuple[Client, ...], options: Options, in_flight: int, **server_options: object) -> Samples:
    """Runs A B C A B C ..., so that a busy spell of the machine hits all alike."""
    rows = options.rows or _ROWS
    with serving(**server_options) as server:
        rounds = [
            [ask(server, client, rows, in_flight) for client in clients] for _ in range(options.repeat or _REPEAT)
        ]
    return {client.name: [each[number] for each in rounds] for number, client in enumerate(clients)}


def _over_ideal(samples: Samples, ideal: Callable[[Sample], float], target: Target) -> list[Figure]:
    figures = [Figure(f"{name}: seconds", [x.seconds for x in runs]) for name, runs in samples.items()]
    for name, runs in samples.items():
        ratios = [x.seconds / ideal(x) for x in runs]
        figures.append(Figure(f"{name}: seconds / ideal", ratios, target if name == OURS.name else None))
    return figures


def _report(what: str, samples: Samples, figures: list[Figure]) -> Report:
    return Report(f"{what}; {samples[OURS.name][0].rows} rows, all good", figures)
