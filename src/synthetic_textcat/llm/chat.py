"""Chat model calls with structured output, by request body or by LangChain."""

import logging
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from synthetic_textcat.errors import ContentFilteredError, ModelSetupError
from synthetic_textcat.llm.answers import Answer, filtered_answer, read_answer
from synthetic_textcat.llm.prompts import Messages
from synthetic_textcat.llm.transport_errors import as_our_error, line_of
from synthetic_textcat.schemas.parameters import LlmParameters

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.outputs import ChatGeneration

logger = logging.getLogger(__name__)

SchemaAdapter = Callable[[Messages, dict[str, Any], int, int | None], Awaitable["AIMessage"]]
"""From messages, response schema, seed and token limit to the model's raw message."""

_LIMIT_FIELDS = ("max_tokens", "max_output_tokens", "num_predict", "max_new_tokens")
"""Fields of LangChain's classes that hold the token limit of a reply."""


class Chat:
    """A chat model with the adapter that passes it schema and seed."""

    def __init__(self, model: "BaseChatModel", llm: LlmParameters) -> None:
        self._model = model
        self._adapter = schema_adapter(model, llm)

    async def ask(self, messages: Messages, schema: dict[str, Any], seed: int, max_tokens: int | None = None) -> Answer:
        """The answer to one call, with this token limit if there is one.

        Raises:
            TransportError: If there is no reply.
            TextcatError: If every further call would fail in the same way.
        """
        try:
            return read_answer(await self._adapter(messages, schema, seed, max_tokens))
        except Exception as error:
            failure = as_our_error(error)
            if isinstance(failure, ContentFilteredError):
                return filtered_answer(str(failure))
            raise failure from error

    async def close(self) -> None:
        """Closes the model's connections."""
        client = getattr(self._model, "http_async_client", None)
        if client is not None:
            await client.aclose()


def schema_adapter(model: "BaseChatModel", llm: LlmParameters) -> SchemaAdapter:
    """The adapter for a model's class."""
    return RequestBodyAdapter(model, llm).ask if takes_body(model) else LangChainAdapter(model, llm).ask


def takes_body(model: "BaseChatModel") -> bool:
    """Whether a model passes `extra_body` on: ChatOpenAI, its subclasses, and models that declare it."""
    return getattr(model, "takes_body", False) or any(x.__name__ == "BaseChatOpenAI" for x in type(model).__mro__)


class RequestBodyAdapter:
    """Structured output by request body: schema and seed go into `extra_body`, which the SDK passes on unchanged.

    `with_structured_output` of these models rebuilds the schema at each call, and loses the text and token counts of
    refused and truncated replies.
    """

    def __init__(self, model: "BaseChatModel", llm: LlmParameters) -> None:
        self._model = model
        self._structured_output = llm.structured_output
        self._send_seed = llm.send_seed
        self._limit_field = llm.token_limit_field
        self._extra_body: dict[str, Any] = dict(getattr(model, "extra_body", None) or {})

    async def ask(self, messages: Messages, schema: dict[str, Any], seed: int, max_tokens: int | None) -> "AIMessage":
        """The reply to a request whose body holds schema, seed and token limit.

        `ainvoke` converts messages to a prompt and back before it calls `agenerate`.
        """
        result = await self._model.agenerate([list(messages)], extra_body=self._body(schema, seed, max_tokens))
        generation = cast("ChatGeneration", result.generations[0][0])
        return cast("AIMessage", generation.message)

    def _body(self, schema: dict[str, Any], seed: int, max_tokens: int | None) -> dict[str, Any]:
        body = dict(self._extra_body)
        if self._structured_output == "json_schema":
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self._structured_output == "json_object":
            body["response_format"] = {"type": "json_object"}
        if self._send_seed:
            body["seed"] = seed
        if max_tokens is not None:
            body[self._limit_field] = max_tokens
        return body


class LangChainAdapter:
    """Structured output by LangChain's `with_structured_output`, without a seed: LangChain has no common name for it.

    LangChain's parsed result is not used, and its parsing errors do no harm: our parser reads the raw message.
    """

    def __init__(self, model: "BaseChatModel", llm: LlmParameters) -> None:
        self._model = model
        self._structured = llm.structured_output != "none"
        fixed = llm.max_tokens if isinstance(llm.max_tokens, int) else None
        self._limited: dict[int | None, BaseChatModel] = {None: model, fixed: model}
        self._bound: dict[tuple[int, int | None], tuple[dict[str, Any], Any]] = {}

    async def ask(
        self,
        messages: Messages,
        schema: dict[str, Any],
        seed: int,  # noqa: ARG002
        max_tokens: int | None,
    ) -> "AIMessage":
        """The reply; LangChain's class passes the schema on."""
        model = self._limited_to(max_tokens)
        bound = self._bound_to(schema, model, max_tokens) if self._structured else None
        if bound is None:
            return await model.ainvoke(list(messages))
        answered = await bound.ainvoke(list(messages))
        raw: AIMessage = answered["raw"]
        return raw

    def _limited_to(self, max_tokens: int | None) -> "BaseChatModel":
        """The model with this token limit: a shallow copy, which shares the model's clients; built once for each."""
        if max_tokens not in self._limited:
            known = type(self._model).model_fields
            name = next((each for each in _LIMIT_FIELDS if each in known), None)
            if name is None:
                _warn_of_no_limit(type(self._model).__name__)
            self._limited[max_tokens] = self._model.model_copy(update={name: max_tokens}) if name else self._model
        return self._limited[max_tokens]

    def _bound_to(self, schema: dict[str, Any], model: "BaseChatModel", max_tokens: int | None) -> Any:
        """The model bound to this schema, built once for each schema; None if its class has no structured output."""
        key = id(schema), max_tokens
        if key not in self._bound:
            try:
                bound = model.with_structured_output(_titled(schema), include_raw=True)
            except NotImplementedError:
                self._structured = False
                logger.warning(
                    "%s has no structured output: only the prompt asks for the schema, and replies are validated",
                    type(self._model).__name__,
                )
                return None
            except Exception as error:
                raise ModelSetupError(
                    f"{type(self._model).__name__} can't be given the reply's schema: {line_of(error)}. "
                    "Next: set llm.structured_output=none"
                ) from error
            self._bound[key] = (schema, bound)  # keeps the schema alive, so that its id is not reused
        return self._bound[key][1]


@cache
def _warn_of_no_limit(class_name: str) -> None:
    """Warns once per process and class."""
    logger.warning("%s has no field for a token limit, so llm.max_tokens=planned sends none", class_name)


def _titled(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in LangChain's form: the bare schema, with the name as its title."""
    return {"title": schema["name"], "description": "The reply.", **schema["schema"]}
