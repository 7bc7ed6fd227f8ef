"""A classification task with its label set, and the one way from a row of `tasks` to it and back."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Self, cast

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from synthetic_textcat.hashing import short_id

_TEXT = pa.string()
TASKS_ARROW_SCHEMA = pa.schema(
    [
        ("task_id", _TEXT),
        ("task", _TEXT),
        ("labels", pa.list_(pa.struct([("name", _TEXT), ("description", _TEXT)]))),
        ("seed_examples", pa.list_(pa.struct([("text", _TEXT), ("label", _TEXT)]))),
        ("source", _TEXT),
        ("model_name", _TEXT),
    ]
)


def normalise(text: str) -> str:
    """The text as it counts for identity: NFKC, case folded, white space collapsed, no closing full stop."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".").rstrip()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Label(_Strict):
    """One label of a closed set. The description is what the model reads; the name is what the row bears."""

    name: str = Field(min_length=1)
    description: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_plain_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class SeedExample(_Strict):
    """A text of the user's own that shows the style; never to be copied."""

    text: str = Field(min_length=1)
    label: str | None = None


class Task(_Strict):
    """One task: a sentence that describes it, and its label set (empty: the model may invent labels)."""

    task: str = Field(min_length=1)
    labels: tuple[Label, ...] = ()
    seed_examples: tuple[SeedExample, ...] = ()

    @field_validator("labels", "seed_examples", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return () if value is None else value

    @model_validator(mode="after")
    def _labels_make_a_set(self) -> Self:
        names = [normalise(label.name) for label in self.labels]
        if len(names) == 1:
            raise ValueError("has one label; give two or more, or none for the model to invent them")
        repeated = sorted({label.name for label in self.labels if names.count(normalise(label.name)) > 1})
        if repeated:
            raise ValueError(f"repeats the label {' / '.join(repeated)}; name each label once")
        return self

    @property
    def task_id(self) -> str:
        """12 hex characters of the normalised text: labels and descriptions may change without moving the plan."""
        return short_id("task", normalise(self.task))[:12]

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the closed set, in the user's order; empty for an open one."""
        return tuple(label.name for label in self.labels)

    def to_row(self, source: str, model_name: str | None = None) -> dict[str, Any]:
        """The task as a row of `tasks`."""
        return {"task_id": self.task_id, **self.model_dump(mode="json"), "source": source, "model_name": model_name}


def task_from_row(row: Mapping[str, Any]) -> Task:
    """The task of a row of `tasks`, whether its lists came from Python or, as arrays, from Parquet."""
    return Task(task=row["task"], labels=tuple(row["labels"]), seed_examples=tuple(row["seed_examples"]))


def tasks_of(frame: pd.DataFrame) -> list[Task]:
    """The tasks of the table `tasks`, in its order."""
    return [task_from_row(cast("Mapping[str, Any]", row)) for row in frame.to_dict("records")]
