"""Which models of a run are asked at the addresses of `cluster.base_urls`, and which judge is refused."""

from typing import Any

import pytest
from kedro.io import DataCatalog

from synthetic_textcat.datasets import ChatModelDataset
from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.hooks.model_servers import serve_at_base_urls
from synthetic_textcat.pipeline_registry import register_pipelines
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.model_classes import OPENAI_CLASS

_URLS = ("http://gpu-1/v1", "http://gpu-2/v1")
_ADDRESS = "http://judge/v1"


@pytest.fixture(autouse=True)
def _no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)


def _servers(
    pipeline: str, judge: dict[str, Any] | None = None, class_path: str = OPENAI_CLASS, **entry: Any
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Servers of writer and judge, with a share of the rows to be judged."""
    kept = _catalog(class_path, **entry)
    serve_at_base_urls(_parameters(judge), register_pipelines()[pipeline], kept)
    return kept.load("llm").servers, kept.load("judge").servers


def _catalog(class_path: str, **entry: Any) -> DataCatalog:
    writer = ChatModelDataset(class_path=OPENAI_CLASS)
    return DataCatalog({"llm": writer, "judge": ChatModelDataset(class_path=class_path, **entry)})


def _parameters(judge: dict[str, Any] | None, share: float = 0.5) -> dict[str, Any]:
    return {
        "llm": {"model": "my-model", "endpoint_name": "my-fleet"},
        "label_check": {"share": share, "llm": judge},
        "cluster": {"address": "tcp://host:8786", "base_urls": list(_URLS)},
    }


@pytest.mark.parametrize("pipeline", ["generate", "quote", "task_ingest", "generation", "label_check", "preview"])
def test_the_writer_is_asked_there_in_each_pipeline_that_has_it(pipeline: str) -> None:
    assert _servers(pipeline)[0] == _URLS


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://gpu-2:abc/v1", "has an invalid port"),
        ("http://gpu-2:99999/v1", "has an invalid port"),
        ("http://gpu 2/v1", "contains a blank"),
        ("http://gpu-2/v1#a", "contains a #"),
        ("http://gpu-2/v1/chat/completions", "ends in /chat/completions"),
    ],
)
def test_each_address_is_checked_before_any_call(url: str, says: str) -> None:
    parameters = _parameters(None)
    parameters["cluster"]["base_urls"] = [_URLS[0], url]
    with pytest.raises(ModelSetupError, match=rf"cluster\.base_urls: entry 2 {says}.*Next:"):
        serve_at_base_urls(parameters, register_pipelines()["generate"], _catalog(OPENAI_CLASS))


def test_it_keeps_its_fingerprint() -> None:
    catalog, llm = _catalog(OPENAI_CLASS), LlmParameters(model="my-model", endpoint_name="my-fleet")
    before = catalog.load("llm").identity_of(llm)
    serve_at_base_urls(_parameters(None), register_pipelines()["generate"], catalog)
    assert catalog.load("llm").servers
    assert catalog.load("llm").identity_of(llm) == before


def test_a_judge_of_its_own_is_asked_there_if_it_is_the_same_model_and_names_no_address() -> None:
    same = {"model": "my-model", "temperature": 0.0}
    assert _servers("generate", same) == (_URLS, _URLS)
    assert _servers("generate", {"temperature": 0.0}) == (_URLS, _URLS)
    assert _servers("generate", same, kwargs={"base_url": None}) == (_URLS, _URLS)
    assert _servers("generate", same, kwargs={"base_url": _ADDRESS}) == (_URLS, ())
    assert _servers("generate", {"model": "claude"}, "langchain_anthropic.ChatAnthropic") == (_URLS, ())


@pytest.mark.parametrize("pipeline", ["generate", "quote", "label_check"])
def test_another_judge_needs_an_address(pipeline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"model": "gpt-4.1"}
    assert _servers(pipeline, other, kwargs={"base_url": _ADDRESS}) == (_URLS, ())
    with pytest.raises(ModelSetupError, match=r"serves my-model, and nothing says where the judge gpt-4\.1 is\. Next:"):
        _servers(pipeline, other)
    monkeypatch.setenv("OPENAI_BASE_URL", _ADDRESS)
    assert _servers(pipeline, other) == (_URLS, ())


def test_a_judge_that_is_not_asked_needs_none() -> None:
    catalog, pipelines = _catalog(OPENAI_CLASS), register_pipelines()
    for name, share in (("generate", 0.0), ("generation", 0.5), ("task_ingest", 0.5)):
        serve_at_base_urls(_parameters({"model": "gpt-4.1"}, share), pipelines[name], catalog)
    assert catalog.load("judge").servers == ()


def test_without_base_urls_nothing_changes() -> None:
    catalog = _catalog(OPENAI_CLASS)
    serve_at_base_urls({**_parameters(None), "cluster": {}}, register_pipelines()["generate"], catalog)
    assert catalog.load("llm").servers == ()
