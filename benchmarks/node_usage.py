"""Time and memory of a `kedro run`, node by node."""

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import yaml

from benchmarks.process_tree import POLL_S, Sample, watched
from benchmarks.processes import BenchmarkError

if TYPE_CHECKING:
    from tests.support.project import Project

_DONE = "Completed node: "
_LOGGING = {
    "version": 1,
    "formatters": {"timed": {"format": "%(created).3f %(message)s"}},
    "handlers": {"plain": {"class": "logging.StreamHandler", "formatter": "timed", "stream": "ext://sys.stdout"}},
    "loggers": {"kedro": {"level": "INFO"}, "synthetic_textcat": {"level": "INFO"}},
    "root": {"handlers": ["plain"], "level": "WARNING"},
}


class NodeUsage(NamedTuple):
    """A node with the loading of its inputs and the saving of its outputs.

    Attributes:
        name: The node's; the first one has the start of the process, the last one its end.
        seconds: From the end of the node before.
        cpu_s: CPU seconds of the process and its children.
        peak_gb: Memory of the process and its children, together, at its highest.
    """

    name: str
    seconds: float
    cpu_s: float
    peak_gb: float


class RunUsage(NamedTuple):
    """A run: its nodes, in the order in which they ended."""

    nodes: Sequence[NodeUsage]

    @property
    def seconds(self) -> float:
        """All of the run."""
        return sum(node.seconds for node in self.nodes)

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all its processes."""
        return sum(node.cpu_s for node in self.nodes)

    @property
    def peak_gb(self) -> float:
        """The highest memory of all its processes together."""
        return max(node.peak_gb for node in self.nodes)


def measured_run(project: "Project", *arguments: str, **env: str) -> RunUsage:
    """Runs `kedro run` in a project and measures it.

    Args:
        project: The project, whose logging is replaced.
        *arguments: Of the command.
        **env: Environment variables.

    Raises:
        BenchmarkError: If the run fails.
    """
    project.path("conf/logging.yml").write_text(yaml.safe_dump(_LOGGING), encoding="utf-8")
    begun = time.time()
    running = project.start(*arguments, **env)
    with watched(running) as samples:
        output, _ = running.communicate()
    if running.returncode:
        raise BenchmarkError(f"kedro run ended with {running.returncode}:\n{output[-4000:]}")
    return RunUsage(list(_nodes(output, begun, time.time(), samples)))


def _nodes(output: str, begun: float, ended: float, samples: Sequence[Sample]) -> Iterator[NodeUsage]:
    lines = [line.partition(" ") for line in output.splitlines()]
    done = [(float(moment), text.removeprefix(_DONE)) for moment, _, text in lines if text.startswith(_DONE)]
    used = 0.0
    for number, (moment, text) in enumerate(done, start=1):
        end = moment if number < len(done) else ended
        within = [sample for sample in samples if begun - POLL_S <= sample.at <= end + POLL_S]
        so_far = max((sample.cpu_s for sample in within), default=used)
        peak = max((sample.gb for sample in within), default=0.0)
        yield NodeUsage(text.split(":")[0].strip().rpartition(".")[2], end - begun, so_far - used, peak)
        begun, used = end, so_far
