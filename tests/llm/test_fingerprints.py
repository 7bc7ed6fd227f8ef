"""A fingerprint changes with all that changes what is answered, and with nothing else."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from synthetic_textcat.llm.fingerprints import Fingerprinter
from synthetic_textcat.llm.prompts import messages_sha256, wire_form
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.replies import row_schema

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
    assert _of() == "4bffd941ef65783af0cc14e77e5f0e0e562d30e3bcab4d9d13b605c76e1566c0"


@pytest.mark.parametrize(
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
