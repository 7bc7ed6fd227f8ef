"""An earlier commit of this project, checked out beside it so that both are measured in one run."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import ROOT, BenchmarkError


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
