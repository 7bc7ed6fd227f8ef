"""Messages as they go on the wire: rendering, their canonical form, and the hash that is recorded."""

import re
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompts import BasePromptTemplate, ChatPromptTemplate

from synthetic_textcat.errors import PromptError, nearest
from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.llm.placeholders import DOUBLE, FILE, brace_fault

Messages = Sequence[BaseMessage]

_WIRE_ROLES = {"human": "user", "ai": "assistant", "system": "system"}


def wire_form(messages: Messages) -> list[dict[str, object]]:
    """The messages as role and content, the way an OpenAI-compatible server gets them."""
    return [{"role": _WIRE_ROLES.get(message.type, message.type), "content": message.content} for message in messages]


def messages_sha256(messages: Messages) -> str:
    """Hex sha256 of the canonical JSON of the wire form."""
    return sha256_of(wire_form(messages))


def check_placeholders(
    name: str, template: BasePromptTemplate[Any], required: Sequence[str], allowed: Sequence[str]
) -> None:
    """Makes sure that a template can be filled, and that what must reach the model does.

    Args:
        name: What it is called in errors if it does not know its file.
        template: The prompt.
        required: Placeholders that it must have.
        allowed: Those that it may have.

    Raises:
        PromptError: If a placeholder is more than a name, or unknown, or a required one is missing.
    """
    where = (template.metadata or {}).get(FILE) or f"Prompt {name}"
    for fault in filter(None, map(brace_fault, _texts_of(template))):
        raise PromptError(f"{where} has {fault.problem}")
    used = set(template.input_variables)
    known = {*required, *allowed}
    for placeholder in sorted(used - known):
        hint = nearest(placeholder, known)
        raise PromptError(
            f"{where} has the unknown placeholder {{{placeholder}}}; {hint}{'' if hint.endswith('?') else '.'} "
            f"Next: mend it, or {DOUBLE}"
        )
    for placeholder in required:
        if placeholder not in used:
            raise PromptError(
                f"{where} lacks the placeholder {{{placeholder}}}. Next: put it where the model is to read its value"
            )


def without_line(template: ChatPromptTemplate, placeholder: str) -> ChatPromptTemplate:
    """The template less the lines that hold this placeholder and nothing else, each with the empty line after it."""
    line = re.compile(rf"^[ \t]*\{{{placeholder}\}}[ \t]*(?:\n(?:[ \t]*\n)?|\Z)", re.MULTILINE)
    return ChatPromptTemplate([_replaced(message, line) for message in template.messages])


def _texts_of(template: BasePromptTemplate[Any]) -> list[str]:
    """The text of each message, or the only one."""
    texts = [_text_of(message) for message in getattr(template, "messages", [])]
    return [text for text in [*texts, getattr(template, "template", None)] if isinstance(text, str)]


def _text_of(message: Any) -> Any:
    return getattr(getattr(message, "prompt", None), "template", None)


def _replaced(message: Any, line: re.Pattern[str]) -> Any:
    template = _text_of(message)
    return type(message).from_template(line.sub("", template)) if isinstance(template, str) else message
