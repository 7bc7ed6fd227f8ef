"""CPU seconds and memory of a running process and its children, sampled from /proc; no figures without it.

Memory is the proportional set size (PSS): resident memory, in which a page that several processes share counts once.
"""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

POLL_S = 0.2
_KIB = 1024


class Sample(NamedTuple):
    """What the process and its children used at a moment: CPU seconds so far, and memory."""

    at: float
    cpu_s: float
    gb: float


@contextmanager
def watched(process: "subprocess.Popen[str]") -> Iterator[list[Sample]]:
    """Yields samples of the process and its children, taken by a thread until the process has ended."""
    samples: list[Sample] = []
    watching = threading.Thread(target=_watch, args=(process, samples))
    watching.start()
    try:
        yield samples
    finally:
        watching.join()


def _watch(process: "subprocess.Popen[str]", samples: list[Sample]) -> None:
    while process.poll() is None:
        tree = _tree(process.pid)
        samples.append(Sample(time.time(), sum(map(_cpu_s, tree)), sum(map(_memory_gb, tree))))
        time.sleep(POLL_S)


def _tree(root: int) -> set[int]:
    """The process and its children's children, as Linux tells; elsewhere nothing."""
    parents = dict(filter(None, map(_parent, Path("/proc").glob("[0-9]*/stat"))))
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _parent(stat: Path) -> tuple[int, int] | None:
    fields = _fields(stat)
    return (int(stat.parent.name), int(fields[1])) if fields else None


def _cpu_s(process: int) -> float:
    """Its own, and that of its children which have ended."""
    ticks = map(int, _fields(Path(f"/proc/{process}/stat"))[11:15])
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def _memory_gb(process: int) -> float:
    """Its PSS; 0 if the process has ended meanwhile."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0) * _KIB / 1e9


def _fields(stat: Path) -> list[str]:
    """What comes after the name; nothing if the process has ended meanwhile."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []
