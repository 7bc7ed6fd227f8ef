"""`--env local_model`: the run starts the server of a GGUF file and ends it, without a key or any other set-up."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.gguf_files import write_gguf
from tests.support.project import PYTHONPATH, Project, end

_FAKE = str(Path(__file__).parents[1] / "support" / "fake_llama")
_ENV = {"PYTHONPATH": os.pathsep.join((_FAKE, PYTHONPATH))}
_ROWS = 12
_NOTE = "Written by a language model of 135M parameters: for meeting a real model, not for training."


def _arguments(project: Project, tail: bytes = b"") -> tuple[str, ...]:
    file = write_gguf(project.path("tiny-135M.gguf"), tail=tail)
    return ("--env", "local_model", "--params", f"llm.gguf={file},attribute_sampling.num_examples={_ROWS}")


def _servers(project: Project) -> list[str]:
    """Processes that serve a file of this project."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text(encoding="utf-8")
        except OSError:  # it ended meanwhile
            continue
        if "local_server" in command and str(project.folder) in command:
            found.append(command)
    return found


def _assert_no_server(project: Project) -> None:
    limit = time.monotonic() + 10
    while servers := _servers(project):
        assert time.monotonic() < limit, servers
        time.sleep(0.05)


def test_a_run_serves_its_file_says_what_wrote_the_rows_and_leaves_no_server(project: Project) -> None:
    output = project.generate(*_arguments(project), **_ENV)

    assert project.counts()["examples"] == _ROWS
    assert {line["model_name"] for line in project.journal()} == {"tiny-135M"}
    assert set(project.table("examples")["model_name"]) == {"tiny-135M"}
    card = project.path("data/05_model_input/export/huggingface/README.md").read_text(encoding="utf-8")
    report = project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    assert _NOTE in " ".join(output.split())
    assert _NOTE in report
    assert f"> **{_NOTE}**" in card
    _assert_no_server(project)


def test_a_file_that_is_no_model_is_one_line_before_anything_is_planned(project: Project) -> None:
    done = project.run("--env", "local_model", "--params", "llm.gguf=conf/base/parameters.yml", **_ENV)

    assert done.returncode == 1
    assert "is no GGUF file: it does not begin with GGUF" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not project.path("data/03_primary").exists()


@pytest.mark.slow
def test_an_interrupted_run_leaves_no_server_and_goes_on_from_its_journal(project: Project) -> None:
    arguments = _arguments(project, b"lazy")
    running = project.start("--pipelines", "generate", *arguments, **_ENV)
    project.wait_for_journal(2)
    assert _servers(project)

    code, output = end(running, signal.SIGINT)
    saved = project.journal()
    assert code == 130
    assert "the same command goes on" in output
    assert "Traceback" not in output
    _assert_no_server(project)

    project.generate(*arguments, **_ENV)
    assert project.journal()[: len(saved)] == saved
    assert len(project.journal()) == _ROWS
    _assert_no_server(project)
