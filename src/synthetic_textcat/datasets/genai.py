"""Catalog datasets of generative AI (`catalog_genai.yml`): prompts in YAML files, and the recipe of the chat model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kedro.io import AbstractDataset, DatasetError, Version

from synthetic_textcat.datasets.kedro_compat import JSONPreview
from synthetic_textcat.datasets.previews import ABSENT, value_preview
from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.datasets.strict_readers import content_of, line_of, read_yaml
from synthetic_textcat.errors import ModelSetupError, PromptError, nearest
from synthetic_textcat.llm.chat_models.local_spec import LLAMA_CPP, LocalModelSpec
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.local_server.server import ServerOptions
from synthetic_textcat.llm.prompts.messages import FILE, brace_fault
from synthetic_textcat.schemas.task_input import shown

if TYPE_CHECKING:
    from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

ROLES = ("system", "user", "assistant", "human", "ai")
"""The last two are other words for `user` and `assistant`."""

_FORM = "write `messages:`, and below it one item a message, with `role: user` and `content: ...`"
_FIELDS = ("role", "content")

LineOf = Callable[[Sequence[str | int], int], int]
"""From the path of a text, and a line of it, to the line of the file."""


class PromptDataset(StoredDataset[None, Any]):
    """Loads a prompt as LangChain's template, which then knows its file.

    Kedro's own dataset of prompts serves too, but passes the library's errors on, which name no file and no fix.

    Args:
        filepath: A YAML file: a list of messages with `role` and `content`, or one under `messages`; of a part of a
            prompt a text, or one under `template`.
        template: `ChatPromptTemplate` for messages, `PromptTemplate` for a part.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    def __init__(
        self,
        *,
        filepath: str,
        template: Literal["ChatPromptTemplate", "PromptTemplate"] = "ChatPromptTemplate",
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            filepath=filepath, version=version, credentials=credentials, fs_args=fs_args, metadata=metadata
        )
        self._template = template

    def load(self) -> "ChatPromptTemplate | PromptTemplate":
        """The template.

        Raises:
            PromptError: If the file is missing, or holds no prompt.
        """
        from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

        file, raw = content_of(self, "its entry", PromptError)
        content, place = read_yaml(raw, file, PromptError), partial(line_of, raw)
        if self._template == "PromptTemplate":
            return PromptTemplate.from_template(text_of(content, file, place), metadata={FILE: file})
        return ChatPromptTemplate(messages_of(content, file, place), metadata={FILE: file})

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the file is the user's."""
        raise DatasetError("A prompt is written by hand; it can't be saved")

    def preview(self) -> JSONPreview:
        """The content of the file, for Kedro-Viz."""
        with self.peek() as path:
            return value_preview(read_yaml(path.read_bytes(), self.place.shown, PromptError) if path else [ABSENT])

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "template": self._template}


class PromptPlace(NamedTuple):
    """A text of the file: how it is called in errors, and the keys and places that lead to it."""

    called: str
    path: tuple[str | int, ...]


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
        _refuse_braces(text, file, PromptPlace(called, (*path, number, "content")), line_of)
        found.append((role, text))
    return found


def text_of(content: object, file: str, line_of: LineOf) -> str:
    """The text of a part of a prompt: the whole file, or the value of `template`.

    Raises:
        PromptError: If there is none, or its braces are wrong.
    """
    path: tuple[str, ...] = ()
    if isinstance(content, Mapping):
        _refuse_unknown(content, ("template",), file)
        content, path = content.get("template"), ("template",)
    if not isinstance(content, str) or not content.strip():
        raise PromptError(f"{file} holds no text. Next: write `template: |-`, and the text indented below it")
    _refuse_braces(content, file, PromptPlace(file, path), line_of)
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
            f"{called} has the content {shown(text)}, which is not a text. Next: write `content: |-`, and the text "
            "indented below it"
        )
    if not text.strip():
        raise PromptError(f"{called} has no content. Next: fill it in, or remove the message")
    return role, text


def _refuse_unknown(mapping: Mapping[Any, Any], known: Sequence[str], called: str) -> None:
    for key in mapping:
        if key not in known:
            raise PromptError(
                f"{called} has the unknown key {shown(key)}; allowed: {', '.join(known)}. Next: fix or remove it"
            )


def _refuse_braces(text: str, file: str, place: PromptPlace, line_of: LineOf) -> None:
    fault = brace_fault(text)
    if fault is not None:
        line = line_of(place.path, text.count("\n", 0, fault.position))
        message = place.called.removeprefix(file)
        raise PromptError(f"{file}, line {line}{message} has {fault.problem}")


class ChatModelDataset(AbstractDataset[None, ChatModelSpec]):
    """Loads the recipe of a chat model: its class, and its constructor's arguments apart from `params:llm`.

    The stock dataset loads the model itself, which can't be pickled, takes no metadata and no client.

    Args:
        class_path: Dotted path of a LangChain chat-model class.
        kwargs: Constructor arguments: `timeout`, `default_headers`, `base_url`, ... and `max_retries`, which is the
            engine's. Never a key: clients read it from the environment.
        metadata: For plugins, such as the Kedro-Viz layer.
    """

    def __init__(
        self, *, class_path: str, kwargs: dict[str, Any] | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        self._spec = ChatModelSpec(class_path, kwargs or {})
        self._spec.learn_secrets()
        self.metadata = metadata

    def load(self) -> ChatModelSpec:
        """The recipe; nothing is built yet, and no server is asked."""
        return self._spec

    def serve_at(self, urls: Sequence[str]) -> None:
        """From now on the recipe has the model asked at these addresses."""
        self._spec = replace(self._spec, servers=tuple(urls))

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the entry is edited in the catalog."""
        raise DatasetError("The chat model is configured in the catalog; it can't be saved")

    def preview(self) -> JSONPreview:
        """The class, and of its arguments the names, for Kedro-Viz: a header's value may be a secret."""
        return value_preview({"class_path": self._spec.class_path, "kwargs": sorted(self._spec.kwargs)})

    def _describe(self) -> dict[str, Any]:
        return {"class_path": self._spec.class_path}


class LocalModelDataset(ChatModelDataset):
    """Loads the recipe of a chat model that a GGUF file holds (`llm.gguf`), served by llama.cpp for the run.

    Args:
        kwargs: `timeout` and `max_retries` of calls; `extra_body` for sampling settings of llama.cpp, such as `min_p`.
        server: `slots`, `context_tokens`, `threads`, `start_seconds`: see `ServerOptions`.
        metadata: For plugins, such as the Kedro-Viz layer.
    """

    def __init__(
        self,
        *,
        kwargs: dict[str, Any] | None = None,
        server: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        known, given = {field.name for field in fields(ServerOptions)}, server or {}
        for name in sorted(given.keys() - known):
            raise ModelSetupError(f"Unknown option {name} of the server (catalog entry llm); {nearest(name, known)}")
        super().__init__(class_path=LLAMA_CPP, kwargs=kwargs, metadata=metadata)
        self._spec = LocalModelSpec(LLAMA_CPP, kwargs or {}, options=ServerOptions(**given))
