"""An earlier commit of this project, next to this one: both are run in turn, and must give the same results."""

import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from benchmarks.processes import ROOT, BenchmarkError

OURS = "ours"
_TEXTS = (".csv", ".jsonl")
T = TypeVar("T")


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Yields a temporary folder with the files of a Git revision; it runs in this environment's libraries.

    Raises:
        BenchmarkError: If Git does not know the revision.
    """
    done = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise BenchmarkError(f"--against {revision}: {done.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder)


def in_turn(run: Callable[[Path], T], against: str | None, repeat: int) -> dict[str, list[T]]:
    """Results of each run by name: `ours`, and the revision if there is one. The first of a pair takes turns.

    Args:
        run: Runs the benchmark with the code of a checkout.
        against: An earlier revision; None = this checkout alone.
        repeat: Number of runs of each.
    """
    if against is None:
        return {OURS: [run(ROOT) for _ in range(repeat)]}
    with checked_out(against) as earlier:
        roots = {OURS: ROOT, against: earlier}
        found: dict[str, list[T]] = {name: [] for name in roots}
        for number in range(repeat):
            for name in (OURS, against) if number % 2 else (against, OURS):
                found[name].append(run(roots[name]))
    return found


def refuse_other_results(one: Path, other: Path, later: Collection[str] = ()) -> int:
    """Compares the results in two folders row by row, and gives the number of compared files.

    Tables (Parquet) and JSON files are compared by value, CSV and JSON lines by byte. Pages and pictures are not: they
    name their moment.

    Args:
        one: A folder.
        other: The other one.
        later: Columns of tables that are not compared: an earlier commit has none.

    Raises:
        BenchmarkError: If a table or value is missing or differs.
    """
    names = {path.relative_to(folder) for folder in (one, other) for path in folder.rglob("*") if path.is_file()}
    compared = sorted(name for name in names if name.suffix in (".parquet", *_TEXTS, ".json"))
    for name in compared:
        if not ((one / name).exists() and (other / name).exists()):
            raise BenchmarkError(f"only one of both has {name}")
        if difference := _difference(one / name, other / name, later):
            raise BenchmarkError(f"{name} differs: {difference}")
    return len(compared)


def _difference(one: Path, other: Path, later: Collection[str]) -> str:
    if one.suffix in _TEXTS:
        return "" if one.read_bytes() == other.read_bytes() else "other lines"
    if one.suffix == ".json":
        return _other_value(*(json.loads(path.read_text(encoding="utf-8")) for path in (one, other)))
    return _other_cell(*(pd.read_parquet(path).drop(columns=[*later], errors="ignore") for path in (one, other)))


def _other_value(one: Any, other: Any) -> str:
    if one == other:
        return ""
    if isinstance(one, dict) and isinstance(other, dict):
        name = next(key for key in sorted({*one, *other}) if one.get(key) != other.get(key))
        return f"{name}: {str(one.get(name))[:200]} and {str(other.get(name))[:200]}"
    return f"{str(one)[:200]} and {str(other)[:200]}"


def _other_cell(one: pd.DataFrame, other: pd.DataFrame) -> str:
    if list(one.columns) != list(other.columns) or len(one) != len(other):
        return f"{len(one)} rows of {list(one.columns)} and {len(other)} of {list(other.columns)}"
    for name in one.columns:
        if not one[name].equals(other[name]):
            pairs = zip(one[name].astype(str), other[name].astype(str), strict=True)
            row, values = next(((row, pair) for row, pair in enumerate(pairs) if pair[0] != pair[1]), (0, ("", "")))
            return (
                f"{name} of row {row}: {values[0][:200]} and {values[1][:200]} ({one[name].dtype}, {other[name].dtype})"
            )
    return ""
