"""Chat model classes by their dotted paths: the class, the names of its arguments, and our settings under these."""

import importlib
from collections.abc import Set as AbstractSet
from typing import Any

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.schemas.parameters import PLANNED, LlmParameters

_SETTINGS = ("model", "temperature", "top_p", "max_tokens")


def load_class(class_path: str) -> Any:
    """The class at a dotted path.

    Raises:
        ModelSetupError: If there is none, or it is not a chat model.
    """
    from langchain_core.language_models import BaseChatModel

    found = imported(class_path)
    if not (isinstance(found, type) and issubclass(found, BaseChatModel)):
        raise ModelSetupError(f"{class_path} (catalog entry llm) is not a LangChain chat model")
    return found


def imported(class_path: str) -> Any:
    """The object at a dotted path.

    Raises:
        ModelSetupError: If there is none.
    """
    module, _, name = class_path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise ModelSetupError(
            f"There is no class {class_path} (catalog entry llm). Next: check the spelling, or install its package"
        ) from None


def argument_names(model_class: Any) -> set[str]:
    """Argument names of a model class: its fields and their aliases."""
    return {x for name, field in model_class.model_fields.items() for x in (name, field.alias) if x}


def settings_for(class_path: str, names: AbstractSet[str], llm: LlmParameters) -> dict[str, Any]:
    """The settings under the names that LangChain's classes share; null settings keep the class's default.

    Raises:
        ModelSetupError: If the class has no such field: LangChain would drop the setting, or send it unchecked.
    """
    given = {name: value for name in _SETTINGS if (value := getattr(llm, name)) not in (None, PLANNED)}
    unknown = [name for name in given if name not in names and name != "model"]
    if unknown:
        keys = ", ".join(f"llm.{name}" for name in unknown)
        raise ModelSetupError(f"{class_path} (catalog entry llm) takes no {', '.join(unknown)}; set {keys} to null")
    return {name: value for name, value in given.items() if name in names}
