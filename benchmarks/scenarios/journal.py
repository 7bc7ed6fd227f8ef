"""How long the index of a long journal takes, and how much memory."""

import hashlib
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.clients.replied_line import replied_line
from benchmarks.figures import Figure, Report, Target
from benchmarks.processes import BenchmarkError, Options, run_module
from synthetic_textcat.llm.journal.journal import completion_line

_LINES = 1_000_000
_REPEAT = 3
_LINE_BYTES = 1100
_AT_ONCE = 10_000
_MIB_IN_GB = 1e9 / 2**20
_MARK = "@" * 64
_COMPLETION = replied_line(fingerprint=_MARK, request_id=_MARK, model_name="bench-model")


def journal(options: Options) -> Report:
    """Times `Journal(path)` in a fresh process."""
    lines = options.rows or _LINES
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "completions.jsonl"
        _write(path, lines)
        size_gb = path.stat().st_size / 1e9
        runs = [_read(path, lines) for _ in range(options.repeat or _REPEAT)]
    scale = lines / _LINES
    figures = [
        Figure("seconds", [x["seconds"] for x in runs], Target("<=", 15 * scale)),
        Figure("peak memory, GB", [x["peak_mib"] / _MIB_IN_GB for x in runs], Target("<=", 0.6)),
    ]
    return Report(f"journal: index of {lines} lines, {size_gb:.2f} GB", figures)


def _read(path: Path, lines: int) -> dict[str, float]:
    printed = run_module("benchmarks.clients.journal_index", path)
    if printed["lines"] != lines:
        raise BenchmarkError(f"{printed['lines']:g} of {lines} journal lines were read")
    print(f"  journal, {lines} lines: {printed['seconds']:.2f} s", file=sys.stderr, flush=True)
    return printed


def _write(path: Path, lines: int) -> None:
    """Lines that differ in fingerprint and request, made without the cost of a completion each."""
    if shutil.disk_usage(path.parent).free < 2 * lines * _LINE_BYTES:
        raise BenchmarkError(f"not enough room for a journal of {lines} lines in {path.parent}; try --rows 100000")
    words = "the lantern under the bridge " * _LINE_BYTES
    shortfall = _LINE_BYTES - len(completion_line(_COMPLETION))
    template = completion_line(replace(_COMPLETION, raw_text=words[:shortfall]))
    before, between, after = template.split(_MARK.encode())
    with path.open("wb") as file:
        for start in range(0, lines, _AT_ONCE):
            names = (hashlib.sha256(b"%d" % n).hexdigest().encode() for n in range(start, min(lines, start + _AT_ONCE)))
            file.write(b"".join(before + name + between + name + after for name in names))
