"""Classification tasks with their label sets, and the tables `tasks` and `tasks_by_call`."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

import pyarrow as pa
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from synthetic_textcat.errors import nearest
from synthetic_textcat.hashing import canonical_json, short_id
from synthetic_textcat.schemas.attributes import Choice, PlainChoice, odds_of, weights_of
from synthetic_textcat.schemas.block import LEAST, MOST
from synthetic_textcat.schemas.labels_per_text import (
    ONE_LABEL,
    Pair,
    Sizes,
    checked_pairs,
    checked_sizes,
    refuse_impossible,
)
from synthetic_textcat.schemas.own_attributes import OwnAttributes
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.task_input import (
    checked_choice_of,
    checked_choices,
    checked_confusable,
    checked_weight,
    listed_examples,
    listed_labels,
    shown,
)
from synthetic_textcat.text.comparison import first_alike
from synthetic_textcat.text.unicode import normalised

_TEXT = pa.string()
TASKS_ARROW_SCHEMA = pa.schema(
    [
        ("task_id", _TEXT),
        ("task", _TEXT),
        ("labels", pa.list_(pa.struct([("name", _TEXT), ("description", _TEXT)]))),
        ("seed_examples", pa.list_(pa.struct([("text", _TEXT), ("label", _TEXT)]))),
        ("source", _TEXT),
        ("model_name", _TEXT),
        ("weight", pa.float64()),
        ("attributes", _TEXT),
        ("task_type", _TEXT),
    ]
)

_Weight = Annotated[float, BeforeValidator(checked_weight), Field(ge=LEAST, le=MOST)]
_Extra = Annotated[OwnAttributes, BeforeValidator(checked_choices)]
_OTHER_CHOICES = ("extra", "confusable", "labels_per_text", "together")
TaskType = Literal["single_label", "multi_label"]
Confusable = dict[str, PlainChoice]
"""Label → the labels that it is confused with: a name, a list (even odds) or a mapping name → weight."""

TASKS_BY_CALL_ARROW_SCHEMA = pa.schema(
    [
        ("call_number", pa.int64()),
        ("domain", pa.string()),
        ("tasks", pa.list_(pa.string())),
        ("num_replied", pa.int64()),
        ("failure_cause", pa.string()),
        ("model_name", pa.string()),
    ]
)
"""Brainstorming calls of the completed rounds, in the order of the calls.

`tasks` are the new tasks of a call; the table `tasks` has the first `num_brainstormed` of all calls (without those that
got no label set, if label sets are proposed). `num_replied` counts the sentences of the reply, repeated ones included.
`failure_cause` is null if the reply held a list.
"""


def normalise(text: str) -> str:
    """The text normalised for identity: NFKC, case folded, white space collapsed, without final full stops."""
    return normalised(text).rstrip(".").rstrip()


class _TaskPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_given(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or None not in value.values():
            return value
        return {key: part for key, part in value.items() if part is not None or key not in cls.model_fields}


class Label(_TaskPart):
    """Label of a closed set.

    Attributes:
        name: The value in the column `label`.
        description: Explanation for the model.
        weight: Relative share of the task's rows.
        extra: User-defined attributes of rows with this label.
    """

    name: str = Field(min_length=1)
    description: str = ""
    weight: _Weight = 1.0
    extra: _Extra = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_plain_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class SeedExample(_TaskPart):
    """A text by the user that shows the style; rows must not copy it."""

    text: str = Field(min_length=1)
    label: str | None = Field(None, min_length=1)
    labels: tuple[str, ...] | None = None

    @property
    def label_set(self) -> tuple[str, ...] | None:
        """All its labels, none included; None if they are not given."""
        return self.labels if self.label is None else (self.label,)

    @model_validator(mode="after")
    def _labels_are_given_once(self) -> Self:
        if self.label is not None and self.labels is not None:
            raise ValueError("has both label and labels; keep one")
        return self

    @model_validator(mode="before")
    @classmethod
    def _from_plain_text(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value


class LabelPair(_TaskPart):
    """Two labels, and how often texts have both, relative to two labels that go together by chance.

    Attributes:
        labels: Their names, sorted.
        weight: 1 = by chance, 0 = never.
    """

    labels: Pair
    weight: float


class Task(_TaskPart):
    """A classification task.

    Attributes:
        task: Sentence that describes it.
        labels: Closed label set; empty if the model may invent labels.
        seed_examples: Texts by the user, with or without a label.
        weight: Relative share of the planned rows.
        language, difficulty, clarity, num_words: Choice that replaces the parameter's; None = the parameter's.
        extra: User-defined attributes, which add to or replace those of the parameters.
        confusable: Misleading labels of a label's rows, in place of those that the parameters draw.
        labels_per_text: Number of labels a text → weight; 0 = none of the labels fits.
        together: Pairs of labels that texts have more or less often than by chance, or never.
    """

    task: str = Field(min_length=1)
    labels: tuple[Label, ...] = ()
    seed_examples: tuple[SeedExample, ...] = ()
    weight: _Weight = 1.0
    language: Choice = None
    difficulty: Choice = None
    clarity: Choice = None
    num_words: Choice = None
    extra: _Extra = Field(default_factory=dict)
    confusable: Annotated[Confusable, BeforeValidator(checked_confusable)] = Field(default_factory=dict)
    labels_per_text: Annotated[Sizes, BeforeValidator(checked_sizes)] = Field(default_factory=lambda: dict(ONE_LABEL))
    together: Annotated[tuple[LabelPair, ...], BeforeValidator(checked_pairs)] = ()

    @field_validator("labels", mode="before")
    @classmethod
    def _labels_in_a_list(cls, value: Any) -> Any:
        return listed_labels(value, Label.model_fields)

    @field_validator("seed_examples", mode="before")
    @classmethod
    def _seed_examples_in_a_list(cls, value: Any) -> Any:
        return listed_examples(value, SeedExample.model_fields)

    @field_validator(*ATTRIBUTES, mode="before")
    @classmethod
    def _choices_have_a_form(cls, choice: Any, info: Any) -> Any:
        return checked_choice_of(info.field_name, choice)

    @field_validator(*ATTRIBUTES)
    @classmethod
    def _values_exist(cls, choice: Choice, info: Any) -> Choice:
        if choice is not None:
            weights_of(info.field_name, choice)
        return choice

    @model_validator(mode="after")
    def _labels_make_a_set(self) -> Self:
        if len(self.labels) == 1:
            raise ValueError("has one label; give two or more, or none for the model to invent them")
        repeated = first_alike(self.label_names)
        if repeated:
            raise ValueError(f"repeats the label {' / '.join(sorted(set(repeated)))}; name each label once")
        return self

    @model_validator(mode="after")
    def _seed_examples_bear_labels_of_the_set(self) -> Self:
        if self.task_type == "single_label" and any(example.labels is not None for example in self.seed_examples):
            raise ValueError(
                "has a seed example with labels, but each text has one label; write label, or labels_per_text"
            )
        given = (label for example in self.seed_examples for label in example.label_set or () if self.labels)
        for label in given:
            if label not in self.label_names:
                raise ValueError(f"has a seed example with the label {label!r}; {nearest(label, self.label_names)}")
        return self

    @model_validator(mode="after")
    def _confusable_labels_are_of_the_set(self) -> Self:
        if self.confusable and not self.labels:
            raise ValueError("has confusable labels, but no label set; give it labels, or remove confusable")
        for label, others in self.confusable.items():
            if label not in self.label_names:
                raise ValueError(f"confusable: unknown label {label!r}; {nearest(label, self.label_names)}")
            if not others:
                raise ValueError(f"confusable: {label!r} names no label; give one at least, or remove it")
            possible = [name for name in self.label_names if name != label]
            for other in odds_of(others):
                if other == label:
                    raise ValueError(f"confusable: {label!r} names itself; name other labels of the task")
                if other not in possible:
                    raise ValueError(
                        f"confusable: {label!r} names the unknown label {other!r}; {nearest(other, possible)}"
                    )
        return self

    @model_validator(mode="after")
    def _sets_of_labels_are_possible(self) -> Self:
        if self.task_type == "single_label":
            if self.together:
                raise ValueError(
                    "together: weighs pairs of labels, but each text has one label; set labels_per_text, or remove it"
                )
        elif not self.labels:
            raise ValueError("labels_per_text: needs a label set; give the task labels, or remove it")
        else:
            pairs = {pair.labels: pair.weight for pair in self.together}
            refuse_impossible(self.labels_per_text, pairs, self.label_names)
        return self

    @model_validator(mode="after")
    def _seed_examples_are_distinct(self) -> Self:
        seen = set()
        for text in (example.text for example in self.seed_examples):
            if text in seen:
                raise ValueError(f"repeats the seed example {shown(text)}; give each text once")
            seen.add(text)
        return self

    @cached_property
    def task_id(self) -> str:
        """12 hex characters, a hash of the normalised sentence: changes of labels do not change the id."""
        return short_id("task", normalise(self.task))[:12]

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the closed label set, in the user's order; empty for an open one."""
        return tuple(label.name for label in self.labels)

    @property
    def task_type(self) -> TaskType:
        """Whether each text has exactly one label."""
        return "single_label" if self.labels_per_text == ONE_LABEL else "multi_label"

    @property
    def set_sizes(self) -> Sizes:
        """Number of labels a text → its weight, above 0; in ascending order."""
        return dict(sorted(self.labels_per_text.items()))

    @property
    def pair_weights(self) -> dict[frozenset[str], float]:
        """Weight of each pair of labels that the file names; 0 excludes it."""
        return {frozenset(pair.labels): pair.weight for pair in self.together}

    def to_row(self, source: str, model_name: str | None = None) -> dict[str, Any]:
        """The task as a row of the table `tasks`; its choices of attributes are one canonical JSON text."""
        return {
            "task_id": self.task_id,
            "task": self.task,
            "labels": [{"name": label.name, "description": label.description} for label in self.labels],
            "seed_examples": [example.model_dump(include={"text", "label"}) for example in self.seed_examples],
            "source": source,
            "model_name": model_name,
            "weight": self.weight,
            "attributes": canonical_json(self._attributes()),
            "task_type": self.task_type,
        }

    def _attributes(self) -> dict[str, Any]:
        own = self.model_dump(include={*ATTRIBUTES, *_OTHER_CHOICES}, exclude_defaults=True)
        labels = {
            label.name: dumped
            for label in self.labels
            if (dumped := label.model_dump(include={"weight", "extra"}, exclude_defaults=True))
        }
        own |= {"labels": labels} if labels else {}
        sets = [example.labels for example in self.seed_examples]
        return own | ({"seed_labels": sets} if any(labels is not None for labels in sets) else {})


def task_from_row(row: Mapping[str, Any]) -> Task:
    """The task in a row of the table `tasks`, whose lists may be Python lists or Parquet arrays."""
    attributes = json.loads(row["attributes"])
    of_labels, examples = attributes.pop("labels", {}), row["seed_examples"]
    sets = attributes.pop("seed_labels", [None] * len(examples))
    return Task(
        task=row["task"],
        labels=tuple(Label(**label, **of_labels.get(label["name"], {})) for label in row["labels"]),
        seed_examples=tuple({**example, "labels": labels} for example, labels in zip(examples, sets, strict=True)),
        weight=row["weight"],
        **attributes,
    )
