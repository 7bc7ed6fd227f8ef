"""Crash recovery: `kill -9` in every phase of a project's first run, and what the next run finds and pays again."""

import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import yaml

from benchmarks.figures import Figure, Report, Target
from benchmarks.processes import BenchmarkError, Options, openai_environment
from tests.support.server import FaultServer

if TYPE_CHECKING:
    from tests.support.project import Project

_KILLS, _AT_ONCE = 300, 2
_GOLDEN = (5**0.5 - 1) / 2
_ROWS, _IN_FLIGHT, _LATENCY_MS = 60, 4, 100
_POLL_S, _TOO_LONG_S = 0.002, 120.0
_TOLD_EVERY = 20
_TASK = [{"task": "Sort a support ticket by team.", "labels": ["Billing", "Shipping", "Returns"]}]
_PARAMETERS = (
    f"attribute_sampling.num_examples={_ROWS},generation.max_concurrency={_IN_FLIGHT},"
    "task_ingest.num_brainstormed=6,task_ingest.brainstorm_round=2"
)
_COMMAND = ("--pipelines", "generate", "--env", "openai", "--params", _PARAMETERS)
_JOURNAL = "data/03_primary/completions.jsonl"
_PAID_AGAIN = _IN_FLIGHT + _IN_FLIGHT * 1000 // _LATENCY_MS
"""The promise: the calls in flight at the kill, and what arrived in the second before it."""


class Phase(NamedTuple):
    """A part of a run, which begins when `has_begun` first holds."""

    name: str
    has_begun: Callable[[Path], bool]


def _is_there(path: str) -> Callable[[Path], bool]:
    return lambda folder: (folder / path).exists()


def _has_lines(path: str, lines: int) -> Callable[[Path], bool]:
    return lambda folder: (folder / path).exists() and (folder / path).read_bytes().count(b"\n") >= lines


_PHASES = (
    Phase("start-up", lambda _: True),
    Phase("brainstorming", _is_there("data/02_intermediate/brainstorm_completions.jsonl")),
    Phase("first calls", _is_there("data/03_primary/calls.parquet")),
    Phase("middle", _has_lines(_JOURNAL, _ROWS // 4)),
    Phase("settling", _has_lines(_JOURNAL, _ROWS)),
    Phase("checks", _is_there("data/04_feature/candidates.parquet")),
    Phase("report", _is_there("data/08_reporting/ledger.json")),
    Phase("export", _is_there("data/08_reporting/quality_report.html")),
    Phase("MLflow", _is_there("data/05_model_input/export/huggingface")),
)


class Moment(NamedTuple):
    """When to kill: after this share of a phase."""

    phase: Phase
    share: float


class Outcome(NamedTuple):
    """What one kill came to. All numbers but `ended_first` and `paid_again` are 0 where all promises hold."""

    phase: str
    ended_first: int
    unreadable: int
    failed_reruns: int
    rows_lost: int
    unbalanced: int
    unrecorded: int
    paid_again: int


def kills(options: Options) -> Report:
    """Kills first runs, an equal number in each phase at evenly spread moments, and runs the same command again."""
    number = options.repeat or _KILLS
    lengths = _phase_lengths()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        outcomes = []
        for outcome in pool.map(lambda moment: _kill(moment, lengths[moment.phase.name]), _moments(number)):
            outcomes.append(outcome)
            if any(outcome[2:-1]) or outcome.paid_again > _PAID_AGAIN:
                print(f"  broken promise: {outcome}", file=sys.stderr, flush=True)
            if len(outcomes) % _TOLD_EVERY == 0:
                worst = max(each.paid_again for each in outcomes)
                print(f"  {len(outcomes)} kills; at most {worst} answers paid twice", file=sys.stderr, flush=True)
    spread = ", ".join(f"{phase.name} {sum(x.phase == phase.name for x in outcomes)}" for phase in _PHASES)
    return Report(f"kills: {number} x kill -9 of first runs ({spread})", _figures(outcomes))


def _figures(outcomes: Sequence[Outcome]) -> list[Figure]:
    sums = {
        "runs that had ended before the kill": "ended_first",
        "files unreadable after the kill": "unreadable",
        "reruns that failed": "failed_reruns",
        "rows without an end after the rerun": "rows_lost",
        "accounts that do not balance": "unbalanced",
        "reruns that MLflow does not have": "unrecorded",
    }
    figures = [
        Figure(name, [sum(getattr(outcome, field) for outcome in outcomes)], Target("<=", 0) if at else None)
        for at, (name, field) in enumerate(sums.items())
    ]
    again = [outcome.paid_again for outcome in outcomes]
    worst = Figure("most answers paid twice in a run", [max(again)], Target("<=", _PAID_AGAIN))
    return [*figures, Figure("answers paid twice", again), worst]


def _moments(number: int) -> Iterator[Moment]:
    """Phases in turn; the shares within a phase are evenly spread at any number (a Kronecker sequence)."""
    for kill in range(number):
        yield Moment(_PHASES[kill % len(_PHASES)], (0.5 + kill // len(_PHASES) * _GOLDEN) % 1)


def _phase_lengths() -> dict[str, float]:
    """Seconds of each phase: medians of three whole first runs, as many at once as kills will be."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        timed = list(pool.map(lambda _: _time_phases(), range(_AT_ONCE + 1)))
    return {phase.name: median(each[phase.name] for each in timed) for phase in _PHASES}


def _time_phases() -> dict[str, float]:
    with _first_run() as run:
        begun = [run.wait_for(phase) for phase in _PHASES]
        run.process.wait(_TOO_LONG_S)
        if run.process.returncode:
            raise BenchmarkError(f"a first run ended with {run.process.returncode}: {run.output()}")
        ends = [*begun[1:], time.monotonic()]
    return {phase.name: end - start for phase, start, end in zip(_PHASES, begun, ends, strict=True)}


def _kill(moment: Moment, phase_s: float) -> Outcome:
    phase = moment.phase
    with _first_run() as run:
        run.wait_for(phase)
        time.sleep(moment.share * phase_s)
        ended_first = run.process.poll() is not None
        run.process.send_signal(signal.SIGKILL)
        run.process.wait(_TOO_LONG_S)
        unreadable = sum(not _is_readable(path) for path in run.files())
        rerun = run.project.run(*_COMMAND, **run.env)
        if rerun.returncode:
            print(f"  rerun after {phase.name} at {moment.share:.2f}: {rerun.stdout}{rerun.stderr}", file=sys.stderr)
            return Outcome(phase.name, ended_first, unreadable, 1, _ROWS, 1, 1, 0)
        ledger = run.project.ledger()
        ends = [ledger["accepted"], ledger["surplus"], *ledger["rejected"].values(), *ledger["failed"].values()]
        return Outcome(
            phase=phase.name,
            ended_first=ended_first,
            unreadable=unreadable + sum(not _is_readable(path) for path in run.files()),
            failed_reruns=0,
            rows_lost=_ROWS - sum(ends),
            unbalanced=ledger["planned"] != sum(ends) + ledger["not_run"],
            unrecorded=not _is_recorded(run.project),
            paid_again=run.server.stats()["repeated_prompts"],
        )


def _is_recorded(project: "Project") -> bool:
    """Whether the rerun is in MLflow as finished, and no other run seems to go on."""
    statuses = project.run_statuses()
    return "FINISHED" in statuses and "RUNNING" not in statuses


def _is_readable(path: Path) -> bool:
    """Whether a file is whole; of a journal, all lines but a torn last one."""
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            pq.read_table(path)
        elif path.suffix == ".jsonl":
            _ = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return False
    return True


class _Run:
    """A first run of a new copy of the project, under way."""

    def __init__(self, project: "Project", server: FaultServer) -> None:
        self.project = project
        self.server = server
        self.env = openai_environment(server.url) | {"TEXTCAT_TRACKING": "on"}
        self.process = project.start(*_COMMAND, **self.env)

    def wait_for(self, phase: Phase) -> float:
        """Waits until the phase begins, or the run has ended; when that was."""
        latest = time.monotonic() + _TOO_LONG_S
        while not phase.has_begun(self.project.folder) and self.process.poll() is None:
            if time.monotonic() > latest:
                raise BenchmarkError(f"{phase.name} does not begin")
            time.sleep(_POLL_S)
        return time.monotonic()

    def files(self) -> list[Path]:
        """What the run has written; temporary files, which begin with a dot, are no results."""
        found = (path for path in self.project.path("data").rglob("*") if path.is_file())
        return [path for path in found if not any(part.startswith(".") for part in path.parts)]

    def output(self) -> str:
        """What it printed."""
        assert self.process.stdout is not None
        return self.process.stdout.read()[-4000:]


@contextmanager
def _first_run() -> Iterator[_Run]:
    from tests.support.project import Project  # loads MLflow, which the other scenarios should not wait for

    with tempfile.TemporaryDirectory() as folder, FaultServer(latency_ms=_LATENCY_MS) as server:
        project = Project(Path(folder))
        project.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump(_TASK), encoding="utf-8")
        run = _Run(project, server)
        try:
            yield run
        finally:
            run.process.kill()
            run.process.communicate()
