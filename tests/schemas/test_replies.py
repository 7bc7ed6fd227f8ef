"""The JSON Schemas that a server is sent."""

import pytest
from pydantic import ValidationError

from synthetic_textcat.schemas.replies import LabelSet, Reply, TaskList, label_set_schema, row_schema, task_list_schema


def test_a_closed_set_is_the_enum_of_both_labels() -> None:
    properties = row_schema(["B", "A"])["schema"]["properties"]
    assert properties["label"] == properties["misleading_label"] == {"type": "string", "enum": ["B", "A"]}
    assert properties["input_text"] == {"type": "string"}


def test_an_open_set_has_no_enum() -> None:
    assert row_schema([])["schema"]["properties"]["label"] == {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "model"),
    [(row_schema(["A", "B"]), Reply), (task_list_schema(), TaskList), (label_set_schema(), LabelSet)],
)
def test_strict_schemas_require_every_field_and_allow_no_other(schema: dict[str, object], model: type[Reply]) -> None:
    inner = schema["schema"]
    assert isinstance(inner, dict)
    assert schema["strict"] is True
    assert inner["additionalProperties"] is False
    assert inner["required"] == list(inner["properties"]) == list(model.model_fields)


def _labels(*names: object) -> dict[str, object]:
    return {"labels": [{"name": name, "description": "What is so."} for name in names]}


def test_a_label_set_has_two_to_twelve_different_labels_with_a_description_each() -> None:
    assert [label.name for label in LabelSet.model_validate(_labels(" one", "two")).labels] == ["one", "two"]
    assert len(LabelSet.model_validate(_labels(*map(str, range(12)))).labels) == 12


@pytest.mark.parametrize(
    "reply",
    [
        _labels("one"),
        _labels(*map(str, range(13))),
        _labels("one", "One."),
        _labels("one", ""),
        _labels("one", 2),
        _labels("one", "x" * 61),
        {"labels": [{"name": "one"}, {"name": "two"}]},
        {"labels": ["one", "two"]},
        {"labels": "one, two"},
    ],
)
def test_any_other_label_set_is_refused(reply: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LabelSet.model_validate(reply)
