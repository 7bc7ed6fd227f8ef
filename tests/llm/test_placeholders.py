"""Braces of a template: one plain name each, or doubled."""

from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.llm.placeholders import brace_fault


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a {num_words:d}", "{num_words:d}, where a placeholder is a name alone. Next: write {num_words}, or"),
        ("{task!r}", "Next: write {task}, or write {{ and }} for braces that are text"),
        ("{task.upper}", "write {task}"),
        ("{labels[0]}", "write {labels}"),
        ("{ task }", "write {task}"),
        ("{}", "{}, which is no placeholder. Next: write {{ and }}"),
        ("{0}", "{0}, which is no placeholder"),
        ('Answer {"input_text": "..."}', '{"input_text": "..."}, which is no placeholder. Next: write {{ and }}'),
        ("{" + "x " * 90 + "}", " ...}, which is no placeholder"),
        ("so {", "a single {. Next: write {{ and }} for braces that are text"),
        ("so }", "a single }."),
        ("{task}}", "a single }."),
        ('{"a": {"b": 1}}', "a single {."),
    ],
)
def test_what_is_no_plain_name_is_told_with_what_to_write(text: str, says: str) -> None:
    fault = brace_fault(text)
    assert fault is not None
    assert says in fault.problem
    assert len(fault.problem) < 200


def test_its_place_is_told() -> None:
    fault = brace_fault("{task} {{so}} {0}")
    assert fault is not None
    assert fault.position == 14


@given(st.text("{}a:! [].x", max_size=12))
def test_what_passes_can_be_filled(text: str) -> None:
    if brace_fault(text) is None:
        fields = list(Formatter().parse(text))
        assert all(name is None or (name.isidentifier() and not spec and not way) for _, name, spec, way in fields)


@pytest.mark.parametrize("text", ["", "no brace", "{task}", "{{}}", "{{{task}}}", '{{"input_text": "{task}"}}'])
def test_names_and_doubled_braces_pass(text: str) -> None:
    assert brace_fault(text) is None
