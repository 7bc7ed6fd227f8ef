"""The recipe of a chat model: frozen and picklable, unlike the model; built where it is used."""

import logging
import os
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from synthetic_textcat.errors import ModelSetupError, nearest, redact
from synthetic_textcat.llm.model_classes import argument_names, load_class, settings_for
from synthetic_textcat.llm.transport_settings import RETRIES, deadline_of, retries_of
from synthetic_textcat.schemas.offline_banner import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import LlmParameters

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger(__name__)

OFFLINE_CLASS = "synthetic_textcat.llm.offline.model.OfflineTemplateModel"
OPENAI_CLASS = "langchain_openai.ChatOpenAI"
_LEAN = {OPENAI_CLASS: "synthetic_textcat.llm.openai_chat.LeanChatOpenAI"}
_ADDRESS = {"base_url", "openai_api_base"}
_TRANSPORT = {
    *("openai_proxy", "timeout", "request_timeout", "default_request_timeout", "max_retries"),
    *("default_headers", "default_query", "organization", "openai_organization", "http_socket_options"),
}
_OUT_OF_REACH = 10_000
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
        named = (self.kwargs.get("base_url"), self.kwargs.get("openai_api_base"))
        from_environment = (os.environ.get("OPENAI_API_BASE"), os.environ.get("OPENAI_BASE_URL"))  # LangChain's order
        url = next(filter(None, (*named, *from_environment)), _OPENAI_DEFAULT_URL)
        return str(url).rstrip("/")

    @property
    def identity(self) -> tuple[Any, ...]:
        """What of the catalog entry changes answers, for the fingerprint: address and arguments, less transport."""
        known = _TRANSPORT | _ADDRESS if self.class_path == OPENAI_CLASS else _TRANSPORT  # its address is the endpoint
        sent = {name: value for name, value in self.kwargs.items() if name not in known}
        return (self.endpoint, sent) if sent else (self.endpoint,)

    @property
    def max_retries(self) -> int:
        """How often the engine makes a call again that brought no reply."""
        return retries_of(self.kwargs)

    @property
    def deadline_s(self) -> float:
        """How long one call may take."""
        return deadline_of(self.kwargs)

    def build(self, llm: LlmParameters) -> "BaseChatModel":
        """The chat model with these settings, less retries of its own: the engine retries. Asks the server nothing.

        Raises:
            ModelSetupError: If there is no key, no such class, or the class does not take the settings.
        """
        self._refuse_a_mixture(llm.model)
        self._refuse_second_ways_in()
        by_openai = self.class_path == OPENAI_CLASS
        kwargs, transport = {name: value for name, value in self.kwargs.items() if name != RETRIES}, {}
        if by_openai:
            transport = _openai_transport(proxy=kwargs.pop("openai_proxy", None))
        model_class = load_class(_LEAN.get(self.class_path, self.class_path))
        names = argument_names(model_class)
        for name in sorted(kwargs.keys() - names):  # LangChain would send it to the server
            raise ModelSetupError(f"{self.class_path} takes no {name} (catalog entry llm); {nearest(name, names)}")
        if RETRIES in names:
            kwargs[RETRIES] = 0
        settings = self._openai_settings(llm) if by_openai else settings_for(self.class_path, names, llm)
        if self.class_path == OFFLINE_CLASS:
            settings["defects"] = llm.defects
            _tell_of_templates()
        return self._construct(model_class, transport | kwargs | settings)

    def _construct(self, model_class: Any, arguments: dict[str, Any]) -> "BaseChatModel":
        try:
            return model_class(**arguments)  # type: ignore[no-any-return]
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, x['loc']))}: {x['msg']}" for x in error.errors(include_url=False))
            raise ModelSetupError(f"Can't build {self.class_path} (catalog entry llm): {wrong}") from None
        except Exception as error:  # noqa: BLE001  each SDK has its own for a key that is not there
            first_line = redact(str(error).partition("\n")[0])
            raise ModelSetupError(f"Can't build {self.class_path} (catalog entry llm): {first_line}") from None

    def _openai_settings(self, llm: LlmParameters) -> dict[str, Any]:
        """ChatOpenAI sends `max_tokens` under the new name; under the old one only past it."""
        settings = {"model": llm.model, "temperature": llm.temperature, "top_p": llm.top_p}
        if llm.max_tokens is None:
            return settings
        if llm.token_limit_field == "max_tokens":
            return settings | {"extra_body": {**self.kwargs.get("extra_body", {}), "max_tokens": llm.max_tokens}}
        return settings | {"max_tokens": llm.max_tokens}

    def _refuse_second_ways_in(self) -> None:
        """A setting in the catalog would be sent, but neither recorded nor hashed."""
        for name in sorted(self.kwargs):
            if name in LlmParameters.model_fields or name == "model_name":
                own = name.removesuffix("_name")
                raise ModelSetupError(
                    f"{name} stands in the catalog entry llm; set llm.{own} in parameters.yml instead"
                )
            if name.endswith("api_key"):
                place = "OPENAI_API_KEY" if self.class_path == OPENAI_CLASS else "the variable that the class reads"
                raise ModelSetupError(f"{name} stands in the catalog entry llm; put the key into {place} instead")

    def _refuse_a_mixture(self, model: str) -> None:
        """Text of templates must never bear a model's name, nor the other way round."""
        offline = self.class_path == OFFLINE_CLASS
        if offline and model != OFFLINE_MODEL:
            raise ModelSetupError(f"llm.model={model} needs a server: add --env openai, or leave llm.model as it is")
        if not offline and model == OFFLINE_MODEL:
            raise ModelSetupError(f"llm.model={model} is no model of {self.class_path}; set llm.model to one")


@cache
def _tell_of_templates() -> None:
    """Once a process: a run with brainstorming, or of many rounds, builds the model more than once."""
    logger.warning(BANNER)


def _openai_transport(proxy: str | None) -> dict[str, Any]:
    """The fast transport if it is there; one client a model, since a client belongs to one event loop.

    The number of workers is the limit of connections. So the client's own is out of reach: the SDK's pool throws
    sockets away above 100, and without a number aiohttp opens no more than that. LangChain sets up a proxy only for a
    client of its own.
    """
    if not os.environ.get("OPENAI_API_KEY"):
        raise ModelSetupError("OPENAI_API_KEY is not set: set it to your key, or to any text for a server without keys")
    import httpx2
    from openai import DefaultAioHttpClient, DefaultAsyncHttpxClient

    limits = httpx2.Limits(max_connections=_OUT_OF_REACH, max_keepalive_connections=_OUT_OF_REACH)
    try:
        return {"http_async_client": DefaultAioHttpClient(limits=limits, proxy=proxy)}
    except RuntimeError:  # openai without its aiohttp extra
        return {"http_async_client": DefaultAsyncHttpxClient(limits=limits, proxy=proxy)}
