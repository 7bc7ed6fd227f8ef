"""Replies that a person could read are read, and their text is kept to the letter."""

import json

import pytest

from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import Problem, Reply, TaskList
from tests.llm.builders import completion
from tests.support.each_case import each_of

_ROW = {"input_text": "It's 5 o'clock", "label": "A", "misleading_label": "B"}
_JSON = json.dumps(_ROW)
_REPLY = Reply.model_validate(_ROW)


def _parsed(text: str) -> Reply:
    result = parse(completion(text), Reply)
    assert not isinstance(result, Problem), result
    return result


def _text_of(input_text: str, end: str = "}") -> str:
    return _parsed(f'{{"input_text": "{input_text}", "label": "A", "misleading_label": "B"{end}').input_text


@each_of(
    "text",
    [
        f"```json\n{_JSON}\n```",
        f"```JSON\n{_JSON}\n```",
        f"```json5\n{_JSON}\n```",
        f"```\n{_JSON}\n```",
        f"~~~\n{_JSON}\n~~~",
        f"``` {_JSON} ```",
        f"```json\n{_JSON}",
        f"Sure! Here's what you've asked for:\n\n{_JSON}\n\nHope that helps!",
        f"Sure:\n```json\n{_JSON}\n```\nThat's it.",
        f"Here is {{your}} example: {_JSON}",
        json.dumps(_ROW, indent=2).replace("\n", "\r\n"),
        f"\ufeff{_JSON}",
        f"\n\ufeff\n{_JSON}\n",
        _JSON[:-1] + ",}",
        _JSON[:-1] + " ,\n }",
        repr(_ROW),
        _JSON.replace('"B"', '"B", "sure": True, "note": None'),
        _JSON.replace('"B"', '"B", // the hard negative\n'),
        json.dumps({**_ROW, "why": "extra fields are ignored"}),
        f"[{_JSON}]",
        json.dumps({"example": _ROW}),
        json.dumps([{"example": _ROW}]),
        '{input_text: "It\'s 5 o\'clock", label: "A", misleading_label: "B"}',
    ],
)
def test_a_broken_wrapping_is_repaired(text: str) -> None:
    assert _parsed(text) == _REPLY


@pytest.mark.parametrize(
    "text",
    [
        "{'input_text': 'It\\'s 5 o\\'clock', 'label': 'A', 'misleading_label': 'B'}",
        "{'input_text': \"It's 5 o'clock\", 'label': 'A', 'misleading_label': 'B'}",
        "{'input_text': \"It's 5 o'clock\", 'label': 'A', 'misleading_label': 'B', 'ok': True, 'note': None}",
    ],
)
def test_a_python_literal_is_read_without_being_evaluated(text: str) -> None:
    assert _parsed(text) == _REPLY


@pytest.mark.parametrize("end", ["}", ",}"], ids=["whole", "trailing comma"])
@pytest.mark.parametrize(
    "text", ["one\ntwo", "one\r\ntwo", "one\n\n  two", "a\tb", "a\x00b", "a\x01\x1fb", "\n lead", "use {x} and [y], ok"]
)
def test_raw_newlines_and_control_characters_are_kept(text: str, end: str) -> None:
    assert _text_of(text, end) == text


@pytest.mark.parametrize("text", ["two\n\n", " one \r\n"])
def test_raw_newlines_at_the_end_are_kept_in_a_whole_reply(text: str) -> None:
    assert _text_of(text) == text


def test_raw_newlines_in_single_quotes_are_kept() -> None:
    assert _parsed("{'input_text': 'one\ntwo', 'label': 'A', 'misleading_label': 'B'}").input_text == "one\ntwo"


@pytest.mark.parametrize("end", ["}", ",}"], ids=["whole", "trailing comma"])
def test_escaped_emoji_are_joined(end: str) -> None:
    assert _text_of("hi \\ud83d\\ude00!", end) == "hi 😀!"


@pytest.mark.parametrize("end", ["}", ",}"], ids=["whole", "trailing comma"])
@pytest.mark.parametrize("lone", ["\\ud83d", "\\ude00", chr(0xD83D), chr(0xDE00)])
def test_a_lone_surrogate_is_replaced_and_its_neighbours_stay(lone: str, end: str) -> None:
    text = _text_of(f"a{lone}b 😀", end)
    assert text.encode() == "a\ufffdb 😀".encode()


@pytest.mark.parametrize("end", ["}", ",}"], ids=["whole", "trailing comma"])
@pytest.mark.parametrize("text", ["see http://a.b/c // x", "#1 is # good /* x */", "  padded  ", "a: b, c; d"])
def test_text_that_looks_like_syntax_is_text(text: str, end: str) -> None:
    assert _text_of(text, end) == text


def test_a_value_that_is_cut_at_the_limit_but_whole_counts() -> None:
    assert parse(completion(_JSON, finish_reason="length"), Reply) == _REPLY


def test_a_list_of_tasks_is_read() -> None:
    text = '```json\n{"tasks": ["Sort a review.", "Tell the tone."],}\n```'
    assert parse(completion(text), TaskList) == TaskList(tasks=["Sort a review.", "Tell the tone."])


@pytest.mark.parametrize(
    "text",
    [
        f"{_JSON}\nFill in {{label}} as you like.",
        f"<think>Maybe {{'label': 'A'}}? Yes.</think>\n{_JSON}",
    ],
)
def test_braces_in_the_prose_do_not_hide_the_object(text: str) -> None:
    assert _parsed(text) == _REPLY


@pytest.mark.parametrize(
    "text",
    [json.dumps({"examples": [_ROW]}), json.dumps({"data": {"example": _ROW}}), json.dumps(_JSON)],
)
def test_wrappings_within_wrappings_are_taken_off(text: str) -> None:
    assert _parsed(text) == _REPLY


@pytest.mark.parametrize("beginning", ["<think>", ""])
@pytest.mark.parametrize("form", ["{}", "```json\n{}\n```"])
def test_a_draft_within_thoughts_is_no_row(beginning: str, form: str) -> None:
    draft = form.replace("{}", json.dumps({**_ROW, "input_text": "A draft."}))
    assert _parsed(f"{beginning}{draft}</think>{form.replace('{}', _JSON)}") == _REPLY
    assert isinstance(parse(completion(f"{beginning}{draft}</think>"), Reply), Problem)
