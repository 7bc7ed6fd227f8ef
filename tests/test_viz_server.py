"""Kedro-Viz's server, without the look-up of newer versions."""

import json
import subprocess
import sys

import pytest

from tests.support.project import environment

_VERSION = (
    "import synthetic_textcat.viz_server;"
    "from kedro_viz.api.rest.responses.version import get_version_response;"
    "print(get_version_response().model_dump_json())"
)


@pytest.mark.whole_run
def test_the_installed_version_counts_as_the_newest_and_no_host_is_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _VERSION], env=environment(), capture_output=True, text=True, check=True
    )
    version = json.loads(done.stdout.splitlines()[-1])
    assert version["is_outdated"] is False
    assert version["latest"] == version["installed"]
