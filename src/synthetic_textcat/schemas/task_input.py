"""Task input: accepted forms of tasks, labels and domains in files of the user."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from synthetic_textcat.schemas.block import RANGE, is_weight, with_decimal_point
from synthetic_textcat.schemas.lengths import plain_choice

_LONGEST = 60

GIVEN = "given"
"""Key of a dependent attribute's choice that names its parent."""


def shown(value: object) -> str:
    """A value as quoted in an error message, shortened if long."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def title_of(entry: object) -> str:
    """The task of an entry as quoted after its number in an error message; nothing if it has none."""
    task = entry.get("task") if isinstance(entry, Mapping) else entry
    return f" ({task.strip()[:_LONGEST]!r})" if isinstance(task, str) and task.strip() else ""


def no_text(value: object) -> str:
    """Error message for a value that is not a text: YAML reads `no` as a boolean, and 5 as a number."""
    if value is None:
        return "null (or nothing) is not a text; write a text, or null in quotes"
    remedy = "write a text" if isinstance(value, list | dict) else "put it in quotes"
    return f"{shown(value)} is not a text; {remedy}"


def listed_labels(labels: object, fields: Collection[str]) -> object:
    """A mapping name → description as a list of labels; other values unchanged.

    Raises:
        ValueError: If it is a single label, whose keys would count as names.
    """
    if not isinstance(labels, Mapping):
        return labels
    _refuse_a_lone_item(labels, "name", fields)
    return [{"name": name, "description": description} for name, description in labels.items()]


def listed_examples(examples: object, fields: Collection[str]) -> object:
    """A mapping label → text or list of texts as a list of examples; other values unchanged.

    Raises:
        ValueError: If it is a single example, whose keys would count as labels, or a label has neither.
    """
    if not isinstance(examples, Mapping):
        return examples
    _refuse_a_lone_item(examples, "text", fields)
    return [{"text": text, "label": label} for label, texts in examples.items() for text in _texts(label, texts)]


def _refuse_a_lone_item(mapping: Mapping[Any, Any], key: str, fields: Collection[str]) -> None:
    if key in mapping and mapping.keys() <= set(fields):
        raise ValueError(f"must be a list; begin each item with `- {key}: ...`")


def _texts(label: object, texts: object) -> Iterator[object]:
    if isinstance(texts, str):
        yield texts
    elif isinstance(texts, list):
        yield from texts
    else:
        raise ValueError(f"{label!r} has {shown(texts)}; give it a text or a list of texts")


def checked_weight(weight: object) -> object:
    """The weight with a decimal point, unless it is a boolean, which Python would accept as 0 or 1.

    Raises:
        ValueError: If it is a boolean.
    """
    if isinstance(weight, bool):
        raise ValueError("not a number")
    return with_decimal_point(weight)


def checked_choice(choice: Any) -> Any:
    """Validates the form of an attribute's choice.

    Raises:
        ValueError: If it has none of the forms; one message, where pydantic has one for each form.
    """
    if choice is None or isinstance(choice, str):
        return choice
    if not isinstance(choice, list | Mapping):
        raise ValueError(f"{no_text(choice)}, or write a list of values, or a mapping of values to weights")
    for value in choice:
        if not isinstance(value, str):
            raise ValueError(f"the value {no_text(value)}")
    for value, weight in choice.items() if isinstance(choice, Mapping) else ():
        if not is_weight(weight):
            raise ValueError(f"gives {value!r} the weight {shown(weight)}; a weight is {RANGE}")
    return choice


def checked_choice_of(attribute: str, choice: Any) -> Any:
    """Validates the form of the choice of one of the method's attributes; ranges of `num_words` become texts.

    Raises:
        ValueError: If it has none of the forms.
    """
    if isinstance(choice, Mapping) and GIVEN in choice and not is_weight(choice[GIVEN]):
        raise ValueError(
            f"is given {shown(choice[GIVEN])}, and only attributes of your own, under `extra`, can depend on another; "
            f"give {attribute} values or weights"
        )
    return checked_choice(plain_choice(choice) if attribute == "num_words" else choice)


def checked_choices(choices: object) -> object:
    """Validates the form of user-defined attributes; null values are dropped.

    Raises:
        ValueError: If they are not a mapping, or a choice has none of the forms.
    """
    return _checked_mapping(choices, "name", "`name: value`, as in `tone: formal`", _checked_own_choice)


def _checked_own_choice(choice: Any) -> Any:
    """Validates a plain choice, or that of a dependent attribute; a weight named `given` makes a plain one."""
    if not isinstance(choice, Mapping) or GIVEN not in choice or is_weight(choice[GIVEN]):
        return checked_choice(choice)
    parent = choice[GIVEN]
    if not isinstance(parent, str) or not parent.strip():
        raise ValueError(f"is given {shown(parent)}; write the name of one attribute, as in `{GIVEN}: channel`")
    branches = {value: branch for value, branch in choice.items() if value != GIVEN}
    if not branches:
        raise ValueError(f"is given {parent!r}, and has no choice for any value of it; add one, as in `chat: [casual]`")
    for value, branch in branches.items():
        if not isinstance(value, str):
            raise ValueError(f"the value {no_text(value)}")
        if branch is None:
            raise ValueError(f"has no choice for {value!r}; write values, or a mapping of values to weights")
        if isinstance(branch, Mapping) and isinstance(branch.get(GIVEN), str):
            raise ValueError(f"depends on a second attribute within {value!r}; an attribute has one parent")
        if is_weight(branch):
            raise ValueError(f"gives {value!r} the weight {shown(branch)}; write its values, as in `{value}: [casual]`")
        try:
            checked_choice(branch)
        except ValueError as error:
            raise ValueError(f"{value!r}: {error}") from None
    return choice


def checked_confusable(labels: object) -> object:
    """Validates the form of the labels that a label is confused with; null values are dropped.

    Raises:
        ValueError: If they are not a mapping of labels, or the others have none of the forms of a choice.
    """
    form = "`label: [other labels]`, as in `Billing: [Returns, Accounts]`"
    return _checked_mapping(labels, "label", form, checked_choice)


def _checked_mapping(choices: object, key: str, form: str, checked: Callable[[Any], Any]) -> object:
    if not isinstance(choices, Mapping):
        raise ValueError(f"{shown(choices)} is not a mapping; write {form}")
    for name, choice in choices.items():
        if not isinstance(name, str):
            raise ValueError(f"the {key} {no_text(name)}")
        try:
            checked(choice)
        except ValueError as error:
            raise ValueError(f"{name!r}: {error}") from None
    return {name: choice for name, choice in choices.items() if choice is not None}


@dataclass(frozen=True)
class UserFile:
    """A file of the user that was read.

    Attributes:
        path: Path, for error messages.
        content: A frame for CSV and Parquet, else the value of YAML or JSON.
    """

    path: str
    content: object


class TasksFile(UserFile):
    """A tasks file: a list of entries, if it is valid."""


class DomainsFile(UserFile):
    """A file of domains: a list of texts, if it is valid."""


class ConfusableFile(UserFile):
    """A file of confusable labels by task: a mapping, if it is valid."""


@dataclass(frozen=True)
class KeptTasks:
    """All tasks of an earlier run, in place of a file; no others are brainstormed.

    Attributes:
        table: Its table `tasks`.
    """

    table: pd.DataFrame


class JsonError(ValueError):
    """A text that is not JSON.

    Attributes:
        problem: Description of the error.
        line, column: Position, counted from 1; 0 = unknown.
    """

    def __init__(self, problem: str, line: int = 0, column: int = 0) -> None:
        super().__init__(problem)
        self.problem, self.line, self.column = problem, line, column


def parse_json(text: str) -> Any:
    """The value of a JSON text without repeated keys.

    Raises:
        JsonError: If it is not JSON, or a key occurs twice in an object.
    """
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise JsonError(error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise JsonError("it is nested too deeply") from None
    except ValueError as error:
        raise JsonError(str(error)) from None


def _without_repeats(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} occurs twice in one object")
        found[key] = value
    return found
