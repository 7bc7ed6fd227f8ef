"""A server that answers as another model: one warning for each such name."""

import logging

import pytest

from synthetic_textcat.llm.calls.answering_model import AnsweringModel
from synthetic_textcat.llm.chat_models.spec import OPENAI_CLASS, ChatModelSpec
from tests.llm.builders import completion, no_reply


def test_each_other_model_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    answering = AnsweringModel("gpt-4.1-mini")
    for name in ("gpt-4.1-mini-2025-04-14", None, "smol.gguf", "smol.gguf", "gpt-4.1-mini", "other"):
        answering.note(completion(model_name=name))
    answering.note(no_reply(model_name="of an error"))
    assert answering.others == ["smol.gguf", "other"]
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [
        "The server answers as the model smol.gguf, and llm.model is gpt-4.1-mini",
        "The server answers as the model other, and llm.model is gpt-4.1-mini",
    ]


def test_a_deployment_of_azure_says_nothing_of_its_model() -> None:
    azure = ChatModelSpec(OPENAI_CLASS, {"base_url": "https://mine.openai.azure.com/openai/v1"})
    assert azure.names_deployments
    assert ChatModelSpec("langchain_openai.AzureChatOpenAI").names_deployments
    assert not ChatModelSpec(OPENAI_CLASS, {"base_url": "http://127.0.0.1:1/v1"}).names_deployments
    answering = AnsweringModel(None)
    answering.note(completion(model_name="gpt-4o"))
    assert answering.others == []
