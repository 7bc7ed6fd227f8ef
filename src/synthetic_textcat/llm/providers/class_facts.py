"""Facts about LangChain's provider classes: addresses, timeouts, token limits, retries; from `classes.yml`.

LangChain gives these no common names: `timeout` is seconds, whole seconds or milliseconds, or is taken and ignored. A
place is a dotted name: `client_kwargs.timeout` is an entry of an argument, `call.p` an argument of each call. A class
that is not in the file is used under the names that most classes share.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import yaml

CALL = "call."
"""Start of a place that is an argument of each call."""

_SHARED_TRANSPORT = {
    *("timeout", "request_timeout", "timeout_seconds", "connect_timeout", "read_timeout", "default_request_timeout"),
    *("max_retries", "retries", "proxy", "proxies", "verify", "cert", "headers", "default_headers", "extra_headers"),
    *("default_query", "organization", "http_client", "http_async_client", "follow_redirects", "trust_env", "limits"),
    *("cache", "callbacks", "metadata", "rate_limiter", "tags", "verbose", "custom_get_token_ids", "disable_streaming"),
}
"""Arguments that change no reply, in any class of the file and at any depth."""

_ADDRESS_ENDINGS = ("API_BASE", "BASE_URL", "API_URL", "API_HOST", "HOST", "API_ENDPOINT", "ENDPOINT")


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """Facts about one class.

    Attributes:
        key: The variable that its key is read from, for messages.
        argument: Place of the address; empty if unknown.
        others: Further names of that argument.
        default_address: Address that we set where the catalog has none; empty where the class has its own.
        variables: Variables that hold the address, in the order in which the class reads them.
        asks_elsewhere: Variables that choose another server or model without being an address.
        timeout: Place of the timeout; empty for the shared names.
        timeout_unit: `s`, `ms` or `whole s`.
        settings: Setting of `llm` → its place, where that is not its own name.
        fixed: Place → value that we set, such as the class's own retries.
        connections: `botocore` where the connection pool is an object of that library.
        transport: Arguments that change no reply.
        lean: Path of a subclass of ours that is used in its place, which does less for each call.
        batches: Path of the adapter for its provider's batches; empty if there is none.
        setup: Path of the class that sets it up; empty for the general one, by these facts.
        takes_body: Whether it, and any class made of it, passes `extra_body` on.
        parts: Argument → class of the object that the class takes there; the catalog has that object's arguments.
        is_known: Whether the file says where the class takes its timeout, so that the shared names do not count.
        is_offline: Whether it is the offline model, which calls no server and has the name of its own model.
    """

    key: str = "the variable that your chat model's class reads"
    argument: str = ""
    others: tuple[str, ...] = ()
    default_address: str = ""
    variables: tuple[str, ...] = ()
    asks_elsewhere: tuple[str, ...] = ()
    timeout: str = ""
    timeout_unit: str = "s"
    settings: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    connections: str = ""
    transport: frozenset[str] = frozenset()
    parts: Mapping[str, str] = field(default_factory=dict)
    lean: str = ""
    batches: str = ""
    setup: str = ""
    takes_body: bool = False
    is_known: bool = False
    is_offline: bool = False

    @property
    def address_arguments(self) -> tuple[str, ...]:
        """Names of the argument of the address; an empty one where it is unknown."""
        return (self.argument, *self.others)

    @property
    def address_words(self) -> str:
        """Place in which the address is set, for error messages."""
        if self.argument and self.variables:
            return f"{self.variables[0]}, or {self.argument} in the catalog entry llm,"
        return f"{self.argument or 'the address'} in the catalog entry llm"

    def environment(self, kwargs: Mapping[str, Any]) -> dict[str, str]:
        """The part of the environment that decides which server answers, under names of arguments and variables.

        An address in the arguments goes before one in the environment. Users and queries of addresses are no part.
        """
        names = filter(None, self.address_arguments)
        found = {} if any(found_at(kwargs, name) for name in names) else self._address_of_environment()
        return found | {name: value for name in self.asks_elsewhere if (value := os.environ.get(name))}

    def _address_of_environment(self) -> dict[str, str]:
        value = next((value for name in self.variables if (value := os.environ.get(name, "").strip())), None)
        return {} if value is None else {self.argument or "address": plain_address(value)}

    def without_transport(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments without those that change no reply; in nested mappings of any class."""
        kept = {name: value for name, value in kwargs.items() if not self.is_known or not self._is_transport(name)}
        thinned = {name: self._thinned(value) for name, value in kept.items()}
        return {name: value for name, value in thinned.items() if value or not kept[name]}  # emptied ones go too

    def _is_transport(self, name: str) -> bool:
        return name in _SHARED_TRANSPORT or name in self.transport

    def _thinned(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._thinned(each) for name, each in value.items() if not self._is_transport(name)}
        return [self._thinned(each) for each in value] if isinstance(value, list) else value

    def timeout_as(self, seconds: float) -> float | int:
        """A timeout in the unit of the class."""
        if self.timeout_unit == "ms":
            return round(seconds * 1000)
        return max(1, round(seconds)) if self.timeout_unit == "whole s" else seconds


def class_facts(class_path: str) -> ClassFacts:
    """The facts about a class; of one that is not in the file, guesses from the name of its package."""
    if class_path in _rows():
        return _rows()[class_path]
    package, name = class_path.partition(".")[0], class_path.rpartition(".")[2]
    row = _rows().get(f"{package}.{name}")
    if row is not None and row.is_known:
        return row
    vendor = package.removeprefix("langchain_").upper()
    is_vendors = package.startswith("langchain_") and vendor not in ("CORE", "OPENAI", "COMMUNITY", "CLASSIC")
    return ClassFacts(variables=tuple(f"{vendor}_{ending}" for ending in _ADDRESS_ENDINGS) if is_vendors else ())


def batch_adapters() -> dict[str, str]:
    """Path of each class with batches → path of the adapter for them."""
    return {path: facts.batches for path, facts in _rows().items() if facts.batches}


@cache
def _rows() -> dict[str, ClassFacts]:
    text = resources.files(__package__).joinpath("classes.yml").read_text(encoding="utf-8")
    return {path: _facts(fields) for path, fields in yaml.safe_load(text).items()}


def _facts(fields: dict[str, Any]) -> ClassFacts:
    address = fields.pop("address", {})
    return ClassFacts(
        argument=address.get("argument", ""),
        others=tuple(address.get("others", ())),
        default_address=address.get("default", ""),
        variables=tuple(address.get("variables", ())),
        asks_elsewhere=tuple(fields.pop("asks_elsewhere", ())),
        transport=frozenset(fields.pop("transport", ())),
        is_known="timeout" in fields,
        **fields,
    )


def plain_address(text: str) -> str:
    """An address without user, query and the slash at its end: a new password sends nothing elsewhere."""
    try:
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return text
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/") if host else text


def put(arguments: dict[str, Any], place: str, value: Any, *, keep: bool = False) -> None:
    """Sets the value at a dotted place, in copies of the mappings on the way.

    Args:
        arguments: Changed in place.
        place: `a`, or `a.b` for an entry of the mapping `a`.
        value: The value.
        keep: Whether a value that is there stays.
    """
    name, _, rest = place.partition(".")
    if rest:
        inner = dict(arguments.get(name) or {})
        put(inner, rest, value, keep=keep)
        arguments[name] = inner
    elif not (keep and arguments.get(name) is not None):
        arguments[name] = value


def found_at(arguments: Mapping[str, Any], place: str) -> Any:
    """The value at a dotted place; None if there is none."""
    value: Any = arguments
    for name in place.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
