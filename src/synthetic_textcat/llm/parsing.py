"""From the raw text of a reply to the object that was asked for, or to the cause why not. Never evaluates anything."""

import json
from typing import Any, TypeVar

import json_repair
from pydantic import BaseModel, ValidationError

from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem

Wanted = TypeVar("Wanted", bound=BaseModel)

_BYTE_ORDER_MARK = "\ufeff"
_LONGEST_DETAIL = 200


def parse(completion: Completion, wanted: type[Wanted]) -> Wanted | Problem:
    """What a reply holds: the wanted object, recovered if need be, or the failure cause with its words."""
    if not completion.replied:
        return Problem(completion.status, completion.error or "")
    if completion.refusal:
        return Problem("refused", completion.refusal[:_LONGEST_DETAIL])
    if completion.finish_reason == "content_filter":
        return Problem("content_filtered", "the server's content filter stopped the reply")
    text = completion.raw_text.strip().removeprefix(_BYTE_ORDER_MARK)
    value = _strict(text)
    if value is None and completion.finish_reason == "length":
        return Problem("truncated", "the reply was cut at the token limit; raise llm.max_tokens")
    if value is None:
        value = _repaired(text)
    return _validated(value, wanted)


def _strict(text: str) -> Any:
    """The JSON value of the whole text; control characters within strings pass. None if it is no JSON."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _repaired(text: str) -> Any:
    """The JSON value that a person would read out of the text; None if there is none."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return None
    inner = text[start : end + 1]
    value = _strict(inner)
    if value is not None:
        return value
    try:
        return json_repair.loads(inner, skip_json_loads=True)
    except (ValueError, RecursionError):
        return None


def _validated(value: Any, wanted: type[Wanted]) -> Wanted | Problem:
    value = _unwrapped(value, set(wanted.model_fields))
    if not isinstance(value, dict):
        return Problem("invalid_json", "no JSON object in the reply")
    try:
        return wanted.model_validate(_speakable(value))
    except ValidationError as error:
        return Problem("schema_violation", _in_one_line(error))


def _unwrapped(value: Any, fields: set[str]) -> Any:
    """The object itself where a model put it into a list of one or under a key of its own."""
    if isinstance(value, list) and len(value) == 1:
        return _unwrapped(value[0], fields)
    if isinstance(value, dict) and len(value) == 1 and not fields & value.keys():
        return next(iter(value.values()))
    return value


def _speakable(value: Any) -> Any:
    """The value with surrogate pairs joined and lone surrogates replaced, since no file can hold them."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_speakable(item) for item in value]
    if isinstance(value, dict):
        return {key: _speakable(item) for key, item in value.items()}
    return value


def _in_one_line(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, x['loc']))}: {x['msg'].lower()}" for x in problems)[:_LONGEST_DETAIL]
