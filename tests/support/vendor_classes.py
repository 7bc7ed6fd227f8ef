"""Small chat models in the shapes of LangChain's provider classes, under packages of the same names.

Each stands in for a class that is not installed here, so that its row in `llm/providers/classes.yml` is used.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, ChatMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from tests.support.chat_models import GOOD


class VendorModel(BaseChatModel):
    """A class with the names that most integrations share.

    Attributes:
        sent: Arguments of each call.
    """

    model_config = ConfigDict(populate_by_name=True)
    model_name: str = Field("m", alias="model")
    base_url: str | None = None
    timeout: float | None = None
    max_retries: int = 2
    max_tokens: int | None = None
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    _sent: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "vendor"

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The arguments of each call."""
        return self._sent

    def _generate(self, *_args: Any, **_kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _agenerate(self, *_args: Any, **kwargs: Any) -> ChatResult:
        await asyncio.sleep(0)
        self._sent.append({name: value for name, value in kwargs.items() if name not in ("stop", "run_manager")})
        return self._create_chat_result(completion(GOOD))

    def _create_chat_result(self, response: dict[str, Any]) -> ChatResult:
        """As the classes do that drop the refusal and the server's name of its model."""
        message = response["choices"][0]["message"]
        for call in message.get("tool_calls") or ():
            if not isinstance(call["function"]["arguments"], str):
                raise TypeError("the JSON object must be str, bytes or bytearray, not dict")
        if response["choices"][0]["finish_reason"] == "content_filter":
            raise ValueError("Azure has not provided the response due to a content filter being triggered")
        if message["role"] != "assistant":
            return ChatResult(
                generations=[ChatGeneration(message=ChatMessage(content=message["content"], role=message["role"]))]
            )
        metadata = {"finish_reason": "stop", "model_name": self.model_name, "token_usage": response["usage"]}
        return ChatResult(
            generations=[ChatGeneration(message=AIMessage(message["content"] or "", response_metadata=metadata))]
        )


class OllamaModel(VendorModel):
    """ChatOllama's names; its `timeout` is an entry of `client_kwargs`."""

    timeout: None = None
    num_predict: int | None = None
    client_kwargs: dict[str, Any] = Field(default_factory=dict)


class CohereModel(VendorModel):
    """ChatCohere's names: token limit and retries are arguments of each call."""

    timeout_seconds: float | None = 300


class EndpointPart(BaseModel):
    """HuggingFaceEndpoint's names: the object that ChatHuggingFace takes as its `llm`."""

    endpoint_url: str | None = None
    temperature: float | None = 0.8
    timeout: int = 120


class HuggingFaceModel(VendorModel):
    """ChatHuggingFace's way: a temperature of 0 gives way to that of its `llm`."""

    llm: Any
    temperature: float | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Inherits the temperature."""
        super().model_post_init(context)
        self.temperature = self.temperature or self.llm.temperature or self.temperature


class ThreadModel(VendorModel):
    """ChatBedrockConverse's way: no asynchronous client, so that LangChain calls it in a thread.

    Attributes:
        most_at_once: Calls at once, at most.
    """

    config: Any = None
    _lock: Any = PrivateAttr(default_factory=threading.Lock)
    _at_once: int = PrivateAttr(default=0)
    _most: int = PrivateAttr(default=0)

    @property
    def most_at_once(self) -> int:
        """Calls at once, at most."""
        return self._most

    def _generate(self, *_args: Any, **_kwargs: Any) -> ChatResult:
        with self._lock:
            self._at_once += 1
            self._most = max(self._most, self._at_once)
        time.sleep(0.1)
        with self._lock:
            self._at_once -= 1
        return VendorModel._create_chat_result(self, completion(GOOD))


ThreadModel._agenerate = BaseChatModel._agenerate  # type: ignore[method-assign]


def completion(text: str | None, finish: str = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion of OpenAI's form."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
    return {
        "model": "m-served",
        "choices": [choice],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }


@contextmanager
def installed(class_path: str, model_class: type[BaseChatModel], **others: type) -> Iterator[Any]:
    """The class, importable by a class path of LangChain's, with other classes of its package."""
    package, name = class_path.rsplit(".", 1)
    found = type(name, (model_class,), {"__module__": f"{package}.chat_models"})
    before = sys.modules.get(package)
    module = ModuleType(package)
    for each, kind in {name: found, **others}.items():
        setattr(module, each, kind)
    sys.modules[package] = module
    try:
        yield found
    finally:
        sys.modules.pop(package)
        if before is not None:
            sys.modules[package] = before
