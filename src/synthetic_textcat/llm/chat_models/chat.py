"""Chat model calls with structured output, by request body or by LangChain."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from langchain_core.callbacks import AsyncCallbackHandler

from synthetic_textcat.errors import ContentFilteredError, ModelSetupError
from synthetic_textcat.llm.chat_models.answers import Answer, filtered_answer, read_answer
from synthetic_textcat.llm.chat_models.transport import answers_from_now
from synthetic_textcat.llm.prompts.messages import Messages
from synthetic_textcat.llm.providers.class_facts import CALL, ClassFacts, class_facts
from synthetic_textcat.llm.providers.class_fixes import message_of
from synthetic_textcat.llm.providers.client_exceptions import read_exception
from synthetic_textcat.llm.providers.errors import first_match, has_reply
from synthetic_textcat.llm.providers.transport_errors import OPENAI, SetBy, as_our_error, line_of
from synthetic_textcat.schemas.parameters import LlmParameters

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.outputs import ChatGeneration, LLMResult

    from synthetic_textcat.llm.chat_models.openai_chat import LeanChatOpenAI

logger = logging.getLogger(__name__)

_OK = 200
_TRACED = "ls_"
"""Start of the arguments that LangChain takes out before it calls the class."""

_FAILED_GENERATION = "failed_generation"
"""Groq's name for the model's text in an error."""

_SCHEMAS_KEPT = 1 << 12
"""Schemas to which a model is kept bound: there is one for each task, and more of planned labels."""

SchemaAdapter = Callable[[Messages, dict[str, Any], int, int | None], Awaitable["AIMessage"]]
"""Function of messages, response schema, seed and token limit that returns the model's raw message."""

_LIMIT_FIELDS = ("max_tokens", "max_output_tokens", "num_predict", "max_new_tokens")
"""Fields of LangChain's classes that hold the token limit of a reply."""


class Chat:
    """A chat model with the adapter that passes it schema and seed.

    Args:
        model: The model.
        llm: Its settings.
        address: Place where its address is set, for error messages; empty = that of its class.
    """

    def __init__(self, model: "BaseChatModel", llm: LlmParameters, address: str = "") -> None:
        self._model = model
        self._adapter = schema_adapter(model, llm)
        places = set_by(model)
        self._set_by = replace(places, model=f" ({llm.model})", address=address or places.address)

    @property
    def calls_in_threads(self) -> bool:
        """Whether the class has no asynchronous client, so that LangChain makes its calls in threads of the loop."""
        from langchain_core.language_models import BaseChatModel

        return type(self._model)._agenerate is BaseChatModel._agenerate  # noqa: SLF001

    async def ask(self, messages: Messages, schema: dict[str, Any], seed: int, max_tokens: int | None = None) -> Answer:
        """The answer to one call, with this token limit if there is one.

        Raises:
            TransportError: If there is no reply.
            TextcatError: If every further call would fail in the same way.
        """
        answers = answers_from_now()
        try:
            return read_answer(await self._adapter(messages, schema, seed, max_tokens))
        except Exception as raised:  # noqa: BLE001  any client's; raised again as ours
            error = _UnreadAnswerError.of(raised, answers) or raised
            answer = read_answer(reply) if (reply := reply_in_error(error)) is not None else None
            if answer is not None and answer.usage.prompt is not None:
                return answer
            failure = as_our_error(error, self._set_by)
            if answer is not None:
                return replace(answer, error=str(failure))
            if isinstance(failure, ContentFilteredError):
                return filtered_answer(str(failure))
            raise failure from error
        finally:
            answers.clear()  # an answer that broke off holds its connection

    async def close(self) -> None:
        """Closes the model's connections."""
        client = getattr(self._model, "http_async_client", None)
        if client is not None:
            await client.aclose()


class _UnreadAnswerError(Exception):
    """An HTTP answer at which a client library has raised."""

    def __init__(self, response: Any) -> None:
        super().__init__(f"status {response.status_code}")
        self.response = response

    @classmethod
    def of(cls, raised: Exception, answers: list[Any]) -> "_UnreadAnswerError | None":
        """The last answer as an error; None if the library's own error says more.

        A library that finds a web page where it expects JSON says of it no more than that a text has no such attribute.
        Other JSON may be a reply in the class's own form, at which it raised for a reason of its own.
        """
        if not answers or first_match(read_exception(raised).signs) is not None:
            return None
        try:
            is_read = answers[-1].content is not None
        except Exception:  # noqa: BLE001  a stream, which the class reads piece by piece
            is_read = False
        found = cls(answers[-1])
        return found if is_read and read_exception(found).signs.body != "json" else None


def reply_in_error(error: Exception) -> "AIMessage | None":
    """The reply that a client's exception holds; None if it holds none.

    A client that validates replies raises at a good one of a form it does not know, with the body in the exception.
    Groq answers with status 400 where the model's text is no call of the tool, and sends the text along.
    """
    from langchain_core.messages import AIMessage

    read = read_exception(error)
    if not isinstance(read.content, Mapping):
        return None
    if read.http_status in (None, _OK) and has_reply(read.content):
        return message_of(read.content)
    inner = read.content.get("error")
    text = (inner if isinstance(inner, Mapping) else read.content).get(_FAILED_GENERATION)
    return AIMessage(text) if isinstance(text, str) and text.strip() else None


def set_by(model: "BaseChatModel") -> SetBy:
    """Places where key and address of a model's class are set, for error messages."""
    facts = _facts_of(model)
    if takes_body(model) and not facts.is_known:
        return OPENAI
    return SetBy(key=facts.key, address=facts.address_words, v1="", proxy="")


def _facts_of(model: "BaseChatModel") -> ClassFacts:
    return class_facts(f"{type(model).__module__}.{type(model).__name__}")


def schema_adapter(model: "BaseChatModel", llm: LlmParameters) -> SchemaAdapter:
    """The adapter for a model's class."""
    return RequestBodyAdapter(model, llm).ask if takes_body(model) else LangChainAdapter(model, llm).ask


def takes_body(model: "BaseChatModel") -> bool:
    """Whether a model passes `extra_body` on: ChatOpenAI, its subclasses, and models that declare it."""
    bases = (class_facts(f"{x.__module__}.{x.__qualname__}") for x in type(model).__mro__)
    return getattr(model, "takes_body", False) or any(facts.takes_body for facts in bases)


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
        lean = None if getattr(model, "is_observed", True) else model
        self._lean = cast("LeanChatOpenAI | None", lean)

    async def ask(self, messages: Messages, schema: dict[str, Any], seed: int, max_tokens: int | None) -> "AIMessage":
        """The reply to a request whose body holds schema, seed and token limit.

        `ainvoke` converts messages to a prompt and back before it calls `agenerate`.
        """
        body = self.body(schema, seed, max_tokens)
        if self._lean is not None:
            return await self._lean.ask_unobserved(list(messages), body)
        result = await self._model.agenerate([list(messages)], extra_body=body)
        generation = cast("ChatGeneration", result.generations[0][0])
        return cast("AIMessage", generation.message)

    def body(self, schema: dict[str, Any], seed: int, max_tokens: int | None) -> dict[str, Any]:
        """The part of the body that LangChain does not set: schema, seed, token limit, and the entry's own fields."""
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


class RawReply(AsyncCallbackHandler):
    """The message of one model call, as LangChain's callbacks get it, before any output parser."""

    message: "AIMessage | None" = None

    async def on_llm_end(self, response: "LLMResult", **_: Any) -> None:
        """Keeps the message; there is none in a completion without choices."""
        for generation in response.generations[0][:1]:
            self.message = cast("AIMessage", cast("ChatGeneration", generation).message)


class LangChainAdapter:
    """Structured output by LangChain's `with_structured_output`, without a seed: LangChain has no common name for it.

    LangChain's parsed result is not used, and its parsing errors do no harm: our parser reads the raw message, which
    comes from a callback. Some classes ignore `include_raw`, others raise where a reply is not as they expect it.
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
        model, per_call = self._limited_to(max_tokens)
        asked = (self._bound_to(schema, model, max_tokens) if self._structured else None) or model
        heard = RawReply()
        try:
            returned = await asked.ainvoke(list(messages), config={"callbacks": [heard]}, **per_call)
        except Exception:
            if heard.message is None:
                raise
            return heard.message
        if heard.message is not None:
            return heard.message
        return cast("AIMessage", returned["raw"] if isinstance(returned, Mapping) else returned)

    def arguments(self, schema: dict[str, Any], max_tokens: int | None) -> tuple["BaseChatModel", dict[str, Any]]:
        """The model, and the arguments with which its class is called, for a request that goes out by another route."""
        model, per_call = self._limited_to(max_tokens)
        bound = self._bound_to(schema, model, max_tokens) if self._structured else None
        if bound is None:
            return model, per_call
        asked = bound.first.steps__["raw"]  # of LangChain's sequence of model and parser
        of_class = getattr(asked, "first", asked).kwargs
        return model, {name: value for name, value in of_class.items() if not name.startswith(_TRACED)} | per_call

    def _limited_to(self, max_tokens: int | None) -> tuple["BaseChatModel", dict[str, Any]]:
        """The model with this token limit, and arguments of the call, for a class that takes the limit there.

        The model is a shallow copy, which shares the model's clients; built once for each limit.
        """
        place = _facts_of(self._model).settings.get("max_tokens", "")
        if place.startswith(CALL):
            return self._model, {} if max_tokens is None else {place.removeprefix(CALL): max_tokens}
        if max_tokens not in self._limited:
            known = type(self._model).model_fields
            name = next((each for each in _LIMIT_FIELDS if each in known), None)
            if name is None:
                _warn_of_no_limit(type(self._model).__name__)
            self._limited[max_tokens] = self._model.model_copy(update={name: max_tokens}) if name else self._model
        return self._limited[max_tokens], {}

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
            if len(self._bound) >= _SCHEMAS_KEPT:
                self._bound.clear()
            self._bound[key] = (schema, bound)  # keeps the schema alive, so that its id is not reused
        return self._bound[key][1]


@cache
def _warn_of_no_limit(class_name: str) -> None:
    """Warns once per process and class."""
    logger.warning("%s has no field for a token limit, so llm.max_tokens=planned sends none", class_name)


def _titled(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in LangChain's form: the bare schema, with the name as its title."""
    return {"title": schema["name"], "description": "The reply.", **schema["schema"]}
