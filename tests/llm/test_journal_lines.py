"""A journal line is outside input: what is read of it has the right types, or the line does not count."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_textcat.llm.journal_lines import LineError, completion_line, completion_of, read_line
from synthetic_textcat.schemas.completions import Completion
from tests.llm.builders import completion, no_reply

_HUGE = 2**63


def _line(**changes: Any) -> bytes:
    return json.dumps(completion().to_record() | changes).encode() + b"\n"


@pytest.mark.parametrize(
    "written", [completion("é 😀 \ud83d\n"), no_reply(), completion(prompt_tokens=None, refusal="no")]
)
def test_what_is_written_is_read(written: Completion) -> None:
    assert completion_of(read_line(completion_line(written))) == written


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("attempt", "2", "attempt is a text, and should be a whole number"),
        ("attempt", True, "attempt is true or false"),
        ("attempt", 0, "attempt is no whole number from 1 on"),
        ("attempt", 1.0, "attempt is a number"),
        ("attempt", _HUGE, "attempt"),
        ("raw_text", None, "raw_text is null, and should be a text"),
        ("raw_text", ["a"], "raw_text is a list or an object"),
        ("refusal", 5, "refusal"),
        ("finish_reason", {"a": 1}, "finish_reason"),
        ("prompt_tokens", "9", "prompt_tokens is a text, and should be a whole number or null"),
        ("prompt_tokens", -1, "prompt_tokens is out of range"),
        ("prompt_tokens", _HUGE, "prompt_tokens is out of range"),
        ("cached_tokens", -1, "cached_tokens is out of range"),
        ("cached_tokens", False, "cached_tokens"),
        ("completion_tokens", 1.5, "completion_tokens"),
        ("completion_tokens", float("nan"), "completion_tokens"),
        ("completion_tokens", 10**30, "completion_tokens is out of range"),
        ("latency_s", float("nan"), "latency_s is out of range"),
        ("latency_s", float("inf"), "latency_s is out of range"),
        ("latency_s", -0.1, "latency_s is out of range"),
        ("latency_s", 10**400, "latency_s is out of range"),
        ("latency_s", None, "latency_s is null"),
        ("status", "unheard of", "status is unknown"),
        ("status", None, "status"),
        ("fingerprint", "no hex", "fingerprint is no sha256"),
        ("fingerprint", "x" * 64, "fingerprint is no sha256"),
        ("fingerprint", 5, "fingerprint is a whole number"),
        ("request_id", None, "request_id"),
        ("request_id", "r\ud83d", "not ASCII"),
        ("run_id", 7, "run_id"),
        ("prompt_sha256", None, "prompt_sha256"),
        ("error", False, "error"),
        ("created_at", 0, "created_at"),
    ],
)
def test_a_field_of_the_wrong_type_or_range_is_named(field: str, value: Any, said: str) -> None:
    with pytest.raises(LineError, match=said) as caught:
        read_line(_line(**{field: value}))
    assert caught.value.is_completion


@pytest.mark.parametrize("field", list(completion().to_record()))
def test_a_missing_field_is_named(field: str) -> None:
    record = completion().to_record()
    del record[field]
    with pytest.raises(LineError, match=f"the field {field} is missing"):
        read_line(json.dumps(record).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"latency_s": 3},
        {"colour": "red", "more": {"a": [1, None]}},
        {"model_name": "mödel", "finish_reason": None},
        {"refusal": "\ud83d", "error": "\ud83d"},
        {"prompt_tokens": _HUGE - 1},
        {"status": "timeout"},
    ],
)
def test_what_is_unusual_but_right_is_read(changes: dict[str, Any]) -> None:
    assert read_line(_line(**changes)).items() >= changes.items()


def test_a_model_name_that_no_table_can_hold_costs_no_answer() -> None:
    assert completion_of(read_line(_line(model_name="m\udc00"))).model_name == "m\ufffd"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"[]\n",
        b"null\n",
        b"5\n",
        b"\xff\xfe\n",
        b"request_id,text\n",
        b'{"fingerprint": "ab"}\n',
        b"[" * 100_000 + b"\n",
        b'{"a":' * 100_000 + b"\n",
        b'{"attempt": ' + b"9" * 5000 + b"}\n",
        _line()[:-1] + _line(),
        _line()[:-1] + b"x",
        _line()[:-2],
    ],
)
def test_what_is_no_line_of_ours_is_an_error_and_nothing_else(line: bytes) -> None:
    with pytest.raises(LineError):
        read_line(line)


@pytest.mark.parametrize("changed", [b"\xef\xbb\xbf" + _line(), b"  " + _line(), _line()[:-1] + b"\r\n", _line()[:-1]])
def test_what_editors_do_to_a_line_costs_nothing(changed: bytes) -> None:
    assert completion_of(read_line(changed)) == completion()


_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=300)
@given(st.sampled_from(list(Completion.__slots__)), _ANY_JSON)
def test_any_value_in_any_field_is_right_or_a_line_error(field: str, value: Any) -> None:
    try:
        record = read_line(_line(**{field: value}))
    except LineError:
        return
    read = completion_of(record)
    assert completion_of(read_line(completion_line(read))) == read
    assert read.tokens >= 0


@settings(max_examples=300)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_damaged_bytes_are_a_line_error_and_nothing_else(damage: bytes, at: int) -> None:
    line = _line()
    with suppress(LineError):
        read_line(line[:at] + damage + line[at + len(damage) :])
