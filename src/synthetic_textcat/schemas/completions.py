"""Completions and replies: the journal record, and the JSON Schema and validation of each kind of reply."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictStr,
    model_validator,
)

from synthetic_textcat.redaction import mask
from synthetic_textcat.schemas.task_text import plain_line, plain_name, sentence_of, taken_for_one
from synthetic_textcat.schemas.tasks import Task

REPLIED = "replied"

_FROM_THE_SERVER = ("raw_text", "refusal", "finish_reason", "model_name", "error")

_OPTIONAL = ("prompt_tokens_at_most", "completion_tokens_at_most", "max_tokens", "batch")
"""Fields that a line omits if they are null."""

_NEARLY = 0.75
"""Share of a token limit below which it has not cut a reply: some servers count a token or two less."""

FEWEST_LABELS, MOST_LABELS = 2, 12
LONGEST_LABEL = 1_000  # characters; the length of a text is limited with the reply

MaskedText = Annotated[StrictStr, AfterValidator(mask)]
"""Text by the model. A server may escape a secret in JSON, so that it appears only after parsing."""

LabelText = Annotated[StrictStr, Field(max_length=LONGEST_LABEL), AfterValidator(mask)]
"""A label by the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """Result of one call, as it is journalled. An attempt may have several lines, one for each retry.

    Attributes:
        fingerprint: Hex sha256 of the row's call: request, first messages, schema, model, endpoint, settings.
        request_id: The planned row (for brainstorming: the call's number, or `labels` and the task's id).
        attempt: 1 until the row has its first reply, 2 until the second, ...
        run_id: The run that made the call.
        status: `replied`, or one of `NO_REPLY_CAUSES`.
        raw_text: The unchanged reply, if very long its head and tail; empty if there was none.
        refusal: The reply's refusal field.
        finish_reason: Why the model stopped: `stop`, `length`, `content_filter`, ...
        prompt_tokens: Prompt tokens by the server's count; null if unknown, 0 for a call that certainly no model
            processed.
        cached_tokens: The part of `prompt_tokens` that the server had cached.
        completion_tokens: Completion tokens, reasoning included.
        latency_s: Seconds from the start to the end of this call; a retry has its own line, and waits are excluded.
        model_name: The model's name in the server's reply.
        prompt_sha256: Hex sha256 of the canonical JSON of this attempt's messages, as on the wire.
        error: Message of the transport, of the server's content filter, or of the error that holds the reply, without
            keys; null for any other reply.
        created_at: End of the call, UTC, ISO 8601.
        prompt_tokens_at_most, completion_tokens_at_most: Upper bounds of a call of unknown usage, charged to a cap.
            Absent from the line of a counted call.
        call: Number of the call among this run's calls for this attempt, from 1: the retries of the engine. Absent from
            lines of earlier versions, and 1 there.
        max_tokens: Token limit sent with the call. Absent if none was sent, and from lines of earlier versions.
        batch: Intent of the batch that the call was part of (`llm/batches/record.py`), billed at another price. Absent
            from the line of a live call.
    """

    fingerprint: str
    request_id: str
    attempt: int
    run_id: str
    status: str
    raw_text: str
    refusal: str | None
    finish_reason: str | None
    prompt_tokens: int | None
    cached_tokens: int | None
    completion_tokens: int | None
    latency_s: float
    model_name: str | None
    prompt_sha256: str
    error: str | None
    created_at: str
    prompt_tokens_at_most: int | None = None
    completion_tokens_at_most: int | None = None
    call: int = 1
    max_tokens: int | None = None
    batch: str | None = None

    def __post_init__(self) -> None:
        """Masks secrets in texts of the server, from the wire or from an older journal."""
        said = [text for name in _FROM_THE_SERVER if isinstance(text := getattr(self, name), str)]
        if mask(whole := "\0".join(said)) is whole:  # nearly always: one search over all texts
            return
        for name in _FROM_THE_SERVER:
            text = getattr(self, name)
            if isinstance(text, str):
                object.__setattr__(self, name, mask(text))

    @property
    def replied(self) -> bool:
        """Whether there is a reply, good or bad."""
        return self.status == REPLIED

    @property
    def has_content(self) -> bool:
        """Whether the reply is text by the model: not empty, not a refusal, not blocked by a filter."""
        is_own = self.replied and self.refusal is None and self.finish_reason != "content_filter"
        return is_own and bool(self.raw_text.strip())

    @property
    def is_cut_by_server(self) -> bool:
        """Whether a cut reply met a limit of the server's own: the call had none, or the reply is far below it."""
        if self.max_tokens is None:
            return True
        return self.completion_tokens is not None and self.completion_tokens < _NEARLY * self.max_tokens

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens; unknown counts are 0."""
        return (self.prompt_tokens or 0) + (self.completion_tokens or 0)

    @property
    def tokens_at_most(self) -> int | None:
        """Upper bound of the tokens of a call of unknown usage; None for other calls."""
        read, written = self.prompt_tokens_at_most, self.completion_tokens_at_most
        return None if read is None or written is None else read + written

    @property
    def is_counted(self) -> bool:
        """Whether the token counts are known; a call refused by a rate limit uses none."""
        return self.status == "rate_limited" or None not in (self.prompt_tokens, self.completion_tokens)

    def to_record(self) -> dict[str, Any]:
        """Fields of the journal line."""
        record = {name: getattr(self, name) for name in self.__slots__}
        for name in _OPTIONAL:
            if record[name] is None:
                del record[name]
        return record


READ_FROM = "read from "
"""Beginning of the note on which object of a reply is the row."""


class RowReply(BaseModel):
    """A row written by the model. Its labels are validated by the checks, not by the parser."""

    model_config = ConfigDict(frozen=True)

    _note: str = PrivateAttr("")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.__dict__ == other.__dict__  # wherever it was read from

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))

    @property
    def note(self) -> str:
        """The object of the reply that is the row, and why; empty if the reply holds only one."""
        return self._note

    def read_as(self, note: str) -> Self:
        """The row with a note on the object that it was read from."""
        noted = self.model_copy()
        noted.__pydantic_private__ = {"_note": note}
        return noted


class Reply(RowReply):
    """A row with one label."""

    input_text: MaskedText
    label: LabelText
    misleading_label: LabelText


def _sentences(items: Any) -> Any:
    if not isinstance(items, list | tuple):
        return items  # pydantic says what it should be
    found = [sentence for item in items if (sentence := sentence_of(item)) is not None]
    if not found:
        raise ValueError("holds no sentence that describes a task")
    return found


class TaskList(BaseModel):
    """A brainstorming reply: sentences that describe tasks. Items that can't be such sentences are dropped."""

    model_config = ConfigDict(frozen=True)

    tasks: Annotated[list[MaskedText], BeforeValidator(_sentences)]


class ProposedLabel(BaseModel):
    """A label of a proposed label set."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    name: Annotated[MaskedText, BeforeValidator(plain_name)] = Field(min_length=1, max_length=60)
    description: Annotated[MaskedText, BeforeValidator(plain_line)] = Field(min_length=1, max_length=300)


class LabelSetReply(BaseModel):
    """A label set that the model proposes for one task."""

    model_config = ConfigDict(frozen=True)

    labels: tuple[ProposedLabel, ...] = Field(min_length=FEWEST_LABELS, max_length=MOST_LABELS)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if pair := taken_for_one(label.name for label in self.labels):
            raise ValueError(f"{pair[0]!r} and {pair[1]!r} differ only in case or in the separators between words")
        return self


class Problem(NamedTuple):
    """A problem of a reply: its failure cause or reject reason, and a description."""

    cause: str
    detail: str


def row_schema(label_names: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of a row; the labels of a closed set are its enum. One schema per task, so that servers cache it."""
    label = {"type": "string", "enum": list(label_names)} if label_names else {"type": "string"}
    return object_schema("example", {"input_text": {"type": "string"}, "label": label, "misleading_label": label})


def planned_row_schema(label: str, misleading_label: str) -> dict[str, Any]:
    """JSON Schema of a row whose labels are fixed: it allows no other, and has them before the text."""
    labels = {"label": _constant(label), "misleading_label": _constant(misleading_label)}
    return object_schema("example", {**labels, "input_text": {"type": "string"}})


def _constant(text: str) -> dict[str, str]:
    return {"type": "string", "const": text}


def task_list_schema() -> dict[str, Any]:
    """JSON Schema of a brainstorming reply."""
    return object_schema("tasks", {"tasks": {"type": "array", "items": {"type": "string"}}})


def label_set_schema() -> dict[str, Any]:
    """JSON Schema of a label set. The prompt gives the number of labels: not every server accepts bounds."""
    label = _properties({"name": {"type": "string"}, "description": {"type": "string"}})
    return object_schema("label_set", {"labels": {"type": "array", "items": label}})


def object_schema(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Named JSON Schema of an object with exactly these properties."""
    return {"name": name, "strict": True, "schema": _properties(properties)}


def _properties(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


RowCheck = Callable[[Task, Mapping[str, Any], RowReply], Problem | None]
"""From task, planned row and reply to the reject reason; None for a row that passes."""
