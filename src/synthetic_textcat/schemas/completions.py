"""Completions and replies: a journal record, the JSON Schema of each kind of reply, and its validation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, model_validator

from synthetic_textcat.redaction import mask
from synthetic_textcat.schemas.task_text import plain_line, plain_name, sentence_of, taken_for_one
from synthetic_textcat.schemas.tasks import Task

REPLIED = "replied"

_FROM_THE_SERVER = ("raw_text", "refusal", "finish_reason", "model_name", "error")

_OPTIONAL = ("prompt_tokens_at_most", "completion_tokens_at_most")
"""Fields that a line lacks where they say nothing."""

FEWEST_LABELS, MOST_LABELS = 2, 12
_LONGEST_LABEL = 1_000  # characters; a text has its bound with the reply, but no label is an essay

MaskedText = Annotated[StrictStr, AfterValidator(mask)]
"""A text of the model's. A server may spell a secret in escapes, which are text only when they are parsed."""

_Label = Annotated[StrictStr, Field(max_length=_LONGEST_LABEL), AfterValidator(mask)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One call's end, as it is journalled. A reply's attempt may have several lines, one a try.

    Attributes:
        fingerprint: Hex sha256 of the row's call: request, first messages, schema, model, endpoint, settings.
        request_id: The planned row (for brainstorming: the call's number, or `labels` and the task's id).
        attempt: 1 for the first try of the row that brings a reply, 2 for the second, ...
        run_id: The run that made the call.
        status: `replied`, or one of the transport causes.
        raw_text: The reply as it came, of a very long one head and tail; empty where there was none.
        refusal: What the server put in the reply's refusal field.
        finish_reason: Why the model stopped: `stop`, `length`, `content_filter`, ...
        prompt_tokens: Tokens read, as the server counts them; null where it can't be known, 0 for a call that was
            certainly not worked on.
        cached_tokens: The part of `prompt_tokens` that the server had cached.
        completion_tokens: Tokens written, thoughts included.
        latency_s: Seconds from asking to the end of this call; a retry is a line of its own, and waits are in none.
        model_name: The model as the server names it.
        prompt_sha256: Hex sha256 of the canonical JSON of this attempt's messages, as on the wire.
        error: What the transport or the server's content filter said, without keys; null for any other reply.
        created_at: When the call ended, UTC, ISO 8601.
        prompt_tokens_at_most, completion_tokens_at_most: What a call of unknown usage may have taken: what a cap is
            charged. Absent from the line of a counted call.
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

    def __post_init__(self) -> None:
        """Masks secrets in what a server said, whether it comes from the wire or from a journal of before."""
        said = [text for name in _FROM_THE_SERVER if isinstance(text := getattr(self, name), str)]
        if mask(whole := "\0".join(said)) is whole:  # as nearly always: one look at all of it
            return
        for name in _FROM_THE_SERVER:
            text = getattr(self, name)
            if isinstance(text, str):
                object.__setattr__(self, name, mask(text))

    @property
    def replied(self) -> bool:
        """Whether the model answered at all, however badly."""
        return self.status == REPLIED

    @property
    def has_content(self) -> bool:
        """Whether it is a text of the model's own: neither empty, nor a refusal, nor blocked by a filter."""
        is_own = self.replied and self.refusal is None and self.finish_reason != "content_filter"
        return is_own and bool(self.raw_text.strip())

    @property
    def tokens(self) -> int:
        """Tokens read and written; what the server did not count is 0."""
        return (self.prompt_tokens or 0) + (self.completion_tokens or 0)

    @property
    def tokens_at_most(self) -> int | None:
        """The upper bound of a call of unknown usage; None where there is none."""
        read, written = self.prompt_tokens_at_most, self.completion_tokens_at_most
        return None if read is None or written is None else read + written

    @property
    def is_counted(self) -> bool:
        """Whether it is known how many tokens it took; one that hit a rate limit took none."""
        return self.status == "rate_limited" or None not in (self.prompt_tokens, self.completion_tokens)

    def to_record(self) -> dict[str, Any]:
        """The journal line's fields."""
        record = {name: getattr(self, name) for name in self.__slots__}
        for name in _OPTIONAL:
            if record[name] is None:
                del record[name]
        return record


class Reply(BaseModel):
    """A row as the model writes it. Whether its labels are good is for the checks to say, not for the parser."""

    model_config = ConfigDict(frozen=True)

    input_text: MaskedText
    label: _Label
    misleading_label: _Label


def _sentences(items: Any) -> Any:
    if not isinstance(items, list | tuple):
        return items  # pydantic says what it should be
    found = [sentence for item in items if (sentence := sentence_of(item)) is not None]
    if not found:
        raise ValueError("holds no sentence that describes a task")
    return found


class TaskList(BaseModel):
    """A brainstorming reply: sentences that describe tasks. What can't be such a sentence is left out."""

    model_config = ConfigDict(frozen=True)

    tasks: Annotated[list[MaskedText], BeforeValidator(_sentences)]


class ProposedLabel(BaseModel):
    """One label of a set that the model proposes."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    name: Annotated[MaskedText, BeforeValidator(plain_name)] = Field(min_length=1, max_length=60)
    description: Annotated[MaskedText, BeforeValidator(plain_line)] = Field(min_length=1, max_length=300)


class LabelSet(BaseModel):
    """The reply to a call for one task's closed label set."""

    model_config = ConfigDict(frozen=True)

    labels: tuple[ProposedLabel, ...] = Field(min_length=FEWEST_LABELS, max_length=MOST_LABELS)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if pair := taken_for_one(label.name for label in self.labels):
            raise ValueError(f"{pair[0]!r} and {pair[1]!r} are one name but for case and the signs between words")
        return self


class Problem(NamedTuple):
    """Why a reply is not what was asked for: a failure cause, and the words for it."""

    cause: str
    detail: str


def row_schema(label_names: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of one row; a closed set's labels are its enum. One schema a task, so that servers cache it."""
    label = {"type": "string", "enum": list(label_names)} if label_names else {"type": "string"}
    return _object("example", {"input_text": {"type": "string"}, "label": label, "misleading_label": label})


def task_list_schema() -> dict[str, Any]:
    """JSON Schema of a brainstorming reply."""
    return _object("tasks", {"tasks": {"type": "array", "items": {"type": "string"}}})


def label_set_schema() -> dict[str, Any]:
    """JSON Schema of a label set. How many labels is for the prompt to say: not every server takes bounds."""
    label = _properties({"name": {"type": "string"}, "description": {"type": "string"}})
    return _object("label_set", {"labels": {"type": "array", "items": label}})


def _object(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "strict": True, "schema": _properties(properties)}


def _properties(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


RowCheck = Callable[[Task, Mapping[str, Any], Reply], Problem | None]
"""From task, planned row and reply to the reject reason with its words; None for a row that stands."""
