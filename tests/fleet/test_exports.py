"""Exports that workers of a Dask cluster write are those of one machine, to the byte."""

import hashlib
from pathlib import Path

import pytest

from benchmarks.clients.example_maker import make
from tests.fleet.cluster import Cluster
from tests.support.project import Project

pytestmark = pytest.mark.fleet

_ROWS = 3_000


def exported(folder: Path, *params: str) -> dict[str, str]:
    """Hashes of all files that a run of `export` writes, by name."""
    make(folder, _ROWS)
    project = Project.__new__(Project)
    project.folder = folder
    done = project.run("--pipelines", "export", *(("--params", ",".join(params)) if params else ()))
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    root = project.path("data/05_model_input")
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_workers_write_the_files_of_one_machine(tmp_path: Path) -> None:
    alone = exported(tmp_path / "alone")
    assert len(alone) > 200
    local = exported(tmp_path / "local", "cluster.local.workers=2", "cluster.rows_to_share=1000")
    assert local == alone
    with Cluster(tmp_path, 2) as cluster:
        params = (f"cluster.address={cluster.address}", "cluster.rows_to_share=1000")
        assert exported(tmp_path / "address", *params) == alone
    for name in ("local", "address"):
        left = [path for path in (tmp_path / name / "data/03_primary/completions").rglob("*") if path.is_file()]
        assert not left
