"""The chat model as a function of messages; structured output by request body or by LangChain."""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from synthetic_textcat.errors import ContentFilteredError, ModelSetupError
from synthetic_textcat.llm.answers import Answer, filtered_answer, read_answer
from synthetic_textcat.llm.prompts import Messages
from synthetic_textcat.llm.transport_errors import as_our_error, line_of
from synthetic_textcat.schemas.parameters import LlmParameters

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

logger = logging.getLogger(__name__)

Way = Callable[[Messages, dict[str, Any], int], Awaitable["AIMessage"]]
"""From messages, response schema and seed to the model's raw message."""


class Chat:
    """A built chat model with the way in which it takes schema and seed."""

    def __init__(self, model: "BaseChatModel", llm: LlmParameters) -> None:
        self._model = model
        self._way = schema_adapter(model, llm)

    async def ask(self, messages: Messages, schema: dict[str, Any], seed: int) -> Answer:
        """One call.

        Raises:
            TransportError: If no reply came.
            TextcatError: If every further call would fail alike.
        """
        try:
            return read_answer(await self._way(messages, schema, seed))
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


def schema_adapter(model: "BaseChatModel", llm: LlmParameters) -> Way:
    """The way in which this model is asked."""
    return RequestBodyAdapter(model, llm).ask if takes_body(model) else LangChainAdapter(model, llm).ask


def takes_body(model: "BaseChatModel") -> bool:
    """Whether a model passes `extra_body` on: ChatOpenAI, all that is made from it, and models that say so."""
    return getattr(model, "takes_body", False) or any(x.__name__ == "BaseChatOpenAI" for x in type(model).__mro__)


class RequestBodyAdapter:
    """Schema and seed go into `extra_body`, which the SDK passes on as it is.

    `with_structured_output` of such a model rebuilds the schema at each call, and loses text and token counts of
    refused and truncated replies.
    """

    def __init__(self, model: "BaseChatModel", llm: LlmParameters) -> None:
        self._model = model
        self._structured_output = llm.structured_output
        self._send_seed = llm.send_seed
        self._extra_body: dict[str, Any] = dict(getattr(model, "extra_body", None) or {})

    async def ask(self, messages: Messages, schema: dict[str, Any], seed: int) -> "AIMessage":
        """The reply; the schema and the seed go into the request's body."""
        return await self._model.ainvoke(list(messages), extra_body=self._body(schema, seed))

    def _body(self, schema: dict[str, Any], seed: int) -> dict[str, Any]:
        body = dict(self._extra_body)
        if self._structured_output == "json_schema":
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self._structured_output == "json_object":
            body["response_format"] = {"type": "json_object"}
        if self._send_seed:
            body["seed"] = seed
        return body


class LangChainAdapter:
    """The schema goes through `with_structured_output`, the seed not at all: LangChain has no common name for it.

    What LangChain parses is not used, and its parsing errors do no harm: our parser reads the raw message.
    """

    def __init__(self, model: "BaseChatModel", llm: LlmParameters) -> None:
        self._model = model
        self._structured = llm.structured_output != "none"
        self._bound: dict[int, tuple[dict[str, Any], Any]] = {}

    async def ask(self, messages: Messages, schema: dict[str, Any], seed: int) -> "AIMessage":  # noqa: ARG002
        """The reply; LangChain's class passes the schema on in its own way."""
        bound = self._bound_to(schema) if self._structured else None
        if bound is None:
            return await self._model.ainvoke(list(messages))
        answered = await bound.ainvoke(list(messages))
        raw: AIMessage = answered["raw"]
        return raw

    def _bound_to(self, schema: dict[str, Any]) -> Any:
        """The model with this schema, built once a schema; None if its class has no structured output."""
        if id(schema) not in self._bound:
            try:
                bound = self._model.with_structured_output(_titled(schema), include_raw=True)
            except NotImplementedError:
                self._structured = False
                logger.warning(
                    "%s has no structured output: the prompt alone asks for the form, and replies are only validated",
                    type(self._model).__name__,
                )
                return None
            except Exception as error:
                raise ModelSetupError(
                    f"{type(self._model).__name__} can't be asked for the reply's form: {line_of(error)}. "
                    "Next: set llm.structured_output=none"
                ) from error
            self._bound[id(schema)] = (schema, bound)  # with the schema itself, so that its id stays its own
        return self._bound[id(schema)][1]


def _titled(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as LangChain wants it: bare, with the name as its title."""
    return {"title": schema["name"], "description": "The reply.", **schema["schema"]}
