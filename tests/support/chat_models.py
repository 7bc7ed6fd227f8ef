"""Chat models for tests of the engine: real `BaseChatModel`s whose answers a test writes."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.prompts.messages import Messages
from synthetic_textcat.schemas.parameters import LlmParameters

GOOD = '{"input_text": "a text", "label": "A", "misleading_label": "B"}'
"""A reply that parses."""

Script = Callable[[Sequence[BaseMessage], int], str | AIMessage]
"""From the messages and the call's number (0, 1, ...) to what is answered; it may raise."""


def always_good(_messages: Sequence[BaseMessage], _number: int) -> str:
    """The script of a model that never errs."""
    return GOOD


def counted(tokens: int, text: str = GOOD) -> Script:
    """The script of a model whose every reply takes so many tokens, half of them read."""
    usage = UsageMetadata(input_tokens=tokens // 2, output_tokens=tokens - tokens // 2, total_tokens=tokens)
    metadata = {"finish_reason": "stop", "model_name": "scripted-1"}

    def script(_messages: Sequence[BaseMessage], _number: int) -> AIMessage:
        return AIMessage(text, response_metadata=metadata, usage_metadata=usage)

    return script


_COUNTS = threading.Lock()
"""Held while calls are counted: workers of a cluster's test are threads, each with a loop."""


class ScriptedChatModel(BaseChatModel):
    """Answers by a script, and keeps account of who asked and how many asked at once.

    Attributes:
        script: What it answers.
        delay_s: How long each call takes, or a function from the call's number to it.
    """

    takes_body: ClassVar[bool] = True
    script: Script = always_good
    delay_s: float | Callable[[int], float] = 0.0
    _heard: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _bodies: list[dict[str, Any]] = PrivateAttr(default_factory=list)
    _in_flight: int = PrivateAttr(default=0)
    _most_in_flight: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def heard(self) -> list[list[BaseMessage]]:
        """The messages of each call, in the order in which calls began."""
        return self._heard

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What each call sent in `extra_body`."""
        return self._bodies

    @property
    def most_in_flight(self) -> int:
        """How many calls were under way at once, at most."""
        return self._most_in_flight

    def as_chat(self, **settings: Any) -> Chat:
        """The model as the engine takes it."""
        return Chat(self, LlmParameters.model_validate({"model": "scripted", **settings}))

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError("the engine asks asynchronously")

    async def _agenerate(self, messages: list[BaseMessage], *_args: Any, **kwargs: Any) -> ChatResult:
        number = len(self._heard)
        self._heard.append(list(messages))
        self._bodies.append(dict(kwargs.get("extra_body") or {}))
        with _COUNTS:
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
        try:
            await asyncio.sleep(self.delay_s(number) if callable(self.delay_s) else self.delay_s)
            answer = self.script(messages, number)
        finally:
            with _COUNTS:
                self._in_flight -= 1
        message = answer if isinstance(answer, AIMessage) else _spoken(answer)
        return ChatResult(generations=[ChatGeneration(message=message)])


def _spoken(text: str) -> AIMessage:
    return AIMessage(text, response_metadata={"finish_reason": "stop", "model_name": "scripted-1"})


def last_words(messages: Messages) -> str:
    """The text of the last message."""
    return str(messages[-1].content)
