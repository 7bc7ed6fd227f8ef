"""A fingerprint changes with all that changes what is answered, and with nothing else.

Braces of a template: one plain name each, or doubled.
"""

import hashlib
from collections.abc import Sequence
from string import Formatter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from synthetic_textcat.llm.prompts.messages import Fingerprinter, brace_fault, messages_sha256, wire_form
from synthetic_textcat.schemas.completions import planned_row_schema, row_schema
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.each_case import each_of

_MESSAGES = [SystemMessage("You write."), HumanMessage("Write é \ud83d.")]
_SCHEMA = row_schema(["A", "B"])


def _of(
    request_id: str = "r0",
    messages: Sequence[BaseMessage] = _MESSAGES,
    schema: dict[str, Any] = _SCHEMA,
    endpoint: str = "https://a.example/v1",
    **settings: Any,
) -> str:
    llm = LlmParameters.model_validate({"model": "m", **settings})
    return Fingerprinter(llm, (endpoint,)).of(request_id, messages, schema)


def test_the_same_call_has_the_same_fingerprint() -> None:
    assert _of() == _of()
    assert len(_of()) == 64


def test_a_fingerprint_stays_what_it_is() -> None:
    assert _of(max_tokens=None) == "4bffd941ef65783af0cc14e77e5f0e0e562d30e3bcab4d9d13b605c76e1566c0"


@each_of(
    "change",
    [
        {"request_id": "r1"},
        {"messages": [SystemMessage("You write."), HumanMessage("Write é.")]},
        {"messages": [HumanMessage("You write."), HumanMessage("Write é \ud83d.")]},
        {"messages": _MESSAGES[1:]},
        {"schema": row_schema(["A", "C"])},
        {"schema": row_schema([])},
        {"endpoint": "https://b.example/v1"},
        {"model": "n"},
        {"temperature": 0.5},
        {"temperature": None},
        {"top_p": 0.5},
        {"max_tokens": 100},
        {"structured_output": "none"},
        {"send_seed": False},
    ],
)
def test_what_changes_the_answer_changes_the_fingerprint(change: dict[str, Any]) -> None:
    assert _of(**change) != _of()


def test_the_choice_of_the_schema_is_hashed_by_the_schema_alone() -> None:
    assert _of(labels_in_schema="planned") == _of()
    assert _of(schema=planned_row_schema("A", "B")) != _of()


def test_the_name_of_the_token_limit_field_changes_nothing() -> None:
    limited = _of(max_tokens=100, token_limit_field="max_completion_tokens")
    assert _of(max_tokens=100, token_limit_field="max_tokens") == limited


def test_one_fingerprinter_gives_each_row_its_own_in_any_order() -> None:
    one = Fingerprinter(LlmParameters(model="m"), "e")
    there = [one.of(f"r{number}", _MESSAGES, _SCHEMA) for number in range(5)]
    back = [one.of(f"r{number}", _MESSAGES, _SCHEMA) for number in reversed(range(5))]
    assert back[::-1] == there
    assert len(set(there)) == 5


def test_only_what_the_server_is_sent_counts() -> None:
    assert wire_form([SystemMessage("a"), HumanMessage("b"), AIMessage("c")]) == [
        {"role": "system", "content": "a"},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "c"},
    ]
    noisy = [HumanMessage("b", id="1", additional_kwargs={"x": 1}, name="n")]
    assert messages_sha256(noisy) == messages_sha256([HumanMessage("b")])


def test_the_hash_is_that_of_the_canonical_json_of_the_wire_form() -> None:
    text = b'[{"content":"\\u00e9","role":"user"}]'
    assert messages_sha256([HumanMessage("é")]) == hashlib.sha256(text).hexdigest()


@each_of(
    ("text", "says"),
    [
        ("a {num_words:d}", "{num_words:d}, where a placeholder is a name alone. Next: write {num_words}, or"),
        ("{task!r}", "Next: write {task}, or write {{ and }} for braces that are text"),
        ("{task.upper}", "write {task}"),
        ("{labels[0]}", "write {labels}"),
        ("{ task }", "write {task}"),
        ("{}", "{}, which is not a placeholder. Next: write {{ and }}"),
        ("{0}", "{0}, which is not a placeholder"),
        ('Answer {"input_text": "..."}', '{"input_text": "..."}, which is not a placeholder. Next: write {{ and }}'),
        ("{" + "x " * 90 + "}", " ...}, which is not a placeholder"),
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


def test_its_place_is_reported() -> None:
    fault = brace_fault("{task} {{so}} {0}")
    assert fault is not None
    assert fault.position == 14


@given(st.text("{}a:! [].x", max_size=12))
def test_what_passes_can_be_filled(text: str) -> None:
    if brace_fault(text) is None:
        fields = list(Formatter().parse(text))
        assert all(name is None or (name.isidentifier() and not spec and not way) for _, name, spec, way in fields)


@each_of("text", ["", "no brace", "{task}", "{{}}", "{{{task}}}", '{{"input_text": "{task}"}}'])
def test_names_and_doubled_braces_pass(text: str) -> None:
    assert brace_fault(text) is None
