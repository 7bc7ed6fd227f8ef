"""A packaged project: the archive of `kedro package` as configuration, in a folder that holds data/01_raw only."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.project import ROOT, environment


@pytest.mark.slow
def test_the_whole_job_runs_with_an_archived_configuration(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data" / "01_raw", tmp_path / "data" / "01_raw")
    archive = tmp_path / "conf-synthetic_textcat.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:  # as `kedro package` packs it
        packed.add(ROOT / "conf", "conf", filter=lambda item: None if "/local/" in item.name else item)
    command = [sys.executable, "-m", "synthetic_textcat", "--pipelines", "generate", f"--conf-source={archive}"]
    done = subprocess.run(
        [*command, "--params", "attribute_sampling.num_examples=20"],
        cwd=tmp_path,
        env=environment(TEXTCAT_TRACKING="off"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "data/05_model_input/export/huggingface/README.md").is_file()
