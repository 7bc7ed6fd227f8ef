"""Money is spent only when its result can be kept: the journal, the disk, the lock and the descriptors come first."""

import re
import resource
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from tests.support.project import KEDRO, UP_TO_THE_CALLS, Project, environment
from tests.support.server import FaultServer

_JOURNAL = "data/03_primary/completions.jsonl"
_ASKING = ("--pipelines", UP_TO_THE_CALLS)
_OPENAI = (*_ASKING, "--env", "openai", "--params")


def _run(
    project: Project,
    command: Sequence[str],
    env: dict[str, str],
    before: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=project.folder,
        env=environment(**env, TEXTCAT_TRACKING="off"),
        preexec_fn=before,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    [line] = [line for line in done.stderr.splitlines() if line.strip()]
    assert "Next: " in line
    return line


def test_more_calls_than_descriptors_are_fitted_and_none_is_lost(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=200)
    size = "attribute_sampling.num_examples=400,generation.max_concurrency=300"

    def few_descriptors() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (192, 192))

    done = _run(project, [KEDRO, "run", *_OPENAI, size], openai_env, few_descriptors)

    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert said.count("generation.max_concurrency: ") == 1
    assert "not 300, since this process may have 192 files and connections open" in said
    assert server.stats()["requests"] == len(project.journal()) == 400
    assert len(project.table("candidates")) == 400


def test_of_two_projects_on_one_journal_one_asks(
    tmp_path: Path, server: FaultServer, openai_env: dict[str, str]
) -> None:
    shared = tmp_path / "shared.jsonl"
    projects = [Project(tmp_path / name) for name in ("one", "two")]
    for project in projects:
        project.path(_JOURNAL).parent.mkdir(parents=True)
        project.path(_JOURNAL).symlink_to(shared)
    server.set_faults(latency_ms=600)
    size = "attribute_sampling.num_examples=40,generation.max_concurrency=8"

    running = [project.start(*_OPENAI, size, **openai_env) for project in projects]
    outputs = [process.communicate(timeout=120)[0] for process in running]

    assert sorted(process.returncode for process in running) == [0, 1], outputs
    refused = " ".join(outputs[[process.returncode for process in running].index(1)].split())
    assert "Another run is writing data/03_primary/completions.jsonl" in refused
    assert "Traceback" not in refused
    assert server.stats()["requests"] == 40
    assert len(shared.read_bytes().splitlines()) == 40


@pytest.mark.slow
def test_a_disk_that_is_full_is_told_before_the_first_call(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))

    parameters = "task_ingest.num_brainstormed=3,attribute_sampling.num_examples=30"
    said = _complaint(_run(project, [KEDRO, "run", *_OPENAI, parameters], openai_env, no_room))

    assert "Can't write data/02_intermediate/brainstorm_completions.jsonl: File too large. Next: make room" in said
    assert server.stats()["requests"] == 0


def _can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _can_mount(), reason="no mounts of one's own here")
def test_a_read_only_file_system_is_told_before_the_first_call(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    project.path("data/03_primary").mkdir()
    mount = "mount --bind data/03_primary data/03_primary && mount -o remount,ro,bind data/03_primary && cd . && "
    parameters = "task_ingest.num_brainstormed=3,attribute_sampling.num_examples=30"
    command = ["unshare", "-rm", "sh", "-c", f'{mount} exec "$@"', "sh", KEDRO, "run", *_OPENAI, parameters]

    said = _complaint(_run(project, command, openai_env))

    assert re.search(
        r"Can't write data/03_primary/\S+: Read-only file system. Next: mount the file system for writing", said
    )
    assert server.stats()["requests"] == 0


@pytest.mark.slow
def test_a_journal_in_a_bucket_is_refused_before_the_first_call(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    entry = {"type": "synthetic_textcat.datasets.JournalDataset", "filepath": "s3://bucket/completions.jsonl"}
    catalog = project.path("conf/openai/catalog_mine.yml")
    catalog.write_text(yaml.safe_dump({"completions": entry, "journal": entry}), encoding="utf-8")
    parameters = "task_ingest.num_brainstormed=3,attribute_sampling.num_examples=30"

    said = _complaint(_run(project, [KEDRO, "run", *_OPENAI, parameters], openai_env))

    assert "The journal can't be s3://bucket/completions.jsonl" in said
    assert server.stats()["requests"] == 0

    entry["filepath"] = "data/elsewhere.jsonl"
    catalog.write_text(yaml.safe_dump({"completions": entry}), encoding="utf-8")
    said = _complaint(_run(project, [KEDRO, "run", *_OPENAI, parameters], openai_env))

    assert "completions and journal are two files in the catalog" in said
    assert server.stats()["requests"] == 0


def test_damaged_lines_cost_their_rows_and_a_missing_line_break_nothing(project: Project) -> None:
    command = [KEDRO, "run", *_ASKING, "--params", "attribute_sampling.num_examples=30"]
    _run(project, command, {})
    path = project.path(_JOURNAL)
    lines = path.read_bytes().splitlines()
    lines[2] = lines[2].replace(b'"attempt":1', b'"attempt":"1"')
    lines[6] = lines[6][:-1].rpartition(b'"raw_text":')[0] + b'"raw_text":null}'
    damaged = b"\n".join(lines)
    path.write_bytes(damaged)

    said = " ".join(_run(project, command, {}).stdout.split())

    assert "2 of 30 planned rows" in said
    assert f"{_JOURNAL}: no valid completion in line 3 (attempt is a text, and should be a whole number), 7 (" in said
    assert said.count("no valid completion") == 1
    assert path.read_bytes().startswith(damaged + b"\n")
    assert len(path.read_bytes().splitlines()) == 32
    assert len(project.table("candidates")) == 30


@pytest.mark.slow
def test_huge_replies_make_a_small_journal_and_a_named_cause(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(always="junk")
    parameters = "attribute_sampling.num_examples=4,generation.max_attempts=2"

    done = _run(project, [KEDRO, "run", *_OPENAI, parameters], openai_env)

    assert done.returncode == 0, done.stdout + done.stderr
    assert server.stats()["requests"] == len(project.journal()) == 8
    assert project.path(_JOURNAL).stat().st_size < 8 * 250_000
    failed = project.table("failed")
    assert set(failed["failure_cause"]) == {"schema_violation"}
    assert failed["detail"].str.contains(r"the reply has 4,\d{3},\d{3} characters; at most 100,000 are read").all()


@pytest.mark.slow
def test_a_closed_terminal_costs_nothing_and_nothing_else_gets_into_the_journal(project: Project) -> None:
    command = [KEDRO, "run", *_ASKING, "--params", "attribute_sampling.num_examples=20"]

    done = _run(project, ["sh", "-c", 'exec "$@" >&- 2>&- <&-', "sh", *command], {})

    assert done.returncode == 0
    assert len(project.journal()) == 20
    assert project.path(_JOURNAL).read_bytes().startswith(b'{"fingerprint":')
