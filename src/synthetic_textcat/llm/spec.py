"""The recipe of a chat model: frozen and picklable, unlike the model; built where it is used."""

import importlib
import logging
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.schemas.offline_banner import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import LlmParameters

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger(__name__)

OFFLINE_CLASS = "synthetic_textcat.llm.offline.model.OfflineTemplateModel"
OPENAI_CLASS = "langchain_openai.ChatOpenAI"
_OPENAI_DEFAULT_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class ChatModelSpec:
    """Class and transport of a chat model; the settings come from `params:llm` when it is built.

    Attributes:
        class_path: Dotted path of a LangChain chat-model class.
        kwargs: Headers, timeouts and the like for its constructor. Not in the repr: they might hold a key.
    """

    class_path: str
    kwargs: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def endpoint(self) -> str:
        """Where the calls go, for the fingerprint: an answer of one server is none of another."""
        if self.class_path != OPENAI_CLASS:
            return self.class_path
        url = self.kwargs.get("base_url") or os.environ.get("OPENAI_BASE_URL") or _OPENAI_DEFAULT_URL
        return str(url).rstrip("/")

    def build(self, llm: LlmParameters) -> "BaseChatModel":
        """The chat model with these settings. Asks the server nothing.

        Raises:
            ModelSetupError: If there is no key, no such class, or the class does not take the settings.
        """
        settings: dict[str, Any] = {"model": llm.model, "temperature": llm.temperature, "top_p": llm.top_p}
        self._refuse_a_mixture(llm.model)
        if self.class_path == OFFLINE_CLASS:
            settings["defects"] = llm.defects
            logger.warning(BANNER)
        if self.class_path == OPENAI_CLASS:
            settings |= _openai_transport()
            settings |= _openai_limit(llm)
        elif llm.max_tokens is not None:
            settings["max_tokens"] = llm.max_tokens
        try:
            return _load_class(self.class_path)(**{**settings, **self.kwargs})  # type: ignore[no-any-return]
        except (TypeError, ValueError) as error:
            raise ModelSetupError(f"Can't build {self.class_path} (catalog entry llm): {_first_line(error)}") from None

    def _refuse_a_mixture(self, model: str) -> None:
        """Text of templates must never bear a model's name, nor the other way round."""
        offline = self.class_path == OFFLINE_CLASS
        if offline and model != OFFLINE_MODEL:
            raise ModelSetupError(f"llm.model={model} needs a server: add --env openai, or leave llm.model as it is")
        if not offline and model == OFFLINE_MODEL:
            raise ModelSetupError(f"llm.model={model} is no model of {self.class_path}; set llm.model to one")


def _openai_transport() -> dict[str, Any]:
    """The fast transport if it is there; one client a model, since a client belongs to one event loop.

    No limit on connections: the number of workers is the limit. The SDK's own pool of 100 throws sockets away above it.
    """
    if not os.environ.get("OPENAI_API_KEY"):
        raise ModelSetupError("OPENAI_API_KEY is not set: set it to your key, or to any text for a server without keys")
    import httpx2
    from openai import DefaultAioHttpClient, DefaultAsyncHttpxClient

    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    try:
        return {"http_async_client": DefaultAioHttpClient(limits=limits)}
    except RuntimeError:  # openai without its aiohttp extra
        return {"http_async_client": DefaultAsyncHttpxClient(limits=limits)}


def _openai_limit(llm: LlmParameters) -> dict[str, Any]:
    if llm.max_tokens is None:
        return {}
    if llm.token_limit_field == "max_completion_tokens":
        return {"max_tokens": llm.max_tokens}  # ChatOpenAI sends it under the new name
    return {"extra_body": {"max_tokens": llm.max_tokens}}


def _load_class(class_path: str) -> Any:
    module, _, name = class_path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise ModelSetupError(
            f"There is no class {class_path} (catalog entry llm); is its package installed?"
        ) from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
