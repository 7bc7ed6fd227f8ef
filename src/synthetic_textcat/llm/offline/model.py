"""The offline model as a LangChain chat model, called exactly like ChatOpenAI."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, ClassVar

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL, Rates

_CHARACTERS_A_TOKEN = 4  # an estimate, typical for English: templates have no tokeniser


class OfflineTemplateModel(BaseChatModel):
    """Chat model that writes rows from templates, without network and key.

    Attributes:
        takes_body: It reads schema and seed from `extra_body`, as ChatOpenAI's servers do.
        model: Its only name.
        defects: Name → share of rows with this defect, or that share by label or language.
        temperature: Accepted for compatibility and ignored, like the next two.
        top_p: See `temperature`.
        max_tokens: See `temperature`.
    """

    takes_body: ClassVar[bool] = True
    model: str = OFFLINE_MODEL
    defects: Rates = Field(default_factory=dict)
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None

    @property
    def _llm_type(self) -> str:
        return OFFLINE_MODEL

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": self.model, "defects": self.defects}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 (LangChain's signature)
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        return self._answer(messages, kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 (LangChain's signature)
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        # LangChain's default runs `_generate` in a thread, which costs more than the answer itself.
        return self._answer(messages, kwargs)

    def _answer(self, messages: Sequence[BaseMessage], kwargs: Mapping[str, Any]) -> ChatResult:
        body = {**kwargs, **(kwargs.get("extra_body") or {})}
        prompt = _first_prompt(messages)
        answer = reply(prompt, _schema_of(body.get("response_format")), body.get("seed"), self.defects)
        message = AIMessage(
            content=answer.content,
            additional_kwargs={} if answer.refusal is None else {"refusal": answer.refusal},
            response_metadata={"model_name": OFFLINE_MODEL, "finish_reason": answer.finish_reason},
            usage_metadata=_usage(
                sum(len(str(message.text)) for message in messages), len(answer.content or answer.refusal or "")
            ),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def _first_prompt(messages: Sequence[BaseMessage]) -> str:
    """The messages before the model's first reply; a retry adds the bad reply and its problem."""
    asked = takewhile(lambda message: message.type != "ai", messages)
    return "\n".join(str(message.text) for message in asked if message.type in ("system", "human"))


def _schema_of(response_format: Any) -> Mapping[str, Any] | None:
    if not isinstance(response_format, Mapping) or response_format.get("type") != "json_schema":
        return None
    schema: Mapping[str, Any] = response_format["json_schema"]["schema"]
    return schema


def _usage(read: int, written: int) -> UsageMetadata:
    tokens_in, tokens_out = -(-read // _CHARACTERS_A_TOKEN), -(-written // _CHARACTERS_A_TOKEN)
    return UsageMetadata(input_tokens=tokens_in, output_tokens=tokens_out, total_tokens=tokens_in + tokens_out)
