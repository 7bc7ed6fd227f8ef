"""Setup of a chat-model class from its catalog entry: endpoint, identity, checks, settings and arguments.

`ClassSetup` serves any class by its facts in `classes.yml`. A class that the facts cannot describe has a subclass of it
in the file of its provider, which the entry `setup` of its row names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from synthetic_textcat.llm.chat_models.model_classes import imported, settings_for
from synthetic_textcat.llm.providers.class_facts import ClassFacts, class_facts, plain_address
from synthetic_textcat.redaction.names import is_secret_name
from synthetic_textcat.schemas.parameters import PLANNED, LlmParameters

KEY_VARIABLE = "key_variable"
"""Argument of an entry: the environment variable of its key, so that two servers need not get each other's."""

_TRANSPORT = {
    *("openai_proxy", "timeout", "request_timeout", "default_request_timeout", "timeout_seconds", "max_retries"),
    *("default_headers", "default_query", "organization", "openai_organization", "http_socket_options"),
    KEY_VARIABLE,
}
"""Arguments at the top of an entry that change no reply of any class."""


@dataclass(frozen=True, slots=True)
class ClassSetup:
    """Setup of a chat-model class by its facts; the base class of the setups of single providers.

    Attributes:
        class_path: Dotted path of the class.
        kwargs: Arguments of the catalog entry. Not in the repr, since they may hold a key.
        facts: Facts about the class.
        own_arguments: Names of arguments that the setup reads itself and does not pass to the class.
    """

    class_path: str
    kwargs: Mapping[str, Any] = field(repr=False)
    facts: ClassFacts
    own_arguments: ClassVar[frozenset[str]] = frozenset()

    @property
    def endpoint(self) -> str:
        """Address of the calls where the setup knows it, else the class."""
        return self.class_path

    @property
    def address(self) -> str:
        """Address in the catalog or the environment that the endpoint lacks; empty if there is none."""
        sent = {**self.kwargs, **self.facts.environment(self.kwargs)}
        return plain_address(next((str(sent[name]) for name in self.facts.address_arguments if sent.get(name)), ""))

    @property
    def key_place(self) -> str:
        """The environment variable of the key, for messages."""
        return self.facts.key

    @property
    def without_address(self) -> dict[str, Any]:
        """The arguments of the entry without its address."""
        return {name: value for name, value in self.kwargs.items() if name not in self.facts.address_arguments}

    def identity(self, endpoint_name: str | None = None) -> tuple[Any, ...]:
        """The class, then the arguments and variables that can change replies, if there are any.

        Args:
            endpoint_name: Name in place of the address; None = the address itself.
        """
        facts = self.facts
        if endpoint_name is None:
            kwargs, place = self.kwargs, facts.environment(self.kwargs)
        else:
            kwargs, named = self.without_address, {facts.argument or "address": endpoint_name}
            place = {**(facts.environment(named) if facts.argument else {}), **named}
        return identity_tuple(self.class_path, {**facts.without_transport(without_transport(kwargs)), **place})

    def check(self) -> bool:
        """Checks the setup without the class; False where only the class can check it.

        Raises:
            ModelSetupError: If a call would fail.
        """
        return False

    def settings(self, names: set[str], llm: LlmParameters) -> dict[str, Any]:
        """The settings of `llm` under the names of the class, some of them dotted places.

        Args:
            names: Names of the arguments that the class takes.
            llm: The settings.

        Raises:
            ModelSetupError: If the class does not take a setting.
        """
        places = self.facts.settings
        given = {place: getattr(llm, name) for name, place in places.items()}
        moved = {place: value for place, value in given.items() if value not in (None, PLANNED)}
        return settings_for(self.class_path, names, llm.model_copy(update=dict.fromkeys(places))) | moved

    def constructor_arguments(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Arguments for the constructor of the class, from those of the entry with our defaults.

        Raises:
            ModelSetupError: If a call with them would fail.
        """
        return arguments


def class_setup(class_path: str, kwargs: Mapping[str, Any]) -> ClassSetup:
    """The setup of a class, by its row in `classes.yml`."""
    facts = class_facts(class_path)
    kind: type[ClassSetup] = imported(facts.setup) if facts.setup else ClassSetup
    return kind(class_path, kwargs, facts)


def identity_tuple(endpoint: str, sent: Mapping[str, Any]) -> tuple[Any, ...]:
    """Identity of a model, for the fingerprint; without secrets: a new key changes no reply."""
    kept = without_secrets(sent)
    return (endpoint, kept) if kept else (endpoint,)


def without_transport(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without those that change no reply of any class."""
    return {name: value for name, value in kwargs.items() if name not in _TRANSPORT}


def without_secrets(value: Any) -> Any:
    """The value without mapping entries whose names look like a secret, at any depth."""
    if isinstance(value, Mapping):
        return {key: without_secrets(each) for key, each in value.items() if not is_secret_name(str(key))}
    return [without_secrets(each) for each in value] if isinstance(value, list) else value
