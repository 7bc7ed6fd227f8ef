"""Prompts: message rendering, placeholder checks, prompt hashes, and fingerprints of calls.

A placeholder is a plain name. Python's format strings allow more (`{num_words:d}`, `{task!r}`, `{task.upper}`,
`{labels[0]}`); no template needs it, and an unsuitable value would end the run in the middle.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.messages import BaseMessage
from langchain_core.prompts import BasePromptTemplate, ChatPromptTemplate

from synthetic_textcat.errors import PromptError, nearest
from synthetic_textcat.hashing import canonical_json, sha256_of
from synthetic_textcat.llm.local_server.gguf import gguf_identity
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.run_records import prompt_sha256
from synthetic_textcat.schemas.tasks import Task

Messages = Sequence[BaseMessage]

_WIRE_ROLES = {"human": "user", "ai": "assistant", "system": "system"}

FILE = "file"
"""Metadata key of a template that holds the path of its file, for error messages."""

DOUBLE = "write {{ and }} for braces that are text"
"""Next step for JSON and other text with braces."""

_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|[{}]")
_NAME_AND_MORE = re.compile(r"\s*(?P<name>[^\W\d]\w*)\s*(?:[:!.\[].*)?", re.DOTALL)
_LONGEST = 40
_NOT_SAMPLING = {"token_limit_field", "labels_in_schema", "gguf", "endpoint_name"}
"""Settings that change no reply; schema and endpoint, which are hashed themselves; the file, whose content is."""


def wire_form(messages: Messages) -> list[dict[str, object]]:
    """The messages as role and content, in the form sent to an OpenAI-compatible server."""
    return [{"role": _WIRE_ROLES.get(message.type, message.type), "content": message.content} for message in messages]


def messages_sha256(messages: Messages) -> str:
    """Hex sha256 of the canonical JSON of the wire form."""
    return sha256_of(wire_form(messages))


def check_placeholders(
    name: str, template: BasePromptTemplate[Any], required: Sequence[str], allowed: Sequence[str]
) -> None:
    """Checks that a template can be filled and has all required placeholders.

    Args:
        name: Name for error messages, if the template does not know its file.
        template: The prompt.
        required: Required placeholders.
        allowed: Optional placeholders.

    Raises:
        PromptError: If a placeholder is not a plain name or is unknown, or if a required placeholder is missing.
    """
    where = shown_place(name, template)
    for fault in filter(None, map(brace_fault, _texts_of(template))):
        raise PromptError(f"{where} has {fault.problem}")
    used = set(template.input_variables)
    known = {*required, *allowed}
    for placeholder in sorted(used - known):
        hint = nearest(placeholder, known)
        raise PromptError(
            f"{where} has the unknown placeholder {{{placeholder}}}; {hint}{'' if hint.endswith('?') else '.'} "
            f"Next: fix the name, or {DOUBLE}"
        )
    for placeholder in required:
        if placeholder not in used:
            raise PromptError(
                f"{where} lacks the placeholder {{{placeholder}}}. Next: put it where the model is to read its value"
            )


def shown_place(name: str, template: BasePromptTemplate[Any]) -> str:
    """The template's file, or its name if it does not know its file; for error messages."""
    return str((template.metadata or {}).get(FILE) or f"Prompt {name}")


def without_line(template: ChatPromptTemplate, placeholder: str) -> ChatPromptTemplate:
    """The template without lines that hold only this placeholder, and without the empty line after each."""
    line = re.compile(rf"^[ \t]*\{{{placeholder}\}}[ \t]*(?:\n(?:[ \t]*\n)?|\Z)", re.MULTILINE)
    return ChatPromptTemplate([_changed(message, lambda text: line.sub("", text)) for message in template.messages])


def without_lines_of(template: ChatPromptTemplate, placeholders: Collection[str]) -> ChatPromptTemplate:
    """The template without the lines that hold any of these placeholders."""
    return ChatPromptTemplate(
        [_changed(message, lambda text: _without_lines(text, placeholders)) for message in template.messages]
    )


def _without_lines(text: str, placeholders: Collection[str]) -> str:
    lines = text.split("\n")
    return "\n".join(
        line for line in lines if not any(token["name"] in placeholders for token in _TOKEN.finditer(line))
    )


def with_unit(template: ChatPromptTemplate, placeholder: str, unit: str, other: str) -> ChatPromptTemplate:
    """The template with another unit after the placeholder; with none, for values that bring a unit of their own."""
    number = re.compile(rf"(?<!\{{)(\{{{placeholder}\}})([ \t]+){unit}\b")
    by = rf"\1\2{other}" if other else r"\1"
    return ChatPromptTemplate([_changed(message, lambda text: number.sub(by, text)) for message in template.messages])


def instructions_of(templates: Iterable[BasePromptTemplate[Any]]) -> tuple[str, ...]:
    """The templates' own lines, without their placeholders: the words that every prompt has."""
    texts = [_TOKEN.sub("\n", text) for template in templates for text in _texts_of(template)]
    return tuple(line for text in texts for line in map(str.strip, text.splitlines()) if line)


def instructions_for(task: Task, usual: tuple[str, ...], of_several: tuple[str, ...]) -> tuple[str, ...]:
    """The prompts' own words that may stand in a text of the task by mistake.

    Args:
        task: The task.
        usual: Words of `ASKING_PROMPTS`.
        of_several: Words of the prompt for several labels a text.
    """
    return usual + of_several if task.task_type == "multi_label" else usual


def _texts_of(template: BasePromptTemplate[Any]) -> list[str]:
    """The text of each message, or of a template without messages."""
    texts = [_text_of(message) for message in getattr(template, "messages", [])]
    return [text for text in [*texts, getattr(template, "template", None)] if isinstance(text, str)]


def _text_of(message: Any) -> Any:
    return getattr(getattr(message, "prompt", None), "template", None)


def _changed(message: Any, change: Callable[[str], str]) -> Any:
    template = _text_of(message)
    return type(message).from_template(change(template)) if isinstance(template, str) else message


class BraceFault(NamedTuple):
    """An invalid brace or placeholder.

    Attributes:
        position: Offset in the text.
        problem: Description and next step.
    """

    position: int
    problem: str


def brace_fault(text: str) -> BraceFault | None:
    """The first single brace, or placeholder that is not a plain name; None if there is none."""
    for token in _TOKEN.finditer(text):
        problem = _problem(token)
        if problem is not None:
            return BraceFault(token.start(), problem)
    return None


def _problem(token: re.Match[str]) -> str | None:
    name = token["name"]
    if name is None:
        return None if len(token[0]) > 1 else f"a single {token[0]}. Next: {DOUBLE}"
    if name.isidentifier():
        return None
    plain = _NAME_AND_MORE.fullmatch(name)
    shown = " ".join(token[0].split())
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ...}}"
    if plain is None:
        return f"{shown}, which is not a placeholder. Next: {DOUBLE}"
    return f"{shown}, where a placeholder is a name alone. Next: write {{{plain['name']}}}, or {DOUBLE}"


def asking_sha256(llm: LlmParameters, identity: Sequence[Any], prompts: Sequence[Any]) -> str:
    """Hex sha256 of model, settings and prompts: yields of one value do not predict those of another."""
    settings = _sampling_of(llm)
    if llm.has_planned_labels:
        settings["labels_in_schema"] = llm.labels_in_schema
    return sha256_of([settings, *identity, *map(prompt_sha256, prompts)])


def _sampling_of(llm: LlmParameters) -> dict[str, Any]:
    """The settings that can change a reply. A model file counts by its name and content, not by its place."""
    settings = llm.model_dump(mode="json", exclude=_NOT_SAMPLING)
    return settings if llm.gguf is None else {**settings, "gguf": gguf_identity(llm.gguf)}


class Fingerprinter:
    """Fingerprints of calls; the part shared by all rows is hashed once.

    Included: request, first messages, response schema, model, its file, endpoint, sampling settings, extra arguments of
    the catalog. Excluded: the key, timeouts, proxies, concurrency and the name of the token-limit field, none of which
    changes the reply.
    """

    def __init__(self, llm: LlmParameters, identity: Sequence[Any]) -> None:
        self._shared = hashlib.sha256(canonical_json([_sampling_of(llm), *identity]).encode())

    def of(self, request_id: str, messages: Messages, schema: Mapping[str, Any]) -> str:
        """Hex sha256 of one row's call."""
        digest = self._shared.copy()
        digest.update(canonical_json([request_id, wire_form(messages), schema]).encode())
        return digest.hexdigest()
