"""Each recipe of CONTRIBUTING.md does what it promises, in a copy of the project that runs offline."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pandas as pd
import pytest

from synthetic_textcat.schemas.outcomes import DEFECTS
from tests.recipes.recipes import CopiedProject, recipes
from tests.support.project import ROOT, environment

_GENERATE = ("--pipelines", "generate", "--params", "attribute_sampling.num_examples=60")


_TOUCHED = (
    *("tests/schemas", "tests/pipelines/quality_report/checks", "tests/pipelines/export", "tests/llm/offline"),
    *("tests/pipelines/compare", "tests/llm/providers/test_files.py", "tests/llm/chat_models/test_answers.py"),
)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> CopiedProject:
    """A copy of the project with all recipes in it."""
    project = CopiedProject(tmp_path_factory.mktemp("recipes"))
    for recipe in recipes().values():
        recipe.carry_out(project.folder)
    return project


@pytest.fixture(scope="module")
def ran(changed: CopiedProject) -> CopiedProject:
    """The same after `generate`."""
    done = changed.run(*_GENERATE, **changed.env)
    assert done.returncode == 0, done.stdout + done.stderr
    return changed


def test_there_is_a_recipe_for_each_thing_that_is_added_most_and_it_is_short() -> None:
    exports = ("An export format", "An export format with files for each task")
    assert list(recipes()) == ["A check", *exports, "A provider", "An attribute", "A section of the report"]
    assert {name: recipe.lines for name, recipe in recipes().items() if recipe.lines > 10} == {}
    assert {len({file for _, file, _ in recipe.blocks}) for recipe in recipes().values()} == {1, 2}


def test_a_check_rejects_rows(ran: CopiedProject) -> None:
    rejected = ran.table("rejected")
    found = rejected[rejected["reject_reason"] == "beyond_window"]
    assert len(found) > 0
    assert found["input_text"].str.len().gt(1_000).all()
    assert ran.table("examples")["input_text"].str.len().le(1_000).all()
    assert ran.ledger()["rejected"]["beyond_window"] == len(found)


def test_a_check_that_the_offline_model_cannot_provoke_is_refused_as_a_defect(changed: CopiedProject) -> None:
    done = changed.run("--params", "llm.defects.beyond_window=0.1", **changed.env)
    assert done.returncode == 1
    [line] = done.stderr.strip().splitlines()
    assert f"the offline model can't inject 'beyond_window'; allowed: {', '.join(DEFECTS)}" in line


@pytest.mark.parametrize(
    ("file", "old", "new", "error"),
    [
        (
            "pipelines/quality_report/checks/row_checks.py",
            "def beyond_window",
            "def beyond_widnow",
            "ValueError: schemas.outcomes.REJECT_REASONS lacks the checks beyond_widnow",
        ),
        (
            "llm/providers/acme.csv",
            "quota_exhausted",
            "quota_exausted",
            "ValueError: acme.csv: unknown cause 'quota_exausted'; did you mean quota_exhausted?",
        ),
    ],
)
def test_a_misspelt_name_is_an_error(changed: CopiedProject, file: str, old: str, new: str, error: str) -> None:
    path = changed.folder / "src" / "synthetic_textcat" / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new), encoding="utf-8")
    code = (
        "import synthetic_textcat.pipelines.quality_report.checks.verdicts\n"
        "from synthetic_textcat.llm.providers.errors import known_errors; known_errors()"
    )
    done = _python(changed, code)
    path.write_text(text, encoding="utf-8")
    assert done.stderr.splitlines()[-1] == error


def test_a_format_writes_its_file(ran: CopiedProject) -> None:
    written = pd.read_json(ran.folder / "data" / "05_model_input" / "export" / "completions.jsonl", lines=True)
    assert list(written.columns) == ["prompt", "completion"]
    assert list(written["completion"]) == list(ran.table("examples")["label"])


def test_a_format_by_task_writes_a_file_for_each_task(ran: CopiedProject) -> None:
    examples = ran.table("examples")
    for task_id, rows in examples.groupby("task_id"):
        written = pd.read_json(ran.path(f"data/05_model_input/export/choices/{task_id}.jsonl"), lines=True)
        assert written["accept"].tolist() == rows["label"].tolist()
    assert len(list(ran.path("data/05_model_input/export/choices").iterdir())) == examples["task_id"].nunique()


def test_an_attribute_is_drawn_and_stands_in_the_prompt_and_the_tables(ran: CopiedProject) -> None:
    for table in ("requests", "examples"):
        assert set(ran.table(table)["tone"]) == {"formal", "angry"}
    assert abs(ran.table("requests")["tone"].value_counts().diff().iloc[-1]) <= ran.table("requests")["task"].nunique()
    assert ran.run("--pipelines", "preview", **ran.env).returncode == 0
    assert "tone: formal" in ran.path("data/03_primary/prompt_preview.md").read_text(encoding="utf-8").casefold()


def test_a_section_stands_on_the_page(ran: CopiedProject) -> None:
    page = ran.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    assert "Repeated texts" in page
    assert "have the text of another" in page


class _Acme(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"error": {"code": "tokens_spent", "message": "No tokens are left."}}).encode()
        self.send_response(400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def acme() -> Iterator[str]:
    """The address of a server that answers as the provider of the recipe."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Acme) as running:
        thread = Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/v1"
        running.shutdown()
        thread.join()


def test_a_providers_error_is_read_as_its_cause(changed: CopiedProject, acme: str) -> None:
    key = {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": acme}
    done = changed.run(*_GENERATE, "--env", "openai", **changed.env, **key)
    assert done.returncode == 1
    assert "The account's quota is used up: No tokens are left" in done.stderr.strip().splitlines()[-1]


def test_a_providers_words_and_token_counts_are_known(changed: CopiedProject) -> None:
    code = (
        "from synthetic_textcat.llm.chat_models.answers import finish_reason_of, read_usage\n"
        "print(finish_reason_of({'finish_reason': 'spoke_enough'}))\n"
        "print(read_usage({'tokens_in': 7, 'completion_tokens': 2}, True).prompt)\n"
    )
    assert _python(changed, code).stdout.split() == ["length", "7"]


@pytest.mark.slow
def test_no_rule_turns_red(changed: CopiedProject) -> None:
    """The tests of the places that recipes touch pass in the copy, with a limit that no text of theirs exceeds."""
    file = changed.folder / "src" / "synthetic_textcat" / "pipelines" / "quality_report" / "checks" / "row_checks.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("1_000", "1_000_000"), encoding="utf-8")
    shutil.copytree(ROOT / "tests", changed.folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *_TOUCHED],
        cwd=changed.folder,
        env=environment(**changed.env),
        capture_output=True,
        text=True,
        check=False,
    )
    file.write_text(text, encoding="utf-8")
    assert done.returncode == 0, done.stdout[-3000:]


def _python(project: CopiedProject, code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=project.folder,
        env=environment(**project.env),
        capture_output=True,
        text=True,
        check=False,
    )
