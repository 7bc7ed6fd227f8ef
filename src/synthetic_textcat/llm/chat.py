"""The chat model as a function: messages in, an answer or one of our errors out."""

from typing import TYPE_CHECKING, Any

from synthetic_textcat.errors import ContentFilteredError
from synthetic_textcat.llm.answers import Answer, filtered_answer, read_answer
from synthetic_textcat.llm.prompts import Messages
from synthetic_textcat.llm.transport_errors import as_our_error
from synthetic_textcat.llm.ways import way_of
from synthetic_textcat.schemas.parameters import LlmParameters

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class Chat:
    """A built chat model with the way in which it takes schema and seed."""

    def __init__(self, model: "BaseChatModel", llm: LlmParameters) -> None:
        self._model = model
        self._way = way_of(model, llm)

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
