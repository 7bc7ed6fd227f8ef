"""A completion holds no secret, whether it comes from the wire or from a journal of before."""

import json
from pathlib import Path

import pytest

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.llm.journal import Journal, completion_line
from synthetic_textcat.llm.parsing import parse
from synthetic_textcat.redaction import add_secret
from synthetic_textcat.schemas.replies import LabelSet, Reply, TaskList
from tests.llm.builders import completion, fingerprint

_SECRET = "completion-secret-1"
_ESCAPED = "".join(f"\\u{ord(character):04x}" for character in _SECRET)


@pytest.fixture(autouse=True)
def _known() -> None:
    add_secret(_SECRET)


@pytest.mark.parametrize("field", ["raw_text", "refusal", "finish_reason", "model_name", "error"])
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
    assert LabelSet.model_validate({"labels": labels}).labels[0].description == "about ***"
