"""Limits derived from the plan: what they are, that no good row reaches them, and what is sent and recorded."""

import asyncio
import json
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from pydantic import Field, PrivateAttr

from synthetic_textcat.llm.calls.policy import Call
from synthetic_textcat.llm.calls.token_limits import (
    LARGEST,
    LARGEST_RAISED,
    TokenLimit,
    limit_of,
    list_tokens,
    row_tokens,
)
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.llm.prompts.messages import Fingerprinter
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.completions import Completion, row_schema
from synthetic_textcat.schemas.languages import languages
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.llm.builders import call
from tests.llm.running import policy, run
from tests.support.chat_models import GOOD, ScriptedChatModel
from tests.support.each_case import each_of
from tests.support.examples import cases


def _good_reply() -> list[BaseMessage]:
    return [AIMessage(GOOD)]


class _ClassWithLimit(FakeMessagesListChatModel):
    """A class of another provider, which sends its own field."""

    responses: list[BaseMessage] = Field(default_factory=_good_reply)
    max_output_tokens: int | None = None
    _sent: list[int | None] = PrivateAttr(default_factory=list)

    @property
    def sent(self) -> list[int | None]:
        """The limit of each call."""
        return self._sent

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self._sent.append(self.max_output_tokens)
        return super()._generate(messages, *args, **kwargs)


_LABELS = {"label": "Billing", "misleading_label": "Returns"}


def _row(num_words: str, language: str = "English", **labels: str | None) -> dict[str, Any]:
    return {"num_words": num_words, "language": language, **_LABELS, **labels}


def _limited(**llm: Any) -> LlmParameters:
    return LlmParameters.model_validate({"model": OFFLINE_MODEL, **llm})


@each_of(
    ("num_words", "language", "limit"),
    [
        ("less than 10", "English", 256),  # 100 + 14 + 2 * 10 * 6
        ("at least 10", "English", 768),
        ("at least 50", "German", 1344),
        ("at least 100", "Russian", 4160),
        ("at least 200", "English", 4928),
        ("at least 200", "Telugu", LARGEST),
    ],
)
def test_a_limit_follows_planned_length_and_script(num_words: str, language: str, limit: int) -> None:
    assert row_tokens(_row(num_words, language)) == limit


def test_own_ranges_have_limits_by_their_upper_bound() -> None:
    assert row_tokens(_row("less than 50")) == row_tokens(_row("20 to 50")) < row_tokens(_row("at least 50"))
    assert row_tokens(_row("at least 20")) == row_tokens(_row("20 to 50"))
    of_language = [row_tokens(_row("at most 280 characters", language)) for language in ("English", "Thai", "Tigrinya")]
    assert of_language[0] < 2 * 280 + 300 < 6 * 280 < of_language[1] == of_language[2] < 6 * 280 + 300


def test_labels_count_by_their_bytes_and_invented_ones_by_what_may_come() -> None:
    long = row_tokens(_row("less than 10", label="é" * 500))
    assert long - row_tokens(_row("less than 10")) >= 960
    assert row_tokens(_row("less than 10", label=None, misleading_label=None)) == 512
    assert (list_tokens(10), list_tokens(100)) == (2112, LARGEST)


@pytest.mark.parametrize("lengths", [1, pytest.param(len(VALUES["num_words"]), marks=pytest.mark.slow)])
def test_no_offline_text_comes_near_its_limit_in_any_language_even_by_bytes_for_a_token(lengths: int) -> None:
    """A text's bytes are an upper bound of its tokens for any tokeniser; a quarter of them is usual for English.

    Args:
        lengths: Number of planned lengths that each language is tried with; with fewer than all, they take turns.
    """
    for turn, language in enumerate(cases(languages(), 8)):
        for number in range(turn, turn + lengths):
            num_words = VALUES["num_words"][number % len(VALUES["num_words"])]
            prompt = f'Task: Sort.\nwritten in {language.name}\nhas {num_words} words\n- A: a\n- B: b\nlabel "A", "B"'
            answer = reply(prompt, row_schema(["A", "B"])["schema"], number, {}).content
            text = json.loads(answer or "")["input_text"]
            per_byte = 0.5 if text.isascii() else 1.0
            limit = row_tokens(_row(num_words, language.name))
            assert len(text.encode()) * per_byte + 100 <= limit, (language.code, num_words, len(text.encode()), limit)


def test_the_settings_choose_between_a_planned_limit_a_number_and_none() -> None:
    assert limit_of(_limited(max_tokens="planned"), lambda: 256) == TokenLimit(256)
    assert limit_of(_limited(max_tokens=500), lambda: 256) == TokenLimit(500, is_planned=False)
    assert limit_of(_limited(max_tokens=None), lambda: 256) is None


def test_truncated_replies_double_a_planned_limit_and_leave_a_number_alone() -> None:
    assert [TokenLimit(768).after(truncated) for truncated in range(4)] == [768, 1536, 3072, 6144]
    assert TokenLimit(LARGEST).after(5) == LARGEST_RAISED
    assert TokenLimit(768, is_planned=False).after(2) == 768


def test_the_fingerprint_holds_the_word_and_not_the_number_that_the_formula_gives() -> None:
    def of(max_tokens: Any) -> str:
        row = call()
        return Fingerprinter(_limited(max_tokens=max_tokens), ()).of("r0", row.messages, row.schema)

    assert of("planned") == of("planned") != of(None) != of(256)


def _cut(text: str) -> AIMessage:
    return AIMessage(text, response_metadata={"finish_reason": "length", "model_name": "scripted-1"})


def _with_limit(limit: TokenLimit | None) -> Call:
    new = call()
    return Call(new.request_id, new.fingerprint, new.messages, new.schema, new.seed, limit=limit)


def _asked(limit: TokenLimit | None, **llm: Any) -> tuple[list[dict[str, Any]], list[Completion]]:
    """Bodies and journal lines of a row whose first two replies are cut."""
    model = ScriptedChatModel(script=lambda _, number: _cut('{"input_text": "a te') if number < 2 else _cut(GOOD))
    batches = complete(lambda: model.as_chat(**llm), iter([_with_limit(limit)]), policy())
    return model.bodies, [line for batch in batches for line in batch]


def test_each_attempt_is_sent_its_limit_under_the_servers_name_and_recorded_with_it() -> None:
    bodies, lines = _asked(TokenLimit(768))
    assert [body["max_completion_tokens"] for body in bodies] == [768, 1536, 3072]
    assert [(line.attempt, line.max_tokens) for line in lines] == [(1, 768), (2, 1536), (3, 3072)]
    bodies, _ = _asked(TokenLimit(768), token_limit_field="max_tokens")
    assert [body["max_tokens"] for body in bodies] == [768, 1536, 3072]
    bodies, lines = _asked(None)
    assert not any("max_completion_tokens" in body for body in bodies)
    assert {line.max_tokens for line in lines} == {None}
    assert "max_tokens" not in lines[0].to_record()


def test_another_class_gets_the_limit_in_its_own_field() -> None:
    model = _ClassWithLimit()
    chat = Chat(model, _limited(max_tokens="planned", structured_output="none"))

    for limit in (256, 512, None):
        asyncio.run(chat.ask(call().messages, call().schema, 7, limit))
    assert model.sent == [256, 512, None]


def test_a_call_without_an_answer_is_bounded_by_its_own_limit() -> None:
    def fails(*_: Any) -> str:
        raise RuntimeError("broken")

    [line] = run(ScriptedChatModel(script=fails), [_with_limit(TokenLimit(768))])
    assert line.completion_tokens_at_most == 768
