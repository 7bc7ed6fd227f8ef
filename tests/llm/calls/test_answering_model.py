"""A server that answers as another model, or without the requested form: one warning for each."""

import logging

import pytest

from synthetic_textcat.llm.calls.answering_model import AnsweringModel
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from tests.llm.builders import completion, no_reply
from tests.support.model_classes import OPENAI_CLASS


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


_PROSE = "Sure! ```json\n{}\n```"


def _warned_of_form(caplog: pytest.LogCaptureFixture, texts: list[str], form: str = "json_schema") -> bool:
    caplog.clear()
    answering = AnsweringModel(None, form)
    for text in texts:
        answering.note(completion(text))
    warnings = [
        record.message for record in caplog.records if "seems to ignore llm.structured_output" in record.message
    ]
    assert len(warnings) <= 1
    return bool(warnings)


def test_a_server_that_ignores_the_form_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    assert _warned_of_form(caplog, [_PROSE] * 20)
    assert _warned_of_form(caplog, [f"<think>{{}}</think>{_PROSE}"] * 5, "json_object")


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        ([_PROSE] * 4, "json_schema"),
        ([_PROSE] * 20, "none"),
        (['{"input_text": "', *[_PROSE] * 20], "json_schema"),
        (["<think>Hm.</think>\n{}", *[_PROSE] * 20], "json_schema"),
        (["", "<think>Hm"] * 2 + ["{}"] * 9, "json_schema"),
    ],
)
def test_a_server_that_keeps_to_the_form_is_not(caplog: pytest.LogCaptureFixture, texts: list[str], form: str) -> None:
    assert not _warned_of_form(caplog, texts, form)
