"""What the model is asked to return, as JSON Schema, and what counts as having returned it."""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, model_validator

from synthetic_textcat.redaction import mask
from synthetic_textcat.schemas.label_names import plain_line, plain_name, taken_for_one
from synthetic_textcat.schemas.task_text import sentence_of

FEWEST_LABELS, MOST_LABELS = 2, 12
_LONGEST_LABEL = 1_000  # characters; a text has its bound with the reply, but no label is an essay

MaskedText = Annotated[StrictStr, AfterValidator(mask)]
"""A text of the model's. A server may spell a secret in escapes, which are text only when they are parsed."""

_Label = Annotated[StrictStr, Field(max_length=_LONGEST_LABEL), AfterValidator(mask)]


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
