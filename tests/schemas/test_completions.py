"""A completion holds no secret, whether it comes from the wire or from a journal of before.

The JSON Schemas that a server is sent.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.llm.journal.journal import Journal, completion_line
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.redaction import add_secret
from synthetic_textcat.schemas.completions import (
    LabelSetReply,
    Reply,
    TaskList,
    label_set_schema,
    row_schema,
    task_list_schema,
)
from synthetic_textcat.schemas.task_text import unseen
from synthetic_textcat.schemas.tasks import Label, Task
from tests.llm.builders import completion, fingerprint
from tests.support.each_case import each_of
from tests.support.examples import examples

_SECRET = "completion-secret-1"
_ESCAPED = "".join(f"\\u{ord(character):04x}" for character in _SECRET)
_QUOTES_AND_INVISIBLE = "\u201c\u201d\u3002\u200b\u200c\ufe0f\u3164\xa0\u0307\u0130\xdf\ufb01\u2013\x1f"
_ODD = [*"aA1i-_. *`\"',\u2026\n", *_QUOTES_AND_INVISIBLE, "**", "__", "ss"]
_NAME = st.lists(st.sampled_from(_ODD), min_size=1, max_size=4).map("".join) | st.text(min_size=1, max_size=12)


@pytest.fixture(autouse=True)
def _known() -> None:
    add_secret(_SECRET)


@each_of("field", ["raw_text", "refusal", "finish_reason", "model_name", "error"])
def test_each_text_of_a_server_is_masked(field: str) -> None:
    changed = completion(**{field: f"it is {_SECRET}"})
    assert getattr(changed, field) == "it is ***"
    assert _SECRET.encode() not in completion_line(changed)


def test_a_journal_of_before_is_masked_as_it_is_read(tmp_path: Path) -> None:
    line = json.loads(completion_line(completion()))
    path = tmp_path / "j.jsonl"
    path.write_text(json.dumps({**line, "raw_text": f"a {_SECRET} of before"}) + "\n", encoding="ascii")
    assert [each.raw_text for each in Journal(path)] == ["a *** of before"]
    assert next(Journal(path).completions([fingerprint("r0")]))[0].raw_text == "a *** of before"
    assert _SECRET not in JournalDataset(filepath=str(path)).preview()


@pytest.mark.parametrize("spelled", [_SECRET, _ESCAPED])
def test_a_secret_in_escapes_is_masked_when_it_is_read(spelled: str) -> None:
    row = f'{{"input_text": "a {spelled}", "label": "{spelled}", "misleading_label": "B"}}'
    assert parse(completion(row), Reply) == Reply(input_text="a ***", label="***", misleading_label="B")
    sentence = "Classify letters by the tone of their"
    assert parse(completion(f'{{"tasks": ["{sentence} {spelled}"]}}'), TaskList) == TaskList(tasks=[f"{sentence} ***"])


def test_a_secret_that_is_pieced_together_by_cleaning_is_masked() -> None:
    torn = f"{_SECRET[:5]}\u200b{_SECRET[5:]}"
    labels = [{"name": "A", "description": f"about {torn}"}, {"name": "B", "description": "b"}]
    assert LabelSetReply.model_validate({"labels": labels}).labels[0].description == "about ***"


def test_a_closed_set_is_the_enum_of_both_labels() -> None:
    properties = row_schema(["B", "A"])["schema"]["properties"]
    assert properties["label"] == properties["misleading_label"] == {"type": "string", "enum": ["B", "A"]}
    assert properties["input_text"] == {"type": "string"}


def test_an_open_set_has_no_enum() -> None:
    assert row_schema([])["schema"]["properties"]["label"] == {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "model"),
    [(row_schema(["A", "B"]), Reply), (task_list_schema(), TaskList), (label_set_schema(), LabelSetReply)],
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
    assert [label.name for label in LabelSetReply.model_validate(_labels(" one", "two")).labels] == ["one", "two"]
    assert len(LabelSetReply.model_validate(_labels(*map(str, range(12)))).labels) == 12


@each_of(
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
        LabelSetReply.model_validate(reply)


@each_of(
    ("proposed", "name"),
    [
        ("**a**", "a"),
        ("`b`,", "b"),
        ("*in transit*", "in transit"),
        ("__\u201clate\u201d__", "late"),
        ('"**lost** parcel"', "lost parcel"),
        ("a\n  b", "a b"),
        ("c\0d\u200b", "cd"),
        ("no_fire", "no_fire"),
        ("C*", "C*"),
        ("__init__", "__init__"),
        ("**__init__**", "__init__"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
    ],
)
def test_a_proposed_name_is_one_plain_line(proposed: str, name: str) -> None:
    assert LabelSetReply.model_validate(_labels(proposed, "other")).labels[0].name == name


def test_a_proposed_description_is_one_plain_line() -> None:
    label = {"name": "a", "description": "What\nis `so`\x07."}
    found = LabelSetReply.model_validate({"labels": [label, {"name": "b", "description": "c"}]})
    assert found.labels[0].description == "What is so."


@each_of(
    "names",
    [
        ("no_fire", "no fire"),
        ("non fire", "non-fire"),
        ("Non-Fire", "non_fire"),
        ("**a**", "A"),
        ("a.", "a"),
        ("\u200b", "b"),
        ("**", "b"),
        ('"\u200c"', "b"),
        ("Other\u2026", "Other"),
        ("1", "1"),
        ("-", "-"),
        ("A", "\u201cA\u201d"),
        ("non - fire", "non\u2013fire"),
        ("\u0938\u0947-\u092c", "\u0938\u0947 \u092c"),
    ],
)
def test_names_that_a_reader_takes_for_one_or_can_not_see_make_no_set(names: tuple[str, str]) -> None:
    with pytest.raises(ValidationError):
        LabelSetReply.model_validate(_labels(*names, "other"))


def test_two_names_that_are_one_are_said_in_a_sentence() -> None:
    with pytest.raises(ValidationError, match="'no fire' and 'no_fire' differ only in case or in the separators"):
        LabelSetReply.model_validate(_labels("no fire", "no_fire"))


@each_of(
    "names",
    [
        ("-1", "1"),
        ("A-", "A", "A+"),
        ("0-1", "01"),
        ("-5 to 5", "5 to 5"),
        ("5 to -5", "5 to 5"),
        ("re-sign", "resign"),
        ("-", "+"),
    ],
)
def test_signs_that_mean_something_tell_names_apart(names: tuple[str, ...]) -> None:
    assert [label.name for label in LabelSetReply.model_validate(_labels(*names)).labels] == list(names)


@examples(300)
@given(st.lists(_NAME, min_size=2, max_size=3))
def test_a_label_set_makes_a_task_with_names_that_show(names: list[str]) -> None:
    try:
        found = LabelSetReply.model_validate(_labels(*names))
    except ValidationError:
        return
    labels = tuple(Label(name=label.name, description=label.description) for label in found.labels)
    assert Task(task="Sort.", labels=labels).label_names == tuple(label.name for label in found.labels)
    assert not any(unseen(label.name) for label in labels)
