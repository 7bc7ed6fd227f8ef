"""The JSON Schemas that a server is sent."""

import pytest

from synthetic_textcat.schemas.replies import Reply, TaskList, row_schema, task_list_schema


def test_a_closed_set_is_the_enum_of_both_labels() -> None:
    properties = row_schema(["B", "A"])["schema"]["properties"]
    assert properties["label"] == properties["misleading_label"] == {"type": "string", "enum": ["B", "A"]}
    assert properties["input_text"] == {"type": "string"}


def test_an_open_set_has_no_enum() -> None:
    assert row_schema([])["schema"]["properties"]["label"] == {"type": "string"}


@pytest.mark.parametrize(("schema", "model"), [(row_schema(["A", "B"]), Reply), (task_list_schema(), TaskList)])
def test_strict_schemas_require_every_field_and_allow_no_other(schema: dict[str, object], model: type[Reply]) -> None:
    inner = schema["schema"]
    assert isinstance(inner, dict)
    assert schema["strict"] is True
    assert inner["additionalProperties"] is False
    assert inner["required"] == list(inner["properties"]) == list(model.model_fields)
