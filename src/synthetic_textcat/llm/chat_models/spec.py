"""Chat model specification: class path, address and arguments; frozen and picklable, unlike the model built from it."""

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from synthetic_textcat.errors import ModelSetupError, nearest
from synthetic_textcat.llm.chat_models.class_setup import KEY_VARIABLE, ClassSetup, class_setup, without_secrets
from synthetic_textcat.llm.chat_models.model_classes import argument_names, imported, load_class
from synthetic_textcat.llm.chat_models.transport import (
    NEUTRAL_TIMEOUT,
    RETRIES,
    TIMEOUTS,
    check_all_headers,
    check_header_value,
    deadline_of,
    refuse_redirects,
    retries_of,
    wide_pool,
)
from synthetic_textcat.llm.providers.class_facts import CALL, ClassFacts, class_facts, put
from synthetic_textcat.llm.providers.class_fixes import fixed_class
from synthetic_textcat.redaction import SHORTEST, add_public, add_secret, learn_settings, redact, short_secrets
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.writers import writer_note

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger(__name__)

_ENTRY = "the catalog entry llm"
_SETTING = re.compile(r"(?<![\w.])llm\.(?=[a-z])")
_VARIABLE = re.compile(r"\b[A-Z][A-Z_]{3,}\b")
_OTHER_NAMES = {"model_name": "model", "repo_id": "model", "max_new_tokens": "max_tokens"}
"""Further names of settings among the arguments of classes."""


@dataclass(frozen=True, slots=True)
class ChatModelSpec:
    """Class and transport of a chat model; its settings come from `params:llm` when it is built.

    Attributes:
        class_path: Dotted path of a LangChain chat-model class.
        kwargs: Constructor arguments such as headers and timeouts. Not in the repr, since they may hold a key.
        servers: Addresses that serve it in place of its own, for every call of a run; in no fingerprint.
    """

    class_path: str
    kwargs: dict[str, Any] = field(default_factory=dict, repr=False)
    servers: tuple[str, ...] = field(default=(), repr=False)

    @property
    def endpoint(self) -> str:
        """Address of the calls, for the fingerprint: replies of different servers are different."""
        return self._setup.endpoint

    @property
    def server(self) -> str:
        """Endpoint, with the configured address of a class whose endpoint lacks it: where its batches are."""
        address = self._setup.address
        return f"{self.endpoint} at {address}" if address else self.endpoint

    @property
    def identity(self) -> tuple[Any, ...]:
        """Identity of the model for the fingerprint: address, arguments and variables that can change replies.

        Excludes transport, and names that look like a secret, at any depth: a new key does not change replies.
        """
        return self._setup.identity()

    def identity_of(self, llm: LlmParameters) -> tuple[Any, ...]:
        """The identity, with `llm.endpoint_name` in place of the address: servers of one name are one model's."""
        return self.identity if llm.endpoint_name is None else self._setup.identity(llm.endpoint_name)

    @property
    def has_secrets(self) -> bool:
        """Whether an argument, at any depth, has the name of a secret: such as a header with a key."""
        plain = {name: value for name, value in self.kwargs.items() if name != KEY_VARIABLE}
        return bool(without_secrets(plain) != plain)

    def at(self, url: str) -> "ChatModelSpec":
        """The same model at another server.

        Raises:
            ModelSetupError: If the class has no known argument for an address.
        """
        argument = self._facts.argument
        if not argument or "." in argument:
            raise ModelSetupError(f"{self.class_path} (catalog entry llm) takes no address, so no list of them either")
        return replace(self.without_address(), kwargs={**self.without_address().kwargs, argument: url})

    def without_address(self) -> "ChatModelSpec":
        """The same model without the address that the catalog names."""
        return replace(self, kwargs=self._setup.without_address)

    @property
    def is_offline(self) -> bool:
        """Whether it is the offline model, which calls no server."""
        return self._facts.is_offline

    @property
    def _setup(self) -> ClassSetup:
        return class_setup(self.class_path, self.kwargs)

    @property
    def _facts(self) -> ClassFacts:
        return class_facts(self.class_path)

    @property
    def names_deployments(self) -> bool:
        """Whether `llm.model` is a deployment's name, as with Azure, which says nothing of the model."""
        return "azure" in self.endpoint.casefold()

    @property
    def max_retries(self) -> int:
        """Number of times that the engine repeats a call without a reply."""
        return retries_of(self.kwargs)

    @property
    def deadline_s(self) -> float:
        """Timeout of one call, in seconds."""
        return deadline_of(self.kwargs, self._facts.timeout)

    def build(self, llm: LlmParameters) -> "BaseChatModel":
        """The chat model with these settings and without its own retries: the engine retries. Makes no request.

        Raises:
            ModelSetupError: If there is no key, no such class, the class does not accept the settings, or an address or
                a header is invalid.
        """
        self.learn_secrets()
        add_public(llm.model)
        self.check_model_name(llm)
        self._refuse_settings_in_entry()
        setup = self._setup
        model_class = load_class(self._facts.lean or self.class_path)
        names = argument_names(model_class)
        kwargs, per_call = self._arguments(names)
        settings = setup.settings(names, llm)
        for place in [place for place in settings if "." in place]:
            put(per_call if place.startswith(CALL) else kwargs, place, settings.pop(place))
        parts = {name: self._part(name, path, kwargs) for name, path in self._facts.parts.items()}
        warn_of_writer(llm.model)
        check_all_headers(kwargs, "catalog entry llm")
        arguments = setup.constructor_arguments(kwargs)
        per_call = {f"{CALL}{name}": value for name, value in per_call.get("call", {}).items()}
        model = self._construct(fixed_class(model_class, self._facts, per_call), {**arguments, **settings, **parts})
        learn_and_check_keys(model)
        refuse_redirects(model)
        if not self.is_offline:
            _warn_of_short_secrets(tuple(short_secrets()))
        return model

    def check_unbuilt(self) -> bool:
        """Checks key, headers and address without the class; False where only the class can check them.

        Raises:
            ModelSetupError: If there is no key, or one of them can't be used.
        """
        self.learn_secrets()
        return self._setup.check()

    def _arguments(self, names: set[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arguments of the constructor, with timeout and retries where the class takes them, and those of each call.

        Raises:
            ModelSetupError: If the class has no such argument: LangChain would send it to the server.
        """
        facts = self._facts
        neutral = {RETRIES, NEUTRAL_TIMEOUT} | (set(TIMEOUTS) if facts.is_known else set())
        kwargs = {name: value for name, value in self.kwargs.items() if name not in neutral}
        for name in sorted(kwargs.keys() - names - self._setup.own_arguments):
            raise ModelSetupError(f"{self.class_path} takes no {name} (catalog entry llm); {nearest(name, names)}")
        for name in facts.parts:
            if not isinstance(kwargs.setdefault(name, {}), Mapping):
                raise ModelSetupError(
                    f"{name} is not a mapping of arguments (catalog entry llm). Next: write it as one"
                )
        per_call: dict[str, Any] = {}
        if RETRIES in names:
            kwargs[RETRIES] = 0
        for place, value in facts.fixed.items():
            put(per_call if place.startswith(CALL) else kwargs, place, value)
        if facts.default_address:
            put(kwargs, facts.argument, facts.default_address, keep=True)
        if facts.is_known:
            put(kwargs, facts.timeout, facts.timeout_as(self.deadline_s), keep=True)
        elif NEUTRAL_TIMEOUT in self.kwargs:
            kwargs |= dict.fromkeys([x for x in TIMEOUTS if x in names][:1], self.kwargs[NEUTRAL_TIMEOUT])
        if facts.connections == "botocore":
            kwargs["config"] = wide_pool(kwargs.get("config"))
        return kwargs, per_call

    def _part(self, name: str, class_path: str, kwargs: Mapping[str, Any]) -> Any:
        """The object that the class takes as an argument, from the arguments in the catalog.

        Raises:
            ModelSetupError: If the object's class has no such argument.
        """
        part_class, given = imported(class_path), kwargs[name]
        names = argument_names(part_class)
        for each in sorted(given.keys() - names):
            raise ModelSetupError(f"{class_path} takes no {each} (catalog entry llm, {name}); {nearest(each, names)}")
        return self._construct(part_class, dict(given))

    def learn_secrets(self) -> None:
        """Registers the secrets in the arguments and in the variables of the key: all output masks them.

        Raises:
            ModelSetupError: If a key has a character that is not allowed in a header.
        """
        learn_settings(self.kwargs, _ENTRY)
        for variable in _VARIABLE.findall(self._facts.key):
            if value := os.environ.get(variable):
                add_secret(value, variable)
                check_header_value(value, variable, kept="the key alone")

    def _construct(self, model_class: Any, arguments: dict[str, Any]) -> "BaseChatModel":
        try:
            return model_class(**arguments)  # type: ignore[no-any-return]
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, x['loc']))}: {x['msg']}" for x in error.errors(include_url=False))
            raise ModelSetupError(redact(f"Can't build {self.class_path} (catalog entry llm): {wrong}")) from None
        except Exception as error:  # noqa: BLE001  each SDK has its own error for a missing key
            first_line = redact(str(error).partition("\n")[0])
            raise ModelSetupError(f"Can't build {self.class_path} (catalog entry llm): {first_line}") from None

    def _refuse_settings_in_entry(self) -> None:
        """Refuses settings and keys in the catalog entry: they would be sent, but neither recorded nor hashed."""
        of_parts = (self.kwargs.get(name) for name in self._facts.parts)
        nested = {name for part in of_parts if isinstance(part, Mapping) for name in part}
        for name in sorted({*self.kwargs, *nested} - self._facts.parts.keys()):
            if name in LlmParameters.model_fields or name in _OTHER_NAMES:
                own = _OTHER_NAMES.get(name, name)
                raise ModelSetupError(
                    f"{name} is set in the catalog entry llm; set llm.{own} in parameters.yml instead"
                )
            if name.endswith(("api_key", "api_token")):
                place = self._setup.key_place
                raise ModelSetupError(f"{name} is set in the catalog entry llm; put the key into {place} instead")

    def check_model_name(self, llm: LlmParameters) -> None:
        """Refuses a model's name or file for template text, and the template writer's name for a model.

        Raises:
            ModelSetupError: With what to set instead.
        """
        model = llm.model
        if llm.gguf is not None:
            raise ModelSetupError(f"llm.gguf={llm.gguf} needs --env local_model, or llm.gguf=null")
        if self.is_offline and model != OFFLINE_MODEL:
            raise ModelSetupError(f"llm.model={model} needs a server: add --env openai, or leave llm.model as it is")
        if not self.is_offline and model == OFFLINE_MODEL:
            raise ModelSetupError(f"llm.model={model} is not a model of {self.class_path}; set llm.model to one")


def as_of_judge(fault: str) -> str:
    """An error message about a model, reworded for the settings of the judge, which it always names."""
    moved = _SETTING.sub("label_check.llm.", fault.replace("catalog entry llm", "catalog entry judge"))
    return moved if "judge" in moved or "label_check" in moved else f"The catalog entry judge: {moved}"


@cache
def warn_of_writer(model: str) -> None:
    """Warns once per process of templates and of small models: a run may build the model more than once."""
    if note := writer_note([model]):
        logger.warning(note)


@cache
def _warn_of_short_secrets(places: tuple[str, ...]) -> None:
    """Warns once per process and set of places."""
    if places:
        logger.warning(
            "Shorter than %d characters, so not masked in files and logs: %s", SHORTEST, ", ".join(sorted(places))
        )


def learn_and_check_keys(model: Any) -> None:
    """Registers the keys that a built model holds as secrets, and checks that they can be sent in a header.

    Raises:
        ModelSetupError: If a key has a line break or another character that is not allowed in a header.
    """
    for name, value in vars(model).items():
        if isinstance(value, SecretStr):
            key, variable = value.get_secret_value(), name.upper()
            place = variable if variable in os.environ else f"{name} (catalog entry llm)"
            add_secret(key, place)
            check_header_value(key, place, kept="the key alone")
