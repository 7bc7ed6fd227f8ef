"""Several servers of one plan: the shards share them, and rows of one that does not answer are asked of the others."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from synthetic_textcat.errors import FatalAnswerError
from synthetic_textcat.llm.chat_models.server_list import ServerList
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.llm.shards.sharded_plan import ShardedPlan, ThreadWorkers
from tests.support.examples import cases
from tests.support.model_classes import OPENAI_CLASS
from tests.support.server import FaultServer
from tests.support.server_host import ServerHost

_NOBODY = "http://127.0.0.1:9/v1"
_ROWS = 24


@pytest.fixture(scope="module")
def servers(server_host: ServerHost) -> Iterator[list[FaultServer]]:
    """Two servers of one model."""
    with server_host.server() as first, server_host.server() as second:
        yield [first, second]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch, servers: list[FaultServer]) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any-key-will-do")
    for server in servers:
        server.set_faults()
        server.reset()


def _plan(folder: Path, **generation: Any) -> ShardedPlan:
    return ShardedPlan(
        folder,
        rows=_ROWS,
        generation=generation,
        spec=ChatModelSpec(OPENAI_CLASS),
        llm=LlmParameters(model="served-1", endpoint_name="my-fleet"),
    )


def _answers(plan: ShardedPlan, urls: Sequence[str], run_id: str = "run-1") -> list[Any]:
    list(plan.ask(ThreadWorkers(), run_id, shards=3, base_urls=urls))
    return [line for line in plan.lines() if line.replied]


def test_the_shards_take_the_servers_in_turn_and_the_answers_are_those_of_one_model(
    servers: list[FaultServer], tmp_path: Path
) -> None:
    plan = _plan(tmp_path)
    assert len(_answers(plan, [server.url for server in servers])) == _ROWS
    asked = [server.stats()["requests"] for server in servers]
    assert sum(asked) == _ROWS
    assert min(asked) >= _ROWS // 4
    assert len(_answers(plan, [servers[0].url], "run-2")) == _ROWS  # found again, whichever server gave them
    assert sum(server.stats()["requests"] for server in servers) == _ROWS


@pytest.mark.parametrize("place", cases([0, 1], 2))
def test_rows_of_a_server_that_is_down_are_asked_of_the_others(
    place: int, servers: list[FaultServer], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plan, urls = _plan(tmp_path), [server.url for server in servers]
    urls.insert(place, _NOBODY)  # the first call finds the first one
    with caplog.at_level(logging.WARNING):
        assert len(_answers(plan, urls)) == _ROWS
    assert len(plan.lines()) == _ROWS  # what was not sent is no call
    assert min(server.stats()["requests"] for server in servers) >= _ROWS // 4
    (said,) = {record.message for record in caplog.records if "asked of the other" in record.message}
    assert said.startswith(f"{_NOBODY} does not answer (No server answers")


@pytest.mark.whole_run  # it waits for seconds
def test_rows_of_a_server_that_begins_to_fail_are_asked_again_of_the_others(
    servers: list[FaultServer], tmp_path: Path
) -> None:
    servers[1].set_faults(always="server_error", after=5)
    plan = _plan(tmp_path, max_concurrency=6)
    assert {line.request_id for line in _answers(plan, [server.url for server in servers])} == {
        line.request_id for line in plan.lines()
    }
    failed = [line for line in plan.lines() if not line.replied]
    assert 3 <= len(failed) <= 12


def test_the_server_that_ends_the_run_is_named_with_the_parameter_of_its_address(
    servers: list[FaultServer], tmp_path: Path
) -> None:
    url = servers[0].url.removesuffix("/v1")
    with pytest.raises(FatalAnswerError) as error:
        _answers(_plan(tmp_path), [servers[1].url, url])
    assert str(error.value).startswith(f"{url}: The server does not know this model or path")
    assert "and its entry in cluster.base_urls to its address" in str(error.value)


def test_if_no_server_answers_the_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        Exception, match=r"No server answers.*Next: start it, or set its entry in cluster\.base_urls to"
    ):
        _answers(_plan(tmp_path), [_NOBODY, "http://127.0.0.1:11/v1"])


def test_a_server_that_does_not_answer_is_tried_again_by_one_call_after_a_while() -> None:
    now = [0.0]
    servers = ServerList(["a", "b", "c"], clock=lambda: now[0])
    assert servers.order(1)[0] == "b"
    for _ in range(3):
        servers.note("b", "refused")
    assert servers.down == {"b": "refused"}
    assert [servers.order(number)[0] for number in (0, 1, 2, 4)] == ["a", "c", "c", "a"]
    assert servers.order(1)[-1] == "b"
    now[0] += 60
    assert [servers.order(1)[0] for _ in range(2)] == ["b", "c"]
    servers.note("b")
    assert servers.order(1)[0] == "b"
    assert not servers.down
