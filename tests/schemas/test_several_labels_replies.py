"""Replies with several labels a text: the forms that models write, and the schema that asks for the right one."""

import pytest

from synthetic_textcat.llm.replies.answer_choice import choose_answer
from synthetic_textcat.llm.replies.parsing import read
from synthetic_textcat.llm.replies.plain_rows import plain_rows
from synthetic_textcat.schemas.completions import Problem, Reply
from synthetic_textcat.schemas.label_names import labels_in_set
from synthetic_textcat.schemas.several_labels_replies import (
    SeveralLabelsReply,
    planned_several_labels_schema,
    several_labels_schema,
)
from tests.support.each_case import each_of

_LABELS = ("Billing", "Shipping", "Returns", "Research and development")


def _reply(labels: str) -> str:
    return f'{{"input_text": "Two parcels, one bill.", {labels}, "misleading_label": "Returns"}}'


@each_of(
    ("said", "labels"),
    [
        ('"labels": ["Billing", "Shipping"]', ("Billing", "Shipping")),
        ('"labels": ["Shipping", "Billing", "Shipping"]', ("Billing", "Shipping")),
        ('"labels": []', ()),
        ('"labels": null', ()),
        ('"labels": ["none"]', ()),
        ('"labels": "None of the labels."', ()),
        ('"labels": "Billing"', ("Billing",)),
        ('"label": "Billing"', ("Billing",)),
        ('"label": ["shipping"]', ("Shipping",)),
        ('"labels": "Shipping, Billing"', ("Billing", "Shipping")),
        ('"labels": "billing and Shipping"', ("Billing", "Shipping")),
        ('"labels": ["Billing | Shipping"]', ("Billing", "Shipping")),
        ('"labels": "- Billing\\n- Shipping"', ("Billing", "Shipping")),
        ('"labels": [{"label": "Billing"}, {"name": "Shipping"}]', ("Billing", "Shipping")),
        ('"labels": [{"name": "Billing", "description": "bills"}, "Shipping"]', ("Billing", "Shipping")),
        ('"labels": {"label": "Billing", "description": "bills"}', ("Billing",)),
        ('"labels": {"Billing": true, "Returns": false, "Shipping": true}', ("Billing", "Shipping")),
        ('"labels": ["Billing", "Refunds"]', ("Billing", "Refunds")),
        ('"labels": "Billing, Refunds"', ("Billing, Refunds",)),
        ('"labels": "Research and development, Billing"', ("Billing", "Research and development")),
        ('"labels": ["none", "Billing"]', ("Billing", "none")),
        ('"labels": [["Billing", "Shipping"]]', ("Billing", "Shipping")),
        ('"labels": [["Billing"], ["Shipping"]]', ("Billing", "Shipping")),
        ('"labels": {"labels": ["Billing"]}', ("Billing",)),
        ('"labels": [null]', ()),
        ('"labels": "None of the above"', ()),
    ],
)
def test_labels_are_read_where_it_is_clear_which_are_meant(said: str, labels: tuple[str, ...]) -> None:
    reply = _reply(said)
    for text in (reply, f"Sure:\n```json\n{reply}\n```\nThat is it.", f"[{reply}]", f"<think>hm</think>{reply}"):
        found = read(text, SeveralLabelsReply, cut=False)
        assert isinstance(found, SeveralLabelsReply), found
        assert labels_in_set(found.labels, _LABELS) == labels


@each_of(
    ("said", "labels"),
    [
        ("Shops, cafés, Billing", ("Shops, cafés", "Billing")),
        ("Billing, Shops, cafés,", ("Shops, cafés", "Billing")),
        ("R&D & Food and drink", ("R&D", "Food and drink")),
        ("Food and drink and Billing", ("Food and drink", "Billing")),
        ("Food, Food and drink", ("Food", "Food and drink")),
        ("Shops, Billing", ("Shops, Billing",)),
    ],
)
def test_names_with_commas_and_signs_are_found_in_one_text(said: str, labels: tuple[str, ...]) -> None:
    assert labels_in_set([said], ("Shops, cafés", "R&D", "Food", "Food and drink", "Billing")) == labels


@each_of(
    ("said", "why"),
    [
        ('"labels": 7', "labels: input should be a valid tuple"),
        ('"labels": ["Billing", 7]', "labels.1: input should be a valid string"),
        ('"labels": {"Billing": "yes"}', "labels: input should be a valid tuple"),
        ('"labels": [{"label": "Billing", "fits": true}]', "labels.0: input should be a valid string"),
        ('"label_set": ["Billing"]', "labels: field required"),
    ],
)
def test_a_reply_whose_labels_are_not_clear_has_a_named_cause(said: str, why: str) -> None:
    found = read(_reply(said), SeveralLabelsReply, cut=False)
    assert isinstance(found, Problem)
    assert found.cause == "schema_violation"
    assert why in found.detail


def test_a_row_with_one_label_takes_no_list() -> None:
    found = choose_answer(_reply('"labels": ["Billing"]'), Reply, cut=False)
    assert found == Problem("schema_violation", "label: field required")


def test_plain_replies_are_read_as_the_parser_reads_them() -> None:
    replies = [
        _reply(said) for said in ('"labels": ["Billing"]', '"labels": []', '"label": "Billing"', '"labels": "x"')
    ]
    several = [True, True, False, True]
    rows = plain_rows(replies, several)
    assert [row is not None for row in rows] == [True, True, True, False]
    for reply, row in zip(replies[:2], rows, strict=False):
        parsed = read(reply, SeveralLabelsReply, cut=False)
        assert isinstance(parsed, SeveralLabelsReply)
        assert row is not None
        assert row.texts == (parsed.input_text, *parsed.labels, parsed.misleading_label)
    assert plain_rows(replies) == [None, None, rows[2], None]


def test_the_schema_allows_sets_of_the_tasks_sizes_alone() -> None:
    schema = several_labels_schema(("A", "B", "C"), {1: 0.5, 2: 0.5})
    label = {"type": "string", "enum": ["A", "B", "C"]}
    labels = {"type": "array", "items": label, "minItems": 1, "maxItems": 2}
    assert schema["schema"]["properties"] == {
        "input_text": {"type": "string"},
        "labels": labels,
        "misleading_label": label,
    }
    assert (schema["name"], schema["strict"]) == ("example", True)
    assert schema["schema"]["required"] == ["input_text", "labels", "misleading_label"]


@pytest.mark.parametrize("planned", [(), ("A",), ("A", "B")])
def test_the_schema_of_a_planned_set_allows_no_other(planned: tuple[str, ...]) -> None:
    fields = planned_several_labels_schema(planned, "C")["schema"]["properties"]
    assert list(fields) == ["labels", "misleading_label", "input_text"]
    assert fields["misleading_label"] == {"type": "string", "const": "C"}
    assert (fields["labels"]["minItems"], fields["labels"]["maxItems"]) == (len(planned), len(planned))
    assert fields["labels"]["items"].get("enum", []) == fields["labels"]["const"] == list(planned)
