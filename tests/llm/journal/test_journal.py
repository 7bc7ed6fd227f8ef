"""The journal's index: which line answers which call, read from a real file."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.errors import JournalError
from synthetic_textcat.llm.journal.journal import Journal, completion_line
from synthetic_textcat.llm.journal.journal_files import end_of_lines
from synthetic_textcat.schemas.completions import Completion
from tests.llm.builders import BAD, completion, fingerprint, no_reply, write_journal
from tests.support.examples import examples

_ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=30)  # lone surrogates too


def _all(path: Path, *request_ids: str) -> list[list[Completion]]:
    return list(Journal(path).completions(fingerprint(name) for name in request_ids))


def _end_of_lines(path: Path) -> tuple[int, bool]:
    with path.open("rb") as file:
        return end_of_lines(file)


def test_an_absent_journal_is_empty(tmp_path: Path) -> None:
    assert len(Journal(tmp_path / "absent.jsonl")) == 0
    assert _all(tmp_path / "absent.jsonl", "r0", "r1") == [[], []]


def test_completions_come_back_as_they_were_in_the_order_asked(tmp_path: Path) -> None:
    lines = [completion(request_id="r0"), no_reply(request_id="r1"), completion(request_id="r2", refusal="é \ud83d")]
    path = write_journal(tmp_path / "j.jsonl", lines)
    assert len(Journal(path)) == 3
    assert _all(path, "r2", "r9", "r0", "r1") == [[lines[2]], [], [lines[0]], [lines[1]]]


@examples(60)
@given(_ANY_TEXT, _ANY_TEXT | st.none(), st.integers(0, 2**40) | st.none())
def test_any_text_comes_back_to_the_letter(
    tmp_path_factory: pytest.TempPathFactory, text: str, refusal: str | None, tokens: int | None
) -> None:
    lines = [completion(text, refusal=refusal, completion_tokens=tokens), completion(request_id="after")]
    path = write_journal(tmp_path_factory.mktemp("journal") / "j.jsonl", lines)
    assert path.read_bytes().isascii()
    assert path.read_bytes().count(b"\n") == 2
    assert _all(path, "r0", "after") == [[lines[0]], [lines[1]]]


def test_places_and_numbers_hold_past_blank_and_damaged_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    own = [completion(request_id=f"r{number}") for number in range(900)]
    lines = list(map(completion_line, own))
    lines[300:300] = [b"\n", b"damaged\n", b" \0\n"]
    lines[700:700] = [b"damaged too\n"]
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"".join(lines)[:-1])  # the last line lacks its break
    journal = Journal(path)
    places = [(batch.file, offset) for batch in journal.batches() for offset in batch.offsets.tolist()]
    assert journal.at(places) == own == list(journal)
    assert "no valid completion in line 302 (no JSON), 701 (no JSON);" in caplog.text


def test_completions_come_by_attempt_then_by_time(tmp_path: Path) -> None:
    late = completion(BAD, attempt=2, run_id="late")
    early = completion(BAD, attempt=1, run_id="early")
    again = completion(BAD, attempt=1, run_id="again")
    path = write_journal(tmp_path / "j.jsonl", [late, early, again])
    assert [x.run_id for x in _all(path, "r0")[0]] == ["early", "again", "late"]


@pytest.mark.parametrize("torn", [b"{", b'{"fingerprint": "ab', completion_line(completion(request_id="r1"))[:-2]])
def test_a_torn_last_line_does_not_count(torn: bytes, tmp_path: Path) -> None:
    path = write_journal(tmp_path / "j.jsonl", [completion()])
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes() + torn)
    assert len(Journal(path)) == 1
    assert _end_of_lines(path) == (whole, False)


@pytest.mark.parametrize("padding", [b"", b" ", b"\0" * 5000])
def test_a_whole_last_line_counts_without_its_line_break(padding: bytes, tmp_path: Path) -> None:
    lines = [completion(), completion(request_id="r1")]
    path = write_journal(tmp_path / "j.jsonl", lines)
    whole = path.stat().st_size - 1
    path.write_bytes(path.read_bytes()[:-1] + padding)
    journal = Journal(path)
    assert list(journal) == lines
    assert list(journal.completions([fingerprint("r1")])) == [[lines[1]]]
    assert _end_of_lines(path) == (whole, True)


@pytest.mark.parametrize(
    ("content", "end"),
    [(b"", 0), (b"torn", 0), (b"a\n", 2), (b"a\nb", 2), (b"a\n" + b"x" * 200_000, 2), (b"a\n" + b"\0" * 70_000, 2)],
)
def test_the_end_of_lines_is_found_over_any_length(content: bytes, end: int, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(content)
    assert _end_of_lines(path) == (end, False)


@pytest.mark.parametrize("first", [[], [b"damaged"], [b"damaged"] * 9])
def test_bad_lines_are_left_out_and_named_in_one_warning(
    first: list[bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = [completion(request_id=f"r{number}") for number in range(4)]
    changed = {"attempt": "2"}, {"raw_text": None}, {"run_id": 7}
    bad = [json.dumps(good[0].to_record() | each).encode() for each in changed]
    lines = [
        *first,
        *(completion_line(each)[:-1] for each in good[:2]),
        *bad,
        *(completion_line(each)[:-1] for each in good[2:]),
    ]
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")

    journal = Journal(path)

    assert len(journal) == 4
    assert list(journal) == good
    assert list(journal.completions(map(fingerprint, ["r3", "r0"]))) == [[good[3]], [good[0]]]
    [said] = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"{path}: no valid completion in line {1 if first else 3} (")
    assert "\n" not in said
    assert ("and 7 more;" in said) == (len(first) == 9)
    assert len(Journal(path)) == 4
    assert len(caplog.records) == 1  # a run reads its journal more than once
    assert path.read_bytes() == b"\n".join(lines) + b"\n"


def test_empty_lines_are_no_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"\n" + completion_line(completion()) + b"\r\n\n" + completion_line(completion(request_id="r1")))
    assert _all(path, "r0", "r1") == [[completion()], [completion(request_id="r1")]]
    assert not caplog.records


@pytest.mark.parametrize(
    "content",
    [
        b"id,text\n1,mine\n",
        b"id,text",
        b'{"not": "ours"}\n{"nor": "this"}\n',
        b'{"not": "ours"}',
        b'{"fingerprint": "ab"}\n',
        b"[]\n",
        b"\xff\xfe\x00\n",
        b"[" * 100_000 + b"\n",
        b"a\n" * 50 + completion_line(completion()),
    ],
)
def test_a_file_of_another_program_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"j\.jsonl: line 1 is not a completion of this project") as caught:
        len(Journal(path))
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"\n", b"\0" * 70_000, b'{"finger', b'{"fingerprint":"abc'])
def test_what_a_crash_left_of_a_new_journal_is_an_empty_one(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(content)
    assert len(Journal(path)) == 0


def test_what_is_no_file_is_one_line(tmp_path: Path) -> None:
    loop, lost = tmp_path / "loop.jsonl", tmp_path / "lost.jsonl"
    loop.symlink_to(loop)
    lost.symlink_to(tmp_path / "unmounted" / "j.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    for path, said in [
        (tmp_path, "not a regular file"),
        (tmp_path / "pipe.jsonl", "not a regular file"),
        (loop, "Too many levels of symbolic links. Next: fix the symbolic link"),
        (lost, "No such file or directory"),
    ]:
        with pytest.raises(JournalError, match=re.escape(said)) as caught:
            len(Journal(path))
        assert str(path) in str(caught.value)


def test_a_link_to_a_file_that_is_not_there_yet_is_an_empty_journal(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.symlink_to(tmp_path / "later.jsonl")
    assert len(Journal(path)) == 0


def test_a_line_that_changes_under_the_reader_is_one_error(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "j.jsonl", [completion(), completion(request_id="r1")])
    journal = Journal(path)
    assert len(journal) == 2
    path.write_bytes(path.read_bytes()[5:])
    with pytest.raises(JournalError, match="was changed while it was being read"):
        list(journal.completions([fingerprint("r1")]))


def test_fields_that_a_later_version_adds_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text(json.dumps(completion().to_record() | {"colour": "red"}) + "\n", encoding="ascii")
    assert _all(path, "r0") == [[completion()]]


def test_the_index_holds_no_texts(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "j.jsonl", [completion()])
    journal = Journal(path)
    assert len(journal) == 1
    changed = path.read_bytes().replace(b"a text", b"A TEXT")
    path.write_bytes(changed)
    ((read,),) = journal.completions([fingerprint("r0")])
    assert "A TEXT" in read.raw_text


def test_tokens_that_the_server_did_not_count_are_none_and_sum_to_nothing() -> None:
    assert completion(prompt_tokens=None, completion_tokens=None).tokens == 0
    assert completion(prompt_tokens=3, completion_tokens=4).tokens == 7
