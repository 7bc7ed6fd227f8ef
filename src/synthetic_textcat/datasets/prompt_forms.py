"""What a prompt's file may hold, and what is said of one that holds something else."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from synthetic_textcat.errors import PromptError
from synthetic_textcat.llm.placeholders import brace_fault
from synthetic_textcat.schemas.task_input import shown

ROLES = ("system", "user", "assistant", "human", "ai")
"""The last two are other words for `user` and `assistant`."""

_FORM = "write `messages:`, and below it one item a message, with `role: user` and `content: ...`"
_FIELDS = ("role", "content")


class Place(NamedTuple):
    """A text of the file: how it is called in errors, and the keys and places that lead to it."""

    called: str
    path: tuple[str | int, ...]


LineOf = Callable[[Sequence[str | int], int], int]
"""From the path of a text, and a line of it, to the line of the file."""


def messages_of(content: object, file: str, line_of: LineOf) -> list[tuple[str, str]]:
    """Role and text of each message: of a list of them, or of one under `messages`.

    Raises:
        PromptError: If there are none, or one is wrong.
    """
    path: tuple[str, ...] = ()
    if isinstance(content, Mapping):
        _refuse_unknown(content, ("messages",), file)
        content, path = content.get("messages"), ("messages",)
    if not isinstance(content, list) or not content:
        raise PromptError(f"{file} holds no list of messages. Next: {_FORM}")
    found = []
    for number, entry in enumerate(content):
        called = f"{file}, message {number + 1}"
        role, text = _message(entry, called)
        _refuse_braces(text, file, Place(called, (*path, number, "content")), line_of)
        found.append((role, text))
    return found


def text_of(content: object, file: str, line_of: LineOf) -> str:
    """The text of a part of a prompt: the whole file, or what stands under `template`.

    Raises:
        PromptError: If there is none, or its braces are wrong.
    """
    path: tuple[str, ...] = ()
    if isinstance(content, Mapping):
        _refuse_unknown(content, ("template",), file)
        content, path = content.get("template"), ("template",)
    if not isinstance(content, str) or not content.strip():
        raise PromptError(f"{file} holds no text. Next: write `template: |-`, and the text indented below it")
    _refuse_braces(content, file, Place(file, path), line_of)
    return content


def _message(entry: object, called: str) -> tuple[str, str]:
    if not isinstance(entry, Mapping):
        raise PromptError(f"{called} is {shown(entry)}. Next: write it as `role: user` and `content: ...`")
    _refuse_unknown(entry, _FIELDS, called)
    for field in _FIELDS:
        if field not in entry:
            raise PromptError(f"{called} lacks the key {field}. Next: write `role: user` and `content: ...`")
    role, text = entry["role"], entry["content"]
    if role not in ROLES:
        raise PromptError(f"{called} has the unknown role {shown(role)}. Next: write one of {', '.join(ROLES)}")
    if not isinstance(text, str):
        raise PromptError(
            f"{called} has the content {shown(text)}, which is no text. Next: write `content: |-`, and the text "
            "indented below it"
        )
    if not text.strip():
        raise PromptError(f"{called} has no content. Next: fill it in, or remove the message")
    return role, text


def _refuse_unknown(mapping: Mapping[Any, Any], known: Sequence[str], called: str) -> None:
    for key in mapping:
        if key not in known:
            raise PromptError(
                f"{called} has the unknown key {shown(key)}; allowed: {', '.join(known)}. Next: mend or remove it"
            )


def _refuse_braces(text: str, file: str, place: Place, line_of: LineOf) -> None:
    fault = brace_fault(text)
    if fault is not None:
        line = line_of(place.path, text.count("\n", 0, fault.position))
        message = place.called.removeprefix(file)
        raise PromptError(f"{file}, line {line}{message} has {fault.problem}")
