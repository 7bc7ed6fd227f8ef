"""`cluster.base_urls` serves every call of a run: no text of a user reaches the server that the variables name."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.support.project import Project
from tests.support.server import FaultServer
from tests.support.server_host import ServerHost

pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.whole_run]

_MODEL = "gpt-4o-mini"
_TYPE = "synthetic_textcat.datasets.ChatModelDataset"
_ROWS = 24


@pytest.fixture
def fleet(server_host: ServerHost) -> Iterator[list[FaultServer]]:
    """Two servers of one model."""
    with server_host.server() as first, server_host.server() as second:
        yield [first, second]


def _set_up(project: Project, fleet: list[FaultServer], **judge: Any) -> None:
    project.parameters(
        llm={"model": _MODEL, "endpoint_name": "my-fleet"},
        attribute_sampling={"num_examples": _ROWS},
        task_ingest={"num_brainstormed": 3, "max_calls": 6},
        label_check={"share": 1.0, **judge},
        quality_report={"min_yield": 0},
        cluster={"local": {"workers": 1}, "base_urls": [server.url for server in fleet]},
        quote={"pilot_rows": 4},
    )


def _requests(*servers: FaultServer) -> list[int]:
    return [server.stats()["requests"] for server in servers]


def test_tasks_pilot_rows_and_verdicts_are_asked_of_these_servers_alone(
    project: Project, server: FaultServer, fleet: list[FaultServer], openai_env: dict[str, str]
) -> None:
    _set_up(project, fleet)
    quoted = project.run("--pipelines", "quote", "--env", "openai", **openai_env)
    assert quoted.returncode == 0, quoted.stdout + quoted.stderr
    assert min(_requests(*fleet)) >= 2  # the pilot's rows and verdicts, in turn
    project.generate("--env", "openai", **openai_env)
    assert len(project.table("label_verdicts")) >= _ROWS // 2
    assert set(project.table("tasks")["source"]) == {"file", "brainstorm"}
    assert server.stats()["requests"] == 0


@pytest.mark.parametrize("named", ["the same model", "another model, with its address"])
def test_a_judge_of_its_own_is_asked_of_these_servers_only_as_the_same_model(
    named: str, project: Project, server: FaultServer, fleet: list[FaultServer], openai_env: dict[str, str]
) -> None:
    is_same = named == "the same model"
    _set_up(project, fleet, llm={"model": _MODEL if is_same else "gpt-4.1", "temperature": 0})
    if not is_same:
        entry = {"type": _TYPE, "class_path": "langchain_openai.ChatOpenAI", "kwargs": {"base_url": server.url}}
        project.path("conf/local/catalog.yml").write_text(yaml.safe_dump({"judge": entry}), encoding="utf-8")
    project.generate("--env", "openai", **openai_env)
    verdicts = len(project.table("label_verdicts"))
    assert verdicts >= _ROWS // 2
    assert server.stats()["requests"] == (0 if is_same else verdicts)


def test_a_judge_that_nobody_has_named_an_address_of_is_refused_before_the_first_call(
    project: Project, fleet: list[FaultServer], openai_env: dict[str, str]
) -> None:
    _set_up(project, fleet, llm={"model": "gpt-4.1"})
    done = project.run("--pipelines", "generate", "--env", "openai", **{**openai_env, "OPENAI_BASE_URL": ""})
    assert done.returncode == 1
    said = " ".join((done.stdout + done.stderr).split())
    assert "nothing says where the judge gpt-4.1 is. Next: set base_url in the catalog entry judge" in said
    assert "Traceback" not in said
    assert _requests(*fleet) == [0, 0]
    assert not project.journal()
