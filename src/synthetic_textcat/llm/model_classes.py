"""Chat-model classes by their dotted paths, and what of `params:llm` each of them takes."""

import importlib
import os
from collections.abc import Set as AbstractSet
from typing import Any

from pydantic import SecretStr

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.header_values import check_header_value
from synthetic_textcat.redaction import add_secret
from synthetic_textcat.schemas.parameters import LlmParameters

_SETTINGS = ("model", "temperature", "top_p", "max_tokens")


def load_class(class_path: str) -> Any:
    """The class at a dotted path.

    Raises:
        ModelSetupError: If there is none, or it is no chat model.
    """
    from langchain_core.language_models import BaseChatModel

    module, _, name = class_path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise ModelSetupError(
            f"There is no class {class_path} (catalog entry llm); is its package installed?"
        ) from None
    if not (isinstance(found, type) and issubclass(found, BaseChatModel)):
        raise ModelSetupError(f"{class_path} (catalog entry llm) is no chat model of LangChain")
    return found


def argument_names(model_class: Any) -> set[str]:
    """What its constructor takes: fields and their aliases."""
    return {x for name, field in model_class.model_fields.items() for x in (name, field.alias) if x}


def learn_and_check_keys(model: Any) -> None:
    """Has the keys that a built model holds masked, wherever its class found them, and checks that they can be sent.

    Raises:
        ModelSetupError: If one has a line break or another sign that no header takes.
    """
    for name, value in vars(model).items():
        if isinstance(value, SecretStr):
            key, variable = value.get_secret_value(), name.upper()
            place = variable if variable in os.environ else f"{name} (catalog entry llm)"
            add_secret(key, place)
            check_header_value(key, place, kept="the key alone")


def settings_for(class_path: str, names: AbstractSet[str], llm: LlmParameters) -> dict[str, Any]:
    """The settings under the names that LangChain's classes share; what is null is left to the class.

    Raises:
        ModelSetupError: If the class has no such field: LangChain would drop the setting, or send it unasked.
    """
    given = {name: value for name in _SETTINGS if (value := getattr(llm, name)) is not None}
    unknown = [name for name in given if name not in names and name != "model"]
    if unknown:
        keys = ", ".join(f"llm.{name}" for name in unknown)
        raise ModelSetupError(f"{class_path} (catalog entry llm) takes no {', '.join(unknown)}; set {keys} to null")
    return {name: value for name, value in given.items() if name in names}
