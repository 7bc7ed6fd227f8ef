"""A journal line is outside input: what is read of it has the right types, or the line does not count.

What the journal keeps of a text that is too long: head, tail, length and hash.
"""

import hashlib
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.llm.journal.lines import (
    MOST_OF_A_REPLY,
    LineError,
    bounded,
    completion_line,
    completion_of,
    completions_of,
    length_before,
    read_line,
)
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import Completion, Problem, Reply, TaskList
from tests.llm.builders import completion, no_reply
from tests.support.chat_models import GOOD
from tests.support.each_case import each_of
from tests.support.examples import examples

_HUGE = 2**63

_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)

_JUNK = "".join(f"{number} " for number in range(60_000))
_LONG_ROW = '{"input_text": "' + "a word " * 20_000 + '", "label": "A", "misleading_label": "B"}'
_BEGIN = int(MOST_OF_A_REPLY * 0.6)


def _line(**changes: Any) -> bytes:
    return json.dumps(completion().to_record() | changes).encode() + b"\n"


@pytest.mark.parametrize(
    "written", [completion("é 😀 \ud83d\n"), no_reply(), completion(prompt_tokens=None, refusal="no")]
)
def test_what_is_written_is_read(written: Completion) -> None:
    assert completion_of(read_line(completion_line(written))) == written


@each_of(
    ("field", "value", "said"),
    [
        ("attempt", "2", "attempt is a text, and should be a whole number"),
        ("attempt", True, "attempt is true or false"),
        ("attempt", 0, "attempt is not a whole number from 1 on"),
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
        ("fingerprint", "no hex", "fingerprint is not a sha256"),
        ("fingerprint", "x" * 64, "fingerprint is not a sha256"),
        ("fingerprint", 5, "fingerprint is a whole number"),
        ("request_id", None, "request_id"),
        ("request_id", "r\ud83d", "not ASCII"),
        ("run_id", 7, "run_id"),
        ("prompt_sha256", None, "prompt_sha256"),
        ("error", False, "error"),
        ("created_at", 0, "created_at"),
        ("call", 0, "call is not a whole number from 1 on"),
        ("call", None, "call is null"),
        ("call", True, "call is true or false"),
        ("prompt_tokens_at_most", -1, "prompt_tokens_at_most is out of range"),
    ],
)
def test_a_field_of_the_wrong_type_or_range_is_named(field: str, value: Any, said: str) -> None:
    with pytest.raises(LineError, match=said) as caught:
        read_line(_line(**{field: value}))
    assert caught.value.is_completion


@each_of("field", [name for name in completion().to_record() if name != "call"])
def test_a_missing_field_is_named(field: str) -> None:
    record = completion().to_record()
    del record[field]
    with pytest.raises(LineError, match=f"the field {field} is missing"):
        read_line(json.dumps(record).encode())


@each_of(
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


def test_a_line_of_an_earlier_version_is_its_attempts_first_call() -> None:
    record = completion().to_record()
    del record["call"]
    assert completion_of(read_line(json.dumps(record).encode() + b"\n")).call == 1
    assert completion_of(read_line(_line(call=3))).call == 3


def test_a_model_name_that_no_table_can_hold_costs_no_answer() -> None:
    assert completion_of(read_line(_line(model_name="m\udc00"))).model_name == "m\ufffd"


@each_of(
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


@each_of("changed", [b"\xef\xbb\xbf" + _line(), b"  " + _line(), _line()[:-1] + b"\r\n", _line()[:-1]])
def test_what_editors_do_to_a_line_costs_nothing(changed: bytes) -> None:
    assert completion_of(read_line(changed)) == completion()


@examples(120)
@given(st.sampled_from(list(Completion.__slots__)), _ANY_JSON)
def test_any_value_in_any_field_is_right_or_a_line_error(field: str, value: Any) -> None:
    try:
        record = read_line(_line(**{field: value}))
    except LineError:
        return
    read = completion_of(record)
    assert completion_of(read_line(completion_line(read))) == read
    assert read.tokens >= 0


@examples(120)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_damaged_bytes_are_a_line_error_and_nothing_else(damage: bytes, at: int) -> None:
    line = _line()
    with suppress(LineError):
        read_line(line[:at] + damage + line[at + len(damage) :])


@each_of("text", ["", GOOD, "x" * MOST_OF_A_REPLY, "\ud83d" * MOST_OF_A_REPLY])
def test_a_text_within_the_bound_is_kept_as_it_is(text: str) -> None:
    whole = completion(text, refusal="no", error="e", finish_reason="stop")
    assert bounded(whole) is whole
    assert length_before(text) is None


@pytest.mark.parametrize("text", [_JUNK, "x" * (MOST_OF_A_REPLY + 1), "\ud83d😀" * MOST_OF_A_REPLY])
def test_of_a_longer_one_head_tail_length_and_hash_are_kept(text: str) -> None:
    kept = bounded(completion(text)).raw_text
    assert kept[:_BEGIN] == text[:_BEGIN]
    assert kept.endswith(text[_BEGIN - MOST_OF_A_REPLY :])
    assert hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() in kept[_BEGIN : _BEGIN + 200]
    assert length_before(kept) == len(text)
    assert len(kept) < MOST_OF_A_REPLY + 200


@pytest.mark.parametrize("text", [_LONG_ROW, _JUNK + GOOD, GOOD + _JUNK])
def test_a_shortened_reply_is_never_a_row(text: str) -> None:
    for finish_reason in ("stop", "length"):
        found = parse(bounded(completion(text, finish_reason=finish_reason)), Reply)
        assert found == Problem("schema_violation", f"the reply has {len(text):,} characters; at most 100,000 are read")


def test_a_long_list_of_tasks_is_within_the_bound() -> None:
    tasks = [
        f"Sort a letter of kind {number} to the desk that answers it: {'of any length ' * 12}" for number in range(200)
    ]
    reply = completion(str(tasks).replace("'", '"'))
    assert bounded(reply) is reply
    assert isinstance(parse(reply, TaskList), TaskList)


def test_a_reply_that_quotes_a_note_is_read_as_any_other() -> None:
    note = bounded(completion(_JUNK)).raw_text[_BEGIN : _BEGIN + 130]
    assert length_before("x" * 100 + note) is None
    assert length_before("x" * MOST_OF_A_REPLY + note) is None


def test_every_text_that_comes_from_the_server_is_bounded() -> None:
    long = "é" * 2_000_000
    kept = bounded(completion(long, refusal=long, error=long, finish_reason=long, model_name=long))
    assert len(completion_line(kept)) < 1_000_000
    assert kept.request_id == "r0"
    assert len(kept.refusal or "") < 9_000
    assert len(kept.error or "") < 9_000
    assert len(kept.finish_reason or "") < 1_000
    assert len(kept.model_name or "") < 1_000


@pytest.mark.parametrize("text", ["plain", "\ud800 alone"])  # the typed decoder refuses the second
def test_lines_are_read_together_as_they_were_written(text: str) -> None:
    written = [completion(text), no_reply(), completion("other", batch="b1")]
    assert list(completions_of(list(map(completion_line, written)))) == written
    assert not list(completions_of([]))
