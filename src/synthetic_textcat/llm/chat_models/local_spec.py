"""Local model specification: the chat model that a GGUF file becomes, served by llama.cpp for this run alone."""

import logging
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from synthetic_textcat.errors import ModelSetupError, nearest
from synthetic_textcat.llm.chat_models.openai_client import openai_settings
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec, warn_of_writer
from synthetic_textcat.llm.local_server.gguf import chat_header, find_gguf
from synthetic_textcat.llm.local_server.server import ServerOptions, serve
from synthetic_textcat.redaction import add_public
from synthetic_textcat.schemas.parameters import LlmParameters

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger(__name__)

LLAMA_CPP = "llama.cpp"
_ARGUMENTS = ("timeout", "max_retries", "extra_body")
_OUT_OF_REACH = 10_000


@dataclass(frozen=True, slots=True)
class LocalModelSpec(ChatModelSpec):
    """Class, server and transport of a local model; the file and the settings come from `params:llm`.

    Attributes:
        class_path: Always `llama.cpp`.
        kwargs: `timeout` and `max_retries` of calls, and `extra_body`, for sampling settings of llama.cpp.
        options: Of the server.
    """

    options: ServerOptions = field(default_factory=ServerOptions)

    def __post_init__(self) -> None:
        for name in sorted(self.kwargs.keys() - set(_ARGUMENTS)):
            raise ModelSetupError(f"A local model takes no {name} (catalog entry llm); {nearest(name, _ARGUMENTS)}")

    @property
    def endpoint(self) -> str:
        """The program, not the address, which is another one in each run."""
        return LLAMA_CPP

    @property
    def identity(self) -> tuple[Any, ...]:
        """The part of the catalog entry that can change replies; the file is part of the settings' hash."""
        body = self.kwargs.get("extra_body") or {}
        return (LLAMA_CPP, {"context_tokens": self.options.context_tokens} | ({"extra_body": body} if body else {}))

    def build(self, llm: LlmParameters) -> "BaseChatModel":
        """The chat model of this file. Starts the server, unless this process has it already.

        Raises:
            ModelSetupError: If there is no such file, it holds no chat model, or it can't be served.
        """
        if llm.gguf is None:
            raise ModelSetupError("llm.gguf is null, and names no model. Next: --params llm.gguf=FILE")
        add_public(llm.model)
        warn_of_writer(llm.model)
        trained = chat_header(llm.gguf).context_tokens
        if trained is not None and trained < self.options.context_tokens:
            _warn_of_context(self.options.context_tokens, trained)
        server = serve(find_gguf(llm.gguf), llm.model, self.options)
        from openai import DefaultAioHttpClient

        from synthetic_textcat.llm.chat_models.openai_chat import LeanChatOpenAI

        body = {name: value for name, value in self.kwargs.items() if name == "extra_body"}
        return LeanChatOpenAI(
            **(body | openai_settings(llm, self.kwargs.get("extra_body", {}))),
            base_url=server.url,
            api_key=server.key,
            timeout=self.kwargs.get("timeout"),
            max_retries=0,
            openai_proxy=None,
            http_async_client=DefaultAioHttpClient(trust_env=False, follow_redirects=False),  # no proxy on loopback
        )


@cache
def _warn_of_context(asked: int, trained: int) -> None:
    logger.warning(
        "The model was trained for %d tokens of prompt and reply together, and context_tokens (catalog entry llm, "
        "server) gives it %d: beyond the first number it may write nonsense. Next: lower it",
        trained,
        asked,
    )
