"""Servers of a run: every call goes to an address of `cluster.base_urls`, not only the calls of the workers' shards."""

from collections.abc import Mapping
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from synthetic_textcat.datasets import ChatModelDataset
from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.llm.chat_models.openai_client import OPENAI_URL, read_address
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.schemas.cluster_parameters import ClusterParameters
from synthetic_textcat.schemas.parameters import LabelCheckParameters, LlmParameters


def serve_at_base_urls(parameters: Mapping[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """Sends every call of a run to the servers of `cluster.base_urls`: brainstorming, a pilot, rows and verdicts.

    A separate judge keeps its address, unless it is the same model and its entry has no address.

    Raises:
        ModelSetupError: If no call can go to one of the addresses, or nobody has named the judge's address.
    """
    urls = ClusterParameters.model_validate(parameters.get("cluster", {})).base_urls
    if not urls or names.LLM not in pipeline.inputs():
        return
    for number, url in enumerate(urls, 1):  # else the first shard of a wrong one ends the run, after paid calls
        read_address(url, f"Parameter cluster.base_urls: entry {number}")
    writer = _model(catalog, names.LLM)
    writer.serve_at(urls)
    label_check = LabelCheckParameters.model_validate(parameters.get("label_check", {}))
    if label_check.llm is None or names.JUDGE not in pipeline.inputs():  # the writer judges, or nobody does
        return
    judge, llm = _model(catalog, names.JUDGE), LlmParameters.model_validate(parameters["llm"])
    asked = label_check.judge(llm)
    if _names_a_server(judge.load()) or judge.load().class_path != writer.load().class_path:
        return
    if asked.model == llm.model:
        judge.serve_at(urls)
    elif judge.load().endpoint == OPENAI_URL and _asks_judge(pipeline, label_check):
        raise ModelSetupError(
            f"cluster.base_urls serves {llm.model}, and nothing says where the judge {asked.model} is. Next: set "
            f"base_url in the catalog entry judge, which for OpenAI is {OPENAI_URL}"
        )


def _model(catalog: CatalogProtocol[Any, Any], name: str) -> ChatModelDataset:
    entry = catalog.get(name)
    assert isinstance(entry, ChatModelDataset)
    return entry


def _names_a_server(spec: ChatModelSpec) -> bool:
    """Whether the catalog entry itself has an address."""
    own = spec.kwargs.keys() - spec.without_address().kwargs.keys()
    return any(spec.kwargs[name] for name in own)


def _asks_judge(pipeline: Pipeline, label_check: LabelCheckParameters) -> bool:
    """Whether a run may ask the judge: a command for verdicts alone judges all rows, whatever the share."""
    made = pipeline.all_outputs()
    return names.VERDICT_COMPLETIONS in made and (label_check.share > 0 or names.COMPLETIONS not in made)
