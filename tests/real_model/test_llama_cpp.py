"""What a real llama.cpp answers in cases that servers differ in, and what the product says: docs/measurements.md."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.real_model.llama import MODEL, LlamaServer, RealProject
from tests.support.project import environment

_TASK = "Sort a support ticket by its topic."
_SMALL = 256
"""Tokens of a context that a prompt fits in, and a reply without a limit mostly does not."""
_ODD = [
    'say "hi"',
    "it's late",
    "日本語の質問",
    "خدمة العملاء",
    "back\\slash",
    "a/b & <c>",
    "naïve café",
]


def _project(folder: Path, server: LlamaServer, labels: list[str], rows: int, **llm: Any) -> RealProject:
    blocks = {"attribute_sampling": {"num_examples": rows}, "generation": {"max_attempts": 1, "max_concurrency": 1}}
    project = RealProject(folder, server, **blocks, llm=llm)
    tasks = [{"task": _TASK, "labels": labels}]
    project.path("data/01_raw/tasks.yml").write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    return project


def _run(project: RealProject, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "kedro", "run", "--env", "openai", "--pipelines", "generate"],
        cwd=project.folder,
        env=environment(**{**project.server.env, **env}),
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )


def _labels(number: int) -> list[str]:
    return [f"Topic number {each}" for each in range(number)]


def test_a_prompt_beyond_the_context_is_a_failed_row_in_the_servers_words(tmp_path: Path) -> None:
    with LlamaServer(context=256) as server:
        project = _project(tmp_path, server, _labels(60), rows=2)
        done = _run(project)

    assert done.returncode == 0, done.stderr
    failed = project.table("failed")
    assert list(failed["failure_cause"]) == ["too_long"] * 2
    assert failed["detail"].str.contains("exceeds the available context size").all()


def test_an_unknown_model_is_answered_by_the_one_that_is_there(tmp_path: Path) -> None:
    with LlamaServer() as server:
        project = _project(tmp_path, server, ["Billing", "Returns"], rows=1, model="gpt-unknown")
        done = _run(project)

    assert done.returncode == 0, done.stderr
    assert {line["model_name"] for line in project.journal()} == {MODEL}
    assert f"The server answers as the model {MODEL}, and llm.model is gpt-unknown" in " ".join(done.stdout.split())


def test_a_wrong_key_is_one_line_and_one_call(tmp_path: Path) -> None:
    with LlamaServer() as server:
        project = _project(tmp_path, server, ["Billing", "Returns"], rows=4)
        done = _run(project, OPENAI_API_KEY="sk-a-wrong-key-0123456789")

    assert done.returncode == 1
    assert "The server refuses the key: Invalid API Key. Next: set OPENAI_API_KEY" in " ".join(done.stderr.split())
    assert "sk-a-wrong" not in done.stdout + done.stderr


def test_a_large_label_set_is_kept_to(tmp_path: Path) -> None:
    with LlamaServer() as server:
        project = _project(tmp_path, server, _labels(150), rows=2)
        done = _run(project)

    assert done.returncode == 0, done.stderr
    for line in project.journal():
        if line["finish_reason"] == "stop":
            assert json.loads(line["raw_text"])["label"] in _labels(150)


def test_a_label_set_beyond_the_context_fails_before_anything_is_written(tmp_path: Path) -> None:
    with LlamaServer() as server:
        project = _project(tmp_path, server, _labels(3_000), rows=1)
        done = _run(project)
        assert server.tokens().written == 0

    assert done.returncode == 0, done.stderr
    assert project.table("failed")["detail"].str.contains("exceeds the available context size").all()


def test_a_label_with_a_line_break_is_refused_before_any_call(tmp_path: Path) -> None:
    with LlamaServer() as server:
        project = _project(tmp_path, server, ["Billing", "line\nbreak"], rows=1)
        done = _run(project)
        assert server.tokens().read == 0

    assert done.returncode == 1
    assert "contains a line break; write the name on one line" in " ".join(done.stderr.split())


def test_labels_of_any_letters_come_back_as_they_are(tmp_path: Path) -> None:
    with LlamaServer() as server:
        project = _project(tmp_path, server, _ODD, rows=len(_ODD))
        done = _run(project)

    assert done.returncode == 0, done.stderr
    replies = [json.loads(line["raw_text"]) for line in project.journal() if line["finish_reason"] == "stop"]
    assert replies
    assert {reply[name] for reply in replies for name in ("label", "misleading_label")} <= set(_ODD)
    rejected = project.table("rejected")
    assert not set(rejected["reject_reason"]) & {"label_not_in_set", "misleading_label_not_in_set"}


def test_a_seed_gives_its_text_again_where_the_prompt_is_read_in_the_same_way(tmp_path: Path) -> None:
    """On a fresh server; part of a prompt from the server's cache changes the text (docs/measurements.md)."""
    texts = []
    for turn in ("first", "second"):
        (tmp_path / turn).mkdir()
        with LlamaServer(slots=1) as server:
            project = _project(tmp_path / turn, server, ["Billing", "Returns"], rows=3)
            done = _run(project)
        assert done.returncode == 0, done.stderr
        texts.append({line["request_id"]: line["raw_text"] for line in project.journal()})

    assert texts[0] == texts[1]


def test_a_seed_gives_its_text_again_on_one_server_that_keeps_no_prompts(tmp_path: Path) -> None:
    texts = []
    with LlamaServer(slots=1) as server:
        for turn in ("first", "second"):
            (tmp_path / turn).mkdir()
            project = _project(tmp_path / turn, server, ["Billing", "Returns"], rows=3)
            project.serve(extra_body={"cache_prompt": False})
            done = _run(project)
            assert done.returncode == 0, done.stderr
            texts.append({line["request_id"]: line["raw_text"] for line in project.journal()})
            assert {line["cached_tokens"] or 0 for line in project.journal()} == {0}

    assert texts[0] == texts[1]


def test_two_slots_at_once_lose_no_row_and_answers_in_the_journal_stay(tmp_path: Path) -> None:
    """Texts of one seed differ from run to run where slots work at once; a rerun asks nothing, so they stay."""
    with LlamaServer(slots=2) as server:
        project = _project(tmp_path, server, ["Billing", "Returns"], rows=6)
        project.configure(attribute_sampling={"num_examples": 6}, generation={"max_attempts": 1, "max_concurrency": 2})
        assert _run(project).returncode == 0
        first, counted = project.journal(), server.tokens()
        assert project.journal_tokens(first) == counted
        assert _run(project).returncode == 0
        assert server.tokens() == counted

    assert len({line["request_id"] for line in first}) == len(first) == 6
    assert project.journal() == first


def test_a_context_that_is_full_within_a_reply_is_truncated_by_the_server(tmp_path: Path) -> None:
    with LlamaServer(slots=1, context=_SMALL) as server:
        project = _project(tmp_path, server, ["Billing", "Returns"], rows=3, max_tokens=None, structured_output="none")
        done = _run(project)

    assert done.returncode == 0, done.stderr
    cut = [line for line in project.journal() if line["finish_reason"] == "length"]
    assert cut
    assert all(_SMALL - 2 <= line["prompt_tokens"] + line["completion_tokens"] <= _SMALL for line in cut)
    failed = project.table("failed")
    found = failed[failed["failure_cause"] == "truncated"]["detail"]
    assert len(found) == len(cut)
    assert found.str.contains("it is the server's own, such as its context size: llm.max_tokens set none").all()
