"""All parameters as MLflow keeps them: flat names, short texts."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from synthetic_textcat.redaction import redact

_LIMIT = 6000
"""MLflow's limit of characters for one parameter."""


def plain(value: Any) -> Any:
    """The value as YAML would hold it; Kedro turns the blocks that a pipeline uses into typed objects."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def flatten(params: Mapping[str, Any]) -> dict[str, str]:
    """`block.name` -> text, for each parameter.

    What lies deeper than a block's own names (weights, defects) is one value: its JSON text.
    """
    return {safe_key(name): _fit(_text(value)) for name, value in _leaves(params)}


def safe_key(name: str) -> str:
    """The name with what MLflow does not take in a key replaced by `_`."""
    return re.sub(r"[^\w\-. :/]", "_", name)[:250]


def _leaves(params: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for block, content in params.items():
        if isinstance(content, Mapping) and content:
            yield from ((f"{block}.{name}", value) for name, value in content.items())
        else:
            yield block, content


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return redact(text)


def _fit(text: str) -> str:
    if len(text) <= _LIMIT:
        return text
    note = f"... sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    return text[: _LIMIT - len(note)] + note
