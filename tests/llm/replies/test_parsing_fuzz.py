"""Whatever a model writes: a row or a named cause, never an exception, and nothing that a file can't hold."""

import json

from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import Problem, Reply, TaskList
from synthetic_textcat.schemas.outcomes import CONTENT_CAUSES
from tests.llm.builders import completion
from tests.support.examples import examples

_ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=60)  # lone surrogates too
_CLEAN_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_SYNTAX = st.text(st.sampled_from("{}[]\"'`:,\\/\n\r\t ux0e1.-#abTrueNonlf\ufeff\ud800"), max_size=60)
_FINISH = st.sampled_from(["stop", "length", "tool_calls", None])
_ROWS = st.fixed_dictionaries({"input_text": _ANY_TEXT, "label": _ANY_TEXT, "misleading_label": _ANY_TEXT})
_FUZZ = examples(150)


def _check(text: str, finish_reason: str | None = "stop") -> Reply | Problem:
    result = parse(completion(text, finish_reason=finish_reason), Reply)
    if isinstance(result, Problem):
        assert result.cause in CONTENT_CAUSES
        assert result.detail.encode()
    else:
        assert isinstance(result, Reply)
        for value in (result.input_text, result.label, result.misleading_label):
            assert value.encode().decode() == value
    return result


@_FUZZ
@given(_ANY_TEXT | _SYNTAX, _FINISH)
def test_any_text(text: str, finish_reason: str | None) -> None:
    _check(text, finish_reason)


@_FUZZ
@given(_ROWS, st.booleans(), st.data())
def test_a_cut_reply(row: dict[str, str], ascii_only: bool, data: st.DataObject) -> None:
    text = json.dumps(row, ensure_ascii=ascii_only)
    start = data.draw(st.integers(0, len(text)))
    _check(text[start : data.draw(st.integers(start, len(text)))])


@_FUZZ
@given(_ROWS, st.lists(st.tuples(st.integers(0, 200), _SYNTAX | _ANY_TEXT), max_size=4))
def test_a_reply_with_characters_put_in(row: dict[str, str], inserts: list[tuple[int, str]]) -> None:
    text = json.dumps(row)
    for place, inserted in inserts:
        text = text[:place] + inserted + text[place:]
    _check(text)


@_FUZZ
@given(_ROWS, st.lists(st.integers(0, 200), max_size=6))
def test_a_reply_with_characters_left_out(row: dict[str, str], places: list[int]) -> None:
    text = json.dumps(row)
    for place in places:
        text = text[:place] + text[place + 1 :]
    _check(text)


@_FUZZ
@given(
    st.fixed_dictionaries({"input_text": _CLEAN_TEXT, "label": _CLEAN_TEXT, "misleading_label": _CLEAN_TEXT}),
    st.booleans(),
    st.sampled_from(["{}", "\ufeff{}", "```json\n{}\n```", "Here you are:\n{}\nBye.", "[{}]", '{{"example": {}}}']),
)
def test_a_whole_reply_is_kept_to_the_letter_in_any_wrapping(row: dict[str, str], ascii_only: bool, wrap: str) -> None:
    result = _check(wrap.format(json.dumps(row, ensure_ascii=ascii_only)))
    assert isinstance(result, Reply)
    assert result.model_dump() == row


@_FUZZ
@given(_ANY_TEXT | _SYNTAX)
def test_any_text_as_a_list_of_tasks(text: str) -> None:
    result = parse(completion(text), TaskList)
    assert isinstance(result, TaskList) or result.cause in CONTENT_CAUSES
