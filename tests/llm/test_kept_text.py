"""What the journal keeps of a text that is too long: head, tail, length and hash."""

import hashlib

import pytest

from synthetic_textcat.llm.journal_lines import completion_line
from synthetic_textcat.llm.kept_text import MOST_OF_A_REPLY, bounded, length_before
from synthetic_textcat.llm.parsing import parse
from synthetic_textcat.schemas.replies import Problem, Reply, TaskList
from tests.llm.builders import completion
from tests.support.chat_models import GOOD

_JUNK = "".join(f"{number} " for number in range(60_000))
_LONG_ROW = '{"input_text": "' + "a word " * 20_000 + '", "label": "A", "misleading_label": "B"}'
_BEGIN = int(MOST_OF_A_REPLY * 0.6)


@pytest.mark.parametrize("text", ["", GOOD, "x" * MOST_OF_A_REPLY, "\ud83d" * MOST_OF_A_REPLY])
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
    long = "é" * 5_000_000
    kept = bounded(completion(long, refusal=long, error=long, finish_reason=long, model_name=long))
    assert len(completion_line(kept)) < 1_000_000
    assert kept.request_id == "r0"
    assert len(kept.refusal or "") < 9_000
    assert len(kept.error or "") < 9_000
    assert len(kept.finish_reason or "") < 1_000
    assert len(kept.model_name or "") < 1_000
