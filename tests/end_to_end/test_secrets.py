"""A server that repeats all it gets: no secret is in any file, log line or screen, and no redirect is followed."""

from typing import Any

import pytest
import yaml

from tests.support.project import TRACKED, Project
from tests.support.secret_search import traces_in, traces_of
from tests.support.server import FaultServer

_KEY = "sk-own-key-0123456789"
_HEADER = 'te"nant\\pass/w0rd+%x'
_BEARER = "bearer-token-abcdef"
_QUERY = "sig+na/ture=%3D&x"
_IN_ADDRESS = "query-of-address"
_SECRETS = (_KEY, _HEADER, _BEARER, _QUERY, _IN_ADDRESS)
_HEADERS = {"X-Tenant": _HEADER, "X-Upstream-Authorization": f"Bearer {_BEARER}", "X-Short": "abc123"}


def _configure(project: Project, **kwargs: Any) -> None:
    """Writes the catalog of `conf/local`, as a user with a gateway does; it is read with `--env openai` too."""
    entry = {
        "type": "synthetic_textcat.datasets.ChatModelDataset",
        "class_path": "langchain_openai.ChatOpenAI",
        "kwargs": {"timeout": 20, "max_retries": 0, "default_headers": _HEADERS, **kwargs},
    }
    project.path("conf/local/catalog.yml").write_text(yaml.safe_dump({"llm": entry}), encoding="utf-8")


def _log_everything(project: Project) -> None:
    path = project.path("conf/logging.yml")
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name in ("synthetic_textcat", "openai", "httpx2", "aiohttp", "asyncio", "kedro.io"):
        config["loggers"][name] = {"level": "DEBUG"}
    config["handlers"]["rich"] |= {"rich_tracebacks": True, "tracebacks_show_locals": True}
    path.write_text(yaml.safe_dump(config), encoding="utf-8")


def _env(server: FaultServer) -> dict[str, str]:
    return {"OPENAI_API_KEY": _KEY, "OPENAI_BASE_URL": f"{server.url}?api-version=1&code={_IN_ADDRESS}"}


def test_what_a_server_repeats_is_masked_in_all_that_is_written_and_shown(project: Project) -> None:
    with FaultServer(echo_reply=0.5, echo_error=0.2, sticky=True) as server:
        _configure(project, default_query={"signature": _QUERY})
        _log_everything(project)
        lenient = {"min_yield": 0, "thresholds": {"near_duplicates": {"fail": None}, "parsed": {"fail": None}}}
        project.parameters(quality_report=lenient)
        few = "llm.model=m,attribute_sampling.num_examples=40,tracking.trace_share=1"
        done = project.run("--env", "openai", "--params", few, **_env(server), **TRACKED)
        heard = server.stats()["by_fault"]
    publish = project.run("--pipelines", "publish", "--params", "publish.repository=me/rows,publish.dry_run=true")
    shown = project.kedro("catalog", "resolve-patterns", "--env", "openai", **_env(server))
    said = "".join(each.stdout + each.stderr for each in (done, publish, shown))
    assert (done.returncode, publish.returncode, shown.returncode) == (0, 0, 0), said
    assert heard["echo_reply"]
    assert heard["echo_error"]
    assert len(project.table("examples")) > 3
    assert {completion["status"] for completion in project.journal()} == {"replied", "server_error"}
    assert "***" in project.path("data/03_primary/completions.jsonl").read_text(encoding="utf-8")
    assert "***" in said
    assert traces_of(_SECRETS, said.replace("\n", "")) == []
    assert traces_of(_SECRETS, " ".join(said.split())) == []
    assert traces_in(project.folder, _SECRETS) == {}
    assert " ".join(said.split()).count("not masked in files and logs: header X-Short of default_headers") == 1


@pytest.mark.slow
def test_a_server_can_not_steer_the_terminal(project: Project, server: FaultServer) -> None:
    server.set_faults(known_model="another")
    model = {"llm": {"model": "m\x1b[2J\x07\u202ex\nplanned   9"}}
    project.path("conf/openai/parameters.yml").write_text(yaml.safe_dump(model), encoding="utf-8")
    done = project.run("--env", "openai", **_env(server))
    said = done.stdout + done.stderr
    assert "does not exist" in done.stderr
    assert "[2Jx planned 9" in done.stderr
    assert all(each.isprintable() or each == "\n" for each in said), ascii(said)


def test_a_key_with_a_line_break_is_told_before_the_first_call(project: Project, server: FaultServer) -> None:
    done = project.run("--env", "openai", **{**_env(server), "OPENAI_API_KEY": f"{_KEY}\n"})
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "Error: OPENAI_API_KEY ends in a line break, which can't be sent in a header. Next: set it to the key alone"
    )
    assert server.stats()["requests"] == 0


def test_no_redirect_is_followed(project: Project) -> None:
    with FaultServer() as other, FaultServer(always="redirect", redirect_to=other.url) as server:
        _configure(project)
        few = "llm.model=m,attribute_sampling.num_examples=5"
        done = project.run("--env", "openai", "--params", few, **_env(server))
        assert done.returncode == 1
        assert other.stats()["requests"] == 0
        assert server.stats()["requests"] == 1
        assert f"redirects to {other.url}/chat/completions, which is not followed (status 307)" in done.stderr
