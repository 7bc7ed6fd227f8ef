"""The chat model as a function: messages in, an answer or one of our errors out."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from synthetic_textcat.llm.answers import Answer, as_our_error, filtered_answer, read_answer
from synthetic_textcat.llm.messages import Messages
from synthetic_textcat.schemas.parameters import LlmParameters

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_RETRY_COUNT = "x-stainless-retry-count"
"""The OpenAI SDK sends it with each request."""


class Chat:
    """A built chat model with the way in which it takes schema and seed.

    Both go into `extra_body`, which the SDK passes on as it is; `with_structured_output` rebuilds the schema at each
    call, and loses text and token counts of refused and truncated replies.
    """

    def __init__(self, model: "BaseChatModel", llm: LlmParameters) -> None:
        self._model = model
        self._structured_output = llm.structured_output
        self._send_seed = llm.send_seed
        self._extra_body: dict[str, Any] = dict(getattr(model, "extra_body", None) or {})

    async def ask(self, messages: Messages, schema: dict[str, Any], seed: int) -> Answer:
        """One call.

        Raises:
            TransportError: If no reply came, the client's own retries included.
            FatalAnswerError: If every further call would fail alike.
        """
        try:
            message = await self._model.ainvoke(list(messages), extra_body=self._body(schema, seed))
        except Exception as error:
            if (filtered := filtered_answer(error)) is not None:
                return filtered
            raise as_our_error(error) from error
        return read_answer(message)

    def before_each_retry(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Has the client wait before it sends a request once more, where it is one that can be told to."""
        client = getattr(self._model, "http_async_client", None)
        if client is None:
            return

        async def before_request(request: Any) -> None:
            if request.headers.get(_RETRY_COUNT, "0") != "0":
                await wait()

        client.event_hooks = {"request": [before_request]}

    async def close(self) -> None:
        """Closes the model's connections."""
        client = getattr(self._model, "http_async_client", None)
        if client is not None:
            await client.aclose()

    def _body(self, schema: dict[str, Any], seed: int) -> dict[str, Any]:
        body = dict(self._extra_body)
        if self._structured_output == "json_schema":
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self._structured_output == "json_object":
            body["response_format"] = {"type": "json_object"}
        if self._send_seed:
            body["seed"] = seed
        return body
