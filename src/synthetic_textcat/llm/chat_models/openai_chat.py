"""Lean ChatOpenAI: posts the request body as it is and reads the reply as plain JSON, without typed objects."""

import inspect
from typing import Any, cast

import httpx2
import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from openai import APIResponseValidationError

from synthetic_textcat.llm.chat_models.answers import CONTENT_FILTER, finish_reason_of, is_as_documented
from synthetic_textcat.llm.providers.errors import has_reply
from synthetic_textcat.llm.providers.files import thoughts_fields

_PER_REQUEST = ("extra_headers", "extra_query", "timeout")
"""Keys of a payload that are no part of the request's body."""


class LeanChatOpenAI(ChatOpenAI):
    """ChatOpenAI that posts the body as it is and reads the reply where it is.

    The SDK's own method for chat completions compares each message with six types and builds typed objects from each
    reply, which LangChain then turns into a dict again, in another thread: together more than a third of a call's
    processor time. The SDK's `post` is its public way round that, with the same retries, errors and headers. The
    request's body, the message that comes back and what LangChain's callbacks see are the same.
    """

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        payload = self._get_request_payload(messages, stop=stop, **kwargs)
        if self._use_responses_api(payload) or any(name in payload for name in _PER_REQUEST):
            return await super()._agenerate(messages, stop, run_manager, **kwargs)
        body = _body_of(payload)
        client = self.root_async_client
        response = await client.post(
            _completions_url(client), cast_to=httpx2.Response, body=body, options={"security": {"bearer_auth": True}}
        )
        return self._result_of(completion_in(response))

    def request_body(self, messages: list[BaseMessage], extra_body: dict[str, Any]) -> dict[str, Any]:
        """The body of a request for chat completions, as it goes over the wire."""
        return _body_of(self._get_request_payload(messages, extra_body=extra_body))

    def message_in(self, reply: dict[str, Any]) -> AIMessage:
        """The message in a chat completion, with the metadata that LangChain's callers add to that of a live call."""
        result = self._result_of(reply)
        generation = result.generations[0]
        message = cast("AIMessage", generation.message)
        added = (result.llm_output or {}) | (generation.generation_info or {})
        message.response_metadata = added | message.response_metadata
        return message

    def _result_of(self, reply: dict[str, Any]) -> ChatResult:
        """The result in a chat completion, with the refusal and the thoughts that LangChain leaves out."""
        result = self._create_chat_result(reply)
        for choice, generation in zip(reply["choices"], result.generations, strict=True):
            # LangChain reads it from the SDK's typed objects only.
            generation.message.additional_kwargs["refusal"] = choice["message"].get("refusal")
            for name in thoughts_fields():  # LangChain drops them
                if thoughts := choice["message"].get(name):
                    generation.message.additional_kwargs[name] = thoughts
        return result

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        """The result as LangChain makes it, without usage that it can't read, or from which it would invent a count.

        The server's own `usage` goes on as it came, in the message's metadata: see `llm/chat_models/answers.py`.
        """
        usage = response.get("usage") if isinstance(response, dict) else getattr(response, "usage", None)
        if isinstance(usage, openai.BaseModel):
            usage = usage.model_dump(warnings=False)
        if is_as_documented(usage) or not isinstance(response, dict | openai.BaseModel):
            return super()._create_chat_result(response, generation_info)
        uncounted = {"usage": None}
        result = super()._create_chat_result(
            response | uncounted if isinstance(response, dict) else response.model_copy(update=uncounted),
            generation_info,
        )
        result.llm_output = {**(result.llm_output or {}), "token_usage": usage if isinstance(usage, dict) else {}}
        return result


# LangChain inspects it at each call: a signature that is there already costs a third of one that is made anew.
setattr(LeanChatOpenAI._agenerate, "__signature__", inspect.signature(LeanChatOpenAI._agenerate))  # noqa: B010, SLF001


def _body_of(payload: dict[str, Any]) -> dict[str, Any]:
    return payload | (payload.pop("extra_body", None) or {})


def _completions_url(client: openai.AsyncOpenAI) -> str:
    """The endpoint; in full where that is plain, since the SDK parses a relative URL twice more at each call."""
    base = client.base_url
    return "/chat/completions" if base.query else f"{str(base).rstrip('/')}/chat/completions"


def completion_in(response: httpx2.Response) -> Any:
    """The chat completion in a good answer.

    Raises:
        APIResponseValidationError: If it holds none; as the SDK raises it, with the answer in it.
    """
    try:
        content = _decoded(response)
    except (ValueError, RecursionError):
        content = response.text
    if not has_reply(_with_messages(content)):
        raise APIResponseValidationError(response, body=content, message=f"status {response.status_code}")
    return content


def _decoded(response: httpx2.Response) -> Any:
    """The JSON of an answer; one with an integer too long for Python is decoded a second time."""
    try:
        return response.json()
    except ValueError:
        return response.json(parse_int=_whole_number)


def _whole_number(digits: str) -> int | float:
    """A JSON integer of any length: Python reads none of more than 4,300 digits."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _with_messages(content: Any) -> Any:
    """The completion, with an empty message where a filter left none: Gemini gives the reason in its place."""
    choices = content.get("choices") if isinstance(content, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and not choice.get("message") and finish_reason_of(choice) == CONTENT_FILTER:
            choice["message"] = {"role": "assistant", "content": None}
    return content
