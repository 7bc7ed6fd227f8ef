"""A packaged project: wheel and archive of `kedro package`, in a folder that holds data/01_raw only."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.project import ROOT, environment

_ROWS = "attribute_sampling.num_examples=20"


def _archive(folder: Path) -> Path:
    """A folder with the raw data, and the archive of the configuration in it."""
    shutil.copytree(ROOT / "data" / "01_raw", folder / "data" / "01_raw")
    archive = folder / "conf-synthetic_textcat.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:  # as `kedro package` packs it
        packed.add(ROOT / "conf", "conf", filter=lambda item: None if "/local/" in item.name else item)
    return archive


def _run(folder: Path, archive: Path, params: str, **env: str) -> None:
    command = [sys.executable, "-m", "synthetic_textcat", "--pipelines", "generate", f"--conf-source={archive}"]
    done = subprocess.run(
        [*command, "--params", params],
        cwd=folder,
        env=environment(TEXTCAT_TRACKING="off", **env),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "data/05_model_input/export/huggingface/README.md").is_file()


@pytest.mark.slow
def test_the_whole_job_runs_with_an_archived_configuration(tmp_path: Path) -> None:
    _run(tmp_path, _archive(tmp_path), _ROWS)


@pytest.mark.slow
def test_the_wheel_generates_by_workers_that_have_it_too(tmp_path: Path) -> None:
    """As on a fleet: driver and workers have the package from the wheel, and the checkout is nowhere."""
    pytest.importorskip("distributed")
    project, site, folder = tmp_path / "project", tmp_path / "site", tmp_path / "elsewhere"
    shutil.copytree(ROOT / "src", project / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project / name)
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, project], env=own, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    folder.mkdir()
    guard = environment()["PYTHONPATH"].split(os.pathsep)[0]
    path = os.pathsep.join([guard, str(site)])
    _run(folder, _archive(folder), f"{_ROWS},cluster.local.workers=2", PYTHONPATH=path)
    assert list(folder.glob("data/03_primary/completions/shard-*.jsonl"))
