"""The journal's index: which line answers which call, read from a real file."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_textcat.errors import JournalError
from synthetic_textcat.llm.journal import Journal, completion_line, end_of_whole_lines
from synthetic_textcat.schemas.completions import Completion
from tests.llm.builders import BAD, completion, fingerprint, no_reply, write_journal

_ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=30)  # lone surrogates too


def _all(path: Path, *request_ids: str) -> list[list[Completion]]:
    return list(Journal(path).completions(fingerprint(name) for name in request_ids))


def test_an_absent_journal_is_empty(tmp_path: Path) -> None:
    assert len(Journal(tmp_path / "absent.jsonl")) == 0
    assert _all(tmp_path / "absent.jsonl", "r0", "r1") == [[], []]


def test_completions_come_back_as_they_were_in_the_order_asked(tmp_path: Path) -> None:
    lines = [completion(request_id="r0"), no_reply(request_id="r1"), completion(request_id="r2", refusal="é \ud83d")]
    path = write_journal(tmp_path / "j.jsonl", lines)
    assert len(Journal(path)) == 3
    assert _all(path, "r2", "r9", "r0", "r1") == [[lines[2]], [], [lines[0]], [lines[1]]]


@settings(deadline=None, max_examples=60)
@given(_ANY_TEXT, _ANY_TEXT | st.none(), st.integers(0, 2**40) | st.none())
def test_any_text_comes_back_to_the_letter(
    tmp_path_factory: pytest.TempPathFactory, text: str, refusal: str | None, tokens: int | None
) -> None:
    lines = [completion(text, refusal=refusal, completion_tokens=tokens), completion(request_id="after")]
    path = write_journal(tmp_path_factory.mktemp("journal") / "j.jsonl", lines)
    assert path.read_bytes().isascii()
    assert path.read_bytes().count(b"\n") == 2
    assert _all(path, "r0", "after") == [[lines[0]], [lines[1]]]


def test_completions_come_by_attempt_then_by_time(tmp_path: Path) -> None:
    late = completion(BAD, attempt=2, run_id="late")
    early = completion(BAD, attempt=1, run_id="early")
    again = completion(BAD, attempt=1, run_id="again")
    path = write_journal(tmp_path / "j.jsonl", [late, early, again])
    assert [x.run_id for x in _all(path, "r0")[0]] == ["early", "again", "late"]


@pytest.mark.parametrize("torn", [b"{", b'{"fingerprint": "ab', completion_line(completion(request_id="r1"))[:-1]])
def test_a_torn_last_line_does_not_count(torn: bytes, tmp_path: Path) -> None:
    path = write_journal(tmp_path / "j.jsonl", [completion()])
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes() + torn)
    assert len(Journal(path)) == 1
    assert end_of_whole_lines(path) == whole


@pytest.mark.parametrize(
    ("content", "end"), [(b"", 0), (b"torn", 0), (b"a\n", 2), (b"a\nb", 2), (b"a\n" + b"x" * 200_000, 2)]
)
def test_the_end_of_whole_lines_is_found_over_any_length(content: bytes, end: int, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(content)
    assert end_of_whole_lines(path) == end


@pytest.mark.parametrize(
    "foreign",
    [
        b'{"fingerprint": "ab"}',
        b'{"name": "another file"}',
        b'{"fingerprint": "ab", "request_i',
        b"[]",
        b"null",
        b"5",
        b"",
        b"\xff\xfe",
        b"request_id,text",
        json.dumps(completion().to_record() | {"fingerprint": "no hex"}).encode(),
        json.dumps(completion().to_record() | {"fingerprint": 5}).encode(),
    ],
)
def test_a_foreign_line_before_the_last_is_refused_by_number(foreign: bytes, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    content = completion_line(completion()) + foreign + b"\n" + completion_line(completion(request_id="r1"))
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"j\.jsonl: line 2 is no completion of this project") as caught:
        Journal(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_deeply_nested_line_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"[" * 100_000 + b"\n")
    with pytest.raises(JournalError, match="line 1"):
        Journal(path)


def test_fields_that_a_later_version_adds_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text(json.dumps(completion().to_record() | {"colour": "red"}) + "\n", encoding="ascii")
    assert _all(path, "r0") == [[completion()]]


def test_the_index_holds_no_texts(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "j.jsonl", [completion()])
    journal = Journal(path)
    changed = path.read_bytes().replace(b"a text", b"A TEXT")
    path.write_bytes(changed)
    ((read,),) = journal.completions([fingerprint("r0")])
    assert "A TEXT" in read.raw_text


def test_tokens_that_the_server_did_not_count_are_none_and_sum_to_nothing() -> None:
    assert completion(prompt_tokens=None, completion_tokens=None).tokens == 0
    assert completion(prompt_tokens=3, completion_tokens=4).tokens == 7
