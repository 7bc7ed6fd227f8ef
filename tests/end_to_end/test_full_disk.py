"""A disk that fills up while answers come in."""

import resource
import subprocess

import pytest

from tests.support.project import KEDRO, Project, environment
from tests.support.server import FaultServer

_ROOM = 150_000
_SIZE = ("--params", "attribute_sampling.num_examples=400,generation.max_concurrency=8")
_GENERATE = ("--pipelines", "generate", "--env", "openai", *_SIZE)


def _with_little_room() -> None:
    """No file of the process may grow past this; its end is told as a full disk's is, by an error of `write`."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (_ROOM, resource.RLIM_INFINITY))


@pytest.mark.slow
def test_it_ends_the_run_in_one_line_and_what_was_saved_is_kept(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=50)
    done = subprocess.run(
        [KEDRO, "run", *_GENERATE],
        cwd=project.folder,
        env=environment(**openai_env, TEXTCAT_TRACKING="off"),
        preexec_fn=_with_little_room,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 1
    assert "Can't write" in done.stderr
    assert "make room" in done.stderr
    assert "Traceback" not in done.stderr
    saved, asked = len(project.journal()), server.stats()["requests"]
    assert 0 < saved < asked < 400  # it has stopped asking

    server.set_faults()
    project.generate("--env", "openai", *_SIZE, **openai_env)
    assert project.counts()["examples"] == 400
    assert len({line["request_id"] for line in project.journal()}) == 400
    assert server.stats()["requests"] == 400 + asked - saved  # what could not be saved is all that is asked again
