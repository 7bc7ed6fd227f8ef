"""Chat models of langchain-core that are not ours, as the engine takes them, and one that can bind tools."""

from collections.abc import Sequence
from typing import Any

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.schemas.parameters import LlmParameters

FAKES = "langchain_core.language_models.fake_chat_models"


def other_llm(**settings: Any) -> LlmParameters:
    """Settings that langchain-core's fakes, which have none, can be built with."""
    return LlmParameters.model_validate({"model": "fake", "temperature": None, "top_p": None, **settings})


def chat_by_path(class_path: str, kwargs: dict[str, Any], **settings: Any) -> Chat:
    """A model by its class path, as the nodes make it of a catalog entry."""
    llm = other_llm(**settings)
    return Chat(ChatModelSpec(class_path, kwargs).build(llm), llm)


class ToolFake(FakeMessagesListChatModel):
    """A fake that binds tools, which is all that LangChain's own `with_structured_output` wants."""

    _bound: list[dict[str, Any]] = PrivateAttr(default_factory=list)
    _sent: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @property
    def bound(self) -> list[dict[str, Any]]:
        """The tools, each time that some were bound."""
        return self._bound

    @property
    def sent(self) -> list[dict[str, Any]]:
        """What each call was given beside its messages."""
        return self._sent

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        [tool] = map(convert_to_openai_tool, tools)
        self._bound.append(tool)
        return self.bind(tools=[tool], **kwargs)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self._sent.append(kwargs)
        return super()._generate(messages, *args, **kwargs)


class FormlessFake(FakeMessagesListChatModel):
    """A fake whose structured output does not take this schema."""

    def with_structured_output(self, *_args: Any, **_kwargs: Any) -> Any:
        raise ValueError("no enums\nplease")


def as_chat(model: BaseChatModel, **settings: Any) -> Chat:
    """A built model as the engine takes it."""
    return Chat(model, other_llm(**settings))


class LosingFake(ToolFake):
    """A fake whose structured output loses the reply after it was paid for.

    Attributes:
        way: `raises`, as ChatAnthropic's with thoughts does; `parsed only`, as ChatCohere's, which ignores
            `include_raw`; `none`, a result without the message.
    """

    way: str = "raises"

    def with_structured_output(self, *_args: Any, **_kwargs: Any) -> Any:
        return self | RunnableLambda(self._parsed)

    def _parsed(self, _message: AIMessage) -> Any:
        if self.way == "raises":
            raise OutputParserException("no tool call among the blocks")
        return {"input_text": "another"} if self.way == "parsed only" else {"raw": None, "parsed": None}
