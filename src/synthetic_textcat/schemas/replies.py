"""What the model is asked to return, as JSON Schema, and what counts as having returned it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, StrictStr


class Reply(BaseModel):
    """A row as the model writes it. Whether its labels are good is for the checks to say, not for the parser."""

    model_config = ConfigDict(frozen=True)

    input_text: StrictStr
    label: StrictStr
    misleading_label: StrictStr


class TaskList(BaseModel):
    """A brainstorming reply: descriptions of tasks."""

    model_config = ConfigDict(frozen=True)

    tasks: list[StrictStr]


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


def _object(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"name": name, "strict": True, "schema": schema}
