"""A disk that fills up while answers come in."""

import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.llm.builders import completion, write_journal
from tests.support.project import KEDRO, Project, environment
from tests.support.server import FaultServer

_ROOM = 150_000  # bytes of the journal for this run's answers
_BEFORE = (
    72  # million bytes in it before: the language check needs a file of 68 million, which must not be the full one
)
_SIZE = (
    "--params",
    "attribute_sampling.num_examples=400,generation.max_concurrency=8,generation.pause_task_after=null",
)
"""Tasks are never paused, so that nothing but the journal is written while answers come in."""

_GENERATE = ("--pipelines", "generate", "--env", "openai", *_SIZE)


def _with_little_room(size: int) -> None:
    """No file of the process may grow past this; its end is told as a full disk's is, by an error of `write`."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + _ROOM, resource.RLIM_INFINITY))


@pytest.mark.slow
def test_it_ends_the_run_in_one_line_and_what_was_saved_is_kept(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    old = [completion("x" * 99_000, request_id=f"old{number}") for number in range(_BEFORE * 10)]
    journal = project.path("data/03_primary/completions.jsonl")
    journal.parent.mkdir(parents=True, exist_ok=True)
    size = write_journal(journal, old).stat().st_size
    server.set_faults(latency_ms=50)
    done = subprocess.run(
        [KEDRO, "run", *_GENERATE],
        cwd=project.folder,
        env=environment(**openai_env, TEXTCAT_TRACKING="off"),
        preexec_fn=partial(_with_little_room, size),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 1
    assert "Can't write" in done.stderr
    assert "make room" in done.stderr
    assert "Traceback" not in done.stderr
    saved, asked = len(project.journal()) - len(old), server.stats()["requests"]
    assert 0 < saved < asked < 400  # it has stopped asking

    server.set_faults()
    project.generate("--env", "openai", *_SIZE, **openai_env)
    assert project.counts()["examples"] == 400
    assert len({line["request_id"] for line in project.journal()}) == 400 + len(old)
    assert server.stats()["requests"] == 400 + asked - saved  # what could not be saved is all that is asked again


def test_no_room_for_temporary_files_is_named_with_the_folder(tmp_path: Path) -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000));"
        "from synthetic_textcat.pipelines.quality_report.checks.language import check_language;"
        "check_language('A text that is long enough to be judged.', 'English')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(TMPDIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    line = done.stderr.splitlines()[-1]
    assert f"Can't unpack the language model in {tmp_path}: File too large. Next: make room there" in line
    assert line.endswith("TMPDIR")
