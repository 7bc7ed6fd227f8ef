"""Lean ChatOpenAI: posts the request body as it is and reads the reply as plain JSON, without typed objects."""

import inspect
import json
import ssl
from typing import Any, cast

import httpx2
import openai
from langchain_core.callbacks import AsyncCallbackManager, AsyncCallbackManagerForLLMRun
from langchain_core.globals import get_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from openai import APIConnectionError, APIResponseValidationError, APITimeoutError, DefaultAioHttpClient
from pydantic import PrivateAttr, SecretStr

from synthetic_textcat.llm.chat_models.answers import CONTENT_FILTER, finish_reason_of, is_as_documented
from synthetic_textcat.llm.providers.class_fixes import readable_result
from synthetic_textcat.llm.providers.errors import has_reply
from synthetic_textcat.llm.providers.files import thoughts_fields

_PER_REQUEST = ("extra_headers", "extra_query", "timeout")
"""Keys of a payload that are no part of the request's body."""

_UNREACHED = (httpx2.RequestError, ssl.SSLError)
"""Exceptions of the aiohttp transport that the SDK turns into its APIConnectionError."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
"""Encoder of JSON as the SDK writes it; the SDK creates one for each call."""


class LeanChatOpenAI(ChatOpenAI):
    """ChatOpenAI that posts the body as it is and reads the reply where it is.

    The SDK's own method for chat completions compares each message with six types and builds typed objects from each
    reply, which LangChain then turns into a dict again, in another thread: together more than a third of a call's
    processor time. The SDK's `post` is its public way round that, with the same retries, errors and headers. The
    request's body, the message that comes back and what LangChain's callbacks see are the same.

    Only the first request is made by `post`. All later ones are that request with another body: to make it anew took a
    quarter of a call's processor time.
    """

    _recorded: "_RecordedRequest | None" = PrivateAttr(default=None)

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
        return self._result_of(completion_in(await self._posted(_body_of(payload))))

    @property
    def is_observed(self) -> bool:
        """Whether LangChain does more in a call than ask the model: callbacks, a cache, a rate limiter, a stream."""
        has_cache = bool(self.cache) or get_llm_cache() is not None
        if has_cache or self.rate_limiter or self.streaming or self.output_version is not None:
            return True
        if type(self).agenerate is not BaseChatModel.agenerate:
            return True
        try:
            return bool(AsyncCallbackManager.configure(None, self.callbacks, self.verbose).handlers)
        except RuntimeError:  # variables of a tracing that is no more: each call says so
            return True

    async def ask_unobserved(self, messages: list[BaseMessage], extra_body: dict[str, Any]) -> AIMessage:
        """The message that `agenerate` returns; for a model that nothing observes, with a sixth less processor time."""
        return _with_metadata(await self._agenerate(messages, extra_body=extra_body))

    async def _posted(self, body: dict[str, Any]) -> httpx2.Response:
        """The answer to a request with this body, by the recorded request if there is one.

        Raises:
            openai.APIError: As `post` of the SDK does.
        """
        client, recorded = self.root_async_client, self._recorded
        http_client: httpx2.AsyncClient = self.http_async_client  # type: ignore[assignment]
        if recorded is None or http_client.cookies:  # the SDK's request brings a server's cookies back
            response: httpx2.Response = await client.post(
                _completions_url(client),
                cast_to=httpx2.Response,
                body=body,
                options={"security": {"bearer_auth": True}},
            )
            if recorded is None and self._is_repeatable(response.request, body):
                self._recorded = _RecordedRequest(response.request)
            return response
        request = recorded.with_body(_encoded(body))
        try:
            response = await http_client.send(request)
        except httpx2.TimeoutException as error:
            raise APITimeoutError(request=request) from error
        except _UNREACHED as error:
            raise APIConnectionError(request=request) from error
        if not response.is_success:
            status_error: openai.APIStatusError = client._make_status_error_from_response(response)  # noqa: SLF001
            raise status_error
        return response

    def _is_repeatable(self, request: httpx2.Request, body: dict[str, Any]) -> bool:
        """Whether later requests differ in their body alone, written as here, and the SDK sends each once.

        Other transports than that of aiohttp have further exceptions, which only the SDK knows.
        """
        has_one_key, retries = isinstance(self.openai_api_key, SecretStr), self.root_async_client.max_retries
        if not has_one_key or retries or not isinstance(self.http_async_client, DefaultAioHttpClient):
            return False
        try:
            return request.content == _encoded(body)
        except TypeError:  # a value in `extra_body` that the SDK can write
            return False

    def request_body(self, messages: list[BaseMessage], extra_body: dict[str, Any]) -> dict[str, Any]:
        """The body of a request for chat completions, as it goes over the wire."""
        return _body_of(self._get_request_payload(messages, extra_body=extra_body))

    def message_in(self, reply: dict[str, Any]) -> AIMessage:
        """The message in a chat completion, with the metadata that LangChain's callers add to that of a live call."""
        return _with_metadata(self._result_of(reply))

    def _result_of(self, reply: dict[str, Any]) -> ChatResult:
        """The result in a chat completion, with the refusal and the thoughts that LangChain leaves out."""
        result = readable_result(lambda: self._create_chat_result(reply), reply)
        for choice, generation in zip(reply["choices"], result.generations, strict=False):
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


def _with_metadata(result: ChatResult) -> AIMessage:
    """The message of a result, with the metadata that LangChain's `agenerate` adds."""
    generation = result.generations[0]
    message = cast("AIMessage", generation.message)
    added = (result.llm_output or {}) | (generation.generation_info or {})
    message.response_metadata = added | message.response_metadata
    return message


def _body_of(payload: dict[str, Any]) -> dict[str, Any]:
    return payload | (payload.pop("extra_body", None) or {})


class _RecordedRequest:
    """A request of the SDK, to be sent with other bodies."""

    def __init__(self, request: httpx2.Request) -> None:
        self._request = request
        self._headers = [header for header in request.headers.raw if header[0].lower() != b"content-length"]

    def with_body(self, body: bytes) -> httpx2.Request:
        """The request with this body; given as a stream, httpx adds no headers of its own, each with a search."""
        like = self._request
        length = (b"Content-Length", b"%d" % len(body))
        request = httpx2.Request(
            like.method,
            like.url,
            headers=[*self._headers, length],
            stream=httpx2.ByteStream(body),
            extensions=like.extensions,
        )
        request.read()
        return request


def _encoded(body: dict[str, Any]) -> bytes:
    return _encode(body).encode()


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
