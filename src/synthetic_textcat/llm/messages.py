"""Messages as they go on the wire: rendering, their canonical form, and the hash that is recorded."""

import re
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompts import BasePromptTemplate, ChatPromptTemplate

from synthetic_textcat.errors import PromptError, nearest
from synthetic_textcat.hashing import sha256_of

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

    Raises:
        PromptError: If a placeholder is unknown or a required one is missing.
    """
    used = set(template.input_variables)
    known = {*required, *allowed}
    for placeholder in sorted(used - known):
        raise PromptError(f"Prompt {name} has the unknown placeholder {{{placeholder}}}; {nearest(placeholder, known)}")
    for placeholder in required:
        if placeholder not in used:
            raise PromptError(
                f"Prompt {name} lacks the placeholder {{{placeholder}}}; put it into data/01_raw/prompts/{name}.yml"
            )


def without_line(template: ChatPromptTemplate, placeholder: str) -> ChatPromptTemplate:
    """The template less the lines that hold this placeholder and nothing else, each with the empty line after it."""
    line = re.compile(rf"^[ \t]*\{{{placeholder}\}}[ \t]*(?:\n(?:[ \t]*\n)?|\Z)", re.MULTILINE)
    return ChatPromptTemplate([_replaced(message, line) for message in template.messages])


def _replaced(message: Any, line: re.Pattern[str]) -> Any:
    template = getattr(getattr(message, "prompt", None), "template", None)
    return type(message).from_template(line.sub("", template)) if isinstance(template, str) else message
