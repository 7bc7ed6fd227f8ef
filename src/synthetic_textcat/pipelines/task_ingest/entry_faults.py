"""What is said of an entry that is no task: the key, what stands there, and what to do."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError

from synthetic_textcat.errors import nearest
from synthetic_textcat.schemas import weights
from synthetic_textcat.schemas.task_input import no_text, shown
from synthetic_textcat.schemas.tasks import Label, SeedExample, Task

_PARTS: dict[object, tuple[str, type[BaseModel]]] = {
    "labels": ("label", Label),
    "seed_examples": ("seed example", SeedExample),
}
_UNKNOWN_KEY = {"extra_forbidden", "invalid_key"}
_FORMS = {
    "labels": "a list of names, or a mapping of names to descriptions",
    "seed_examples": "a list of texts, or a mapping of labels to texts",
}
_REMEDIES: dict[str, Callable[[str, object], str]] = {
    "tuple_type": lambda key, value: f"{shown(value)} is no list; write {_FORMS[key]}",
    "string_too_short": lambda *_: "the text is empty; fill it in, or remove it",
    "string_type": lambda _, value: no_text(value),
    "model_type": lambda _, value: no_text(value),
}
"""What is said of pydantic's types of error, from the key and the value."""


def explain(error: ValueError) -> str:
    """The first fault in one sentence; an unknown key goes first, since it is often why another one is missing."""
    if not isinstance(error, ValidationError):
        return str(error)
    problems = error.errors(include_url=False)
    return _sentence(next((x for x in problems if x["type"] in _UNKNOWN_KEY), problems[0]))


def _sentence(problem: Any) -> str:
    kind, path, value = problem["type"], problem["loc"], problem["input"]
    key = str(path[-1]) if path else ""
    if kind in _UNKNOWN_KEY:
        return f"{_before(path[:-1])}unknown key {key}; {nearest(key, _model(path).model_fields)}"
    if kind == "missing":
        return f"{_before(path[:-1])}lacks the key {key}; add it"
    if key == "weight":
        return f"{_before(path)}{shown(value)} is no weight; write {weights.RANGE}, such as 2 or 0.5"
    if kind in _REMEDIES:
        return _before(path) + _REMEDIES[kind](key, value)
    return _before(path) + str(problem["msg"]).removeprefix("Value error, ")


def _model(path: tuple[int | str, ...]) -> type[BaseModel]:
    return _PARTS[path[0]][1] if len(path) > 1 and path[0] in _PARTS else Task


def _place(path: tuple[int | str, ...]) -> str:
    """`label 2, name` for `labels.1.name`: entries are counted from 1 too."""
    if len(path) > 1 and path[0] in _PARTS:
        part, number = _PARTS[path[0]][0], path[1]
        path = (f"{part} {int(number) + 1}", *path[2:])
    return ", ".join(map(str, path))


def _before(path: tuple[int | str, ...]) -> str:
    return f"{_place(path)}: " if path else ""
