"""Which object of a reply is the row: never a draft, an example of the form, or an earlier version."""

import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from synthetic_textcat.llm.chat_models.answers import read_answer
from synthetic_textcat.llm.replies.parsing import parse, read
from synthetic_textcat.schemas.completions import LabelSetReply, Problem, Reply, TaskList
from tests.llm.builders import call, completion
from tests.llm.replies.hostile_replies import SLOWEST_S
from tests.llm.running import run
from tests.support.chat_models import ScriptedChatModel
from tests.support.each_case import each_of
from tests.support.examples import cases, examples


def _row(text: str) -> str:
    return json.dumps({"input_text": text, "label": "A", "misleading_label": "B"}, ensure_ascii=False)


_DRAFT, _ANSWER = _row("A draft."), _row("The parcel came late.")
_REPLY = Reply.model_validate_json(_ANSWER)

_ENCLOSED = [
    ("<think>", "</think>"),
    ("", "</think>"),
    ("<Thinking>\n", "\n</Thinking>\n"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<analysis>", "</analysis>"),
    ("<seed:think>", "</seed:think>"),
    ("<longcat_think>", "</longcat_think>"),
    ("&lt;think&gt;", "&lt;/think&gt;"),
    ('<details type="reasoning" done="true">', "</details>"),
    ("[THINK]", "[/THINK]"),
    ("", "[/think]"),
    ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>\n<|begin_of_solution|>"),
    ("<\uff5cbegin\u2581of\u2581thinking\uff5c>", "<\uff5cend\u2581of\u2581thinking\uff5c>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>",
    ),
    (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>commentary to=functions.example <|constrain|>json<|message|>",
    ),
    ("<|channel>thought\n", "<channel|>"),
    ("<unused94>thought\n", "<unused95>"),
    ("[unused16]", "[unused17]"),
    ("analysisWe need a row. ", "assistantfinal"),
    ("analysis", "assistantcommentary to=functions.example json"),
    ("Here is my thought process: ", " Here is my response: "),
    ("Here's my thought process:\n", "\nHere's my response:\n"),
]


_DRAFTS = ["{}", "```json\n{}\n```", "One: {} Two: {}", "{{ or [ and {} }}"]


@each_of(("beginning", "end", "draft"), [(*marks, draft) for marks in _ENCLOSED for draft in _DRAFTS])
def test_a_draft_within_thoughts_is_no_answer(beginning: str, end: str, draft: str) -> None:
    thoughts = beginning + draft.replace("{}", _DRAFT) + end
    for text in (f"{thoughts}{_ANSWER}", f"{thoughts}\n```json\n{_ANSWER}\n```\n", f"{thoughts}{_ANSWER[:-1]},}}"):
        found = parse(completion(text), Reply)
        assert found == _REPLY, text
        assert isinstance(found, Reply)
        assert found.note.startswith("read from the object behind the thoughts, which hold a draft")
    for text in (thoughts, f"{thoughts}\nThat is all."):
        problem = parse(completion(text), Reply)
        assert isinstance(problem, Problem), text
        assert "its thoughts hold a draft, and no answer follows" in problem.detail


@each_of(
    ("text", "note"),
    [
        (f"{_DRAFT}\nWait, better:\n{_ANSWER}", "object 2 of 2: the last"),
        (f"```json\n{_DRAFT}\n```\nCorrected:\n```json\n{_ANSWER}\n```", "object 2 of 2: the last"),
        (f"{_DRAFT}\n{_DRAFT}\n{_ANSWER}", "object 3 of 3: the last"),
        (f"[{_DRAFT}, {_ANSWER}]", "object 2 of 2: the last"),
        (f'{{"draft": {_DRAFT}, "final": {_ANSWER}}}', "object 2 of 2: the last"),
        (f'{{"final": {_ANSWER}, "first_draft": {_DRAFT}}}', "object 2 of 2: the last"),
        (f'{{"thoughts": "Hm.", "versions": [{_DRAFT}, {_ANSWER}]}}', "object 2 of 2: the last"),
        (f"{_DRAFT}\nWait, better:\n{_ANSWER[:-1]},}}", "object 2 of 2: the last"),
        (f"{_ANSWER}\nForm: {_row('...')}", "object 1 of 2: the last that is a filled row"),
        (f"Form: {_row('<the text>')}\n{_ANSWER}", "object 2 of 2: the last"),
        (f"{_ANSWER} as in {_row('string')} or {_row('[your text]')}", "object 1 of 3: the last that is a filled row"),
        (f"<think>{_DRAFT} Final answer: {_ANSWER}", "the object with which the thoughts end, and which they call"),
        (
            f"<think>A draft: {_DRAFT}. So the answer is\n```json\n{_ANSWER}\n```",
            "the object with which the thoughts end",
        ),
        (f"<think>{_DRAFT}\n**Final Output**\n{_ANSWER}\n", "the object with which the thoughts end"),
        (f"<think>{_DRAFT}\n\u6700\u7ec8\u7b54\u6848\uff1a{_ANSWER}", "the object with which the thoughts end"),
        (f"<think>{_DRAFT}</think>{_DRAFT} No: {_ANSWER}", "object 2 of 2 behind the thoughts, which hold a draft"),
    ],
)
def test_of_several_rows_the_last_counts_and_the_note_says_why(text: str, note: str) -> None:
    found = parse(completion(text), Reply)
    assert found == _REPLY
    assert isinstance(found, Reply)
    assert found.note.startswith(f"read from {note}")


@each_of(
    "text",
    [
        _ANSWER,
        f"So: {_ANSWER} Done.",
        f"<think>Which label, A or B?</think>{_ANSWER}",
        f'{{"reasoning": "It is late.", "answer": {_ANSWER}}}',
        json.dumps({"reasoning": "It is late.", "answer": _ANSWER}),
        f"{_ANSWER}<think>Is that good?",
        f'{{"label": "A"}} {_ANSWER}',
        f"{_ANSWER}\nI kept {{label}} out of it.",
    ],
)
def test_the_only_row_needs_no_note(text: str) -> None:
    found = parse(completion(text), Reply)
    assert found == _REPLY
    assert isinstance(found, Reply)
    assert not found.note


@each_of("tag", ["</think>", "[/THINK]", "<think>", "<|channel|>final<|message|>", "</details>"])
def test_a_text_may_hold_such_tags(tag: str) -> None:
    row = _row(f"Write {tag} at the end.")
    for text in (row, f"So: {row} Done.", f"<think>{_DRAFT}</think>Sure:\n```json\n{row}\n```"):
        assert parse(completion(text), Reply) == Reply.model_validate_json(row), text


def test_a_row_that_is_only_an_example_of_the_form_is_left_to_the_checks() -> None:
    assert parse(completion(f"As asked: {_row('...')}"), Reply) == Reply.model_validate_json(_row("..."))


@pytest.mark.parametrize(
    "thoughts", [f"<think>{_DRAFT}", f"<think>{_DRAFT} Or", f"<|channel|>analysis<|message|>{_DRAFT}"]
)
def test_a_reply_cut_within_its_thoughts_has_no_answer(thoughts: str) -> None:
    problem = parse(completion(thoughts, finish_reason="length"), Reply)
    assert isinstance(problem, Problem)
    assert problem.cause == "truncated"
    assert "within the model's thoughts" in problem.detail


@each_of(
    "thoughts",
    [
        *(
            f"<think>{_DRAFT}",
            f"<think>\n{_DRAFT}\n",
            f"<think>```json\n{_DRAFT}\n```",
            f"<think>First: {_ANSWER}{_DRAFT}",
        ),
        *(f"<think>A first answer: {_DRAFT}", f"<think>Maybe the answer is {_DRAFT}", f"<think>Is the answer {_DRAFT}"),
        *(
            f"<think>The answer is late. Try {_DRAFT}",
            f"<think>The result:\nHm.\n{_DRAFT}",
            f"<think>Not the answer: {_DRAFT}",
        ),
        *(
            f"<think>Final answer: {_DRAFT} But is it late?",
            f"<think>An example output: {_DRAFT}",
            f"[THINK]Or {_DRAFT}",
        ),
        *(
            f"<|channel|>analysis<|message|>Row: {_DRAFT}",
            f"analysisWe write {_DRAFT}",
            f"Here is my thought process: {_DRAFT}",
        ),
        *(f"\u25c1think\u25b7{_DRAFT}", f"<|START_THINKING|>{_DRAFT}", f"<think>One.</think><think>Two: {_DRAFT}"),
    ],
)
def test_thoughts_that_never_end_have_no_answer_whatever_the_finish_reason(thoughts: str) -> None:
    problem = parse(completion(thoughts), Reply)
    assert isinstance(problem, Problem)
    assert problem.cause == "invalid_json"
    assert "its thoughts hold a draft and never end, so there is no answer" in problem.detail


def test_a_row_whose_thoughts_never_end_is_asked_again() -> None:
    model = ScriptedChatModel(script=lambda _, number: f"<think>A draft: {_DRAFT}" if number == 0 else _ANSWER)
    found = run(model, [call("r1")], max_attempts=2)
    assert [type(parse(each, Reply)) for each in found] == [Problem, Reply]


def test_a_correction_that_is_cut_off_leaves_the_version_before_it() -> None:
    found = parse(completion(f'{_ANSWER}\nBetter: {{"input_text": "The par', finish_reason="length"), Reply)
    assert found == _REPLY
    assert isinstance(found, Reply)
    assert found.note == "read from the object, after which another is cut off"


@each_of(
    "fields",
    [
        {"additional_kwargs": {"reasoning_content": _ANSWER}},
        {"additional_kwargs": {"reasoning": f"Hm. {_DRAFT} Final answer:\n```json\n{_ANSWER}\n```"}},
        {"content": [{"type": "thinking", "thinking": _ANSWER}]},
        {"content": [{"type": "reasoning", "reasoning": _ANSWER}]},
    ],
)
def test_thoughts_of_a_field_of_their_own_count_if_the_answer_ends_them_and_there_is_no_other(
    fields: dict[str, object],
) -> None:
    def text_of(content: object, finish: str = "stop") -> str:
        return read_answer(
            AIMessage.model_validate(
                {
                    "content": "",
                    "response_metadata": {"finish_reason": finish},
                    **fields,
                    **({"content": content} if content else {}),
                }
            )
        ).raw_text

    assert parse(completion(text_of("")), Reply) == _REPLY
    if "content" not in fields:
        assert text_of(_row("Another.")) == _row("Another.")
    cut = parse(completion(text_of("", "length"), finish_reason="length"), Reply)
    assert isinstance(cut, Problem)
    assert cut.cause == "truncated"


def test_drafts_in_a_field_of_thoughts_are_no_answer() -> None:
    for thoughts in (f"{_DRAFT} Hm, that names the label.", f"A draft: {_DRAFT}", f"{_DRAFT}\nOr rather: {_ANSWER}"):
        message = AIMessage("", additional_kwargs={"reasoning_content": thoughts})
        assert isinstance(parse(completion(read_answer(message).raw_text), Reply), Problem), thoughts


_LABELS = [{"name": name, "description": f"It is {name}."} for name in ("a", "b", "c")]


def test_of_several_label_sets_the_last_counts() -> None:
    first, last = json.dumps({"labels": _LABELS}), json.dumps({"labels": _LABELS[:2]})
    for text in (f"{first}\nBetter:\n{last}", f"<think>{first}</think>{last}", f"[{first}, {last}]"):
        assert parse(completion(text), LabelSetReply) == LabelSetReply.model_validate_json(last), text


_FIRST = ["Sort reviews by tone.", "Tell who wrote a letter.", "Sort bills by kind of goods."]
_LAST = ["Tell which team a report is for.", "Sort calls by what broke.", "Sort notes by who reads them."]


def _numbered(tasks: list[str]) -> str:
    return "\n".join(f"{number}. {task}" for number, task in enumerate(tasks, start=1))


@pytest.mark.parametrize("end", ["", '\nI left out ["moods of people"].', "\nAll are new."])
@pytest.mark.parametrize("form", [json.dumps, lambda tasks: json.dumps({"tasks": tasks}), _numbered])
def test_of_several_lists_the_last_counts_that_is_no_remark(form: Callable[[list[str]], str], end: str) -> None:
    first, last = form(_FIRST), form(_LAST)
    if form is _numbered and end.startswith("\nI"):
        return  # a list of JSON in the prose is then the only list in JSON
    for text in (
        f"{first}\n\nWait, a better list:\n{last}",
        f"<think>{first}</think>\n{last}",
        f"◁think▷{first}◁/think▷{last}",
    ):
        assert parse(completion(text + end), TaskList) == TaskList(tasks=_LAST), text


def test_numbered_sections_are_one_list() -> None:
    text = f"Schools:\n{_numbered(_FIRST)}\n\nShops:\n{_numbered(_LAST)}"
    assert parse(completion(text), TaskList) == TaskList(tasks=[*_FIRST, *_LAST])


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).map(lambda text: f"word {text}")
_PROSE = st.text(st.sampled_from("abc {}[]<>/\"'`:,.\n"), max_size=40)


@examples(100)
@given(st.lists(_TEXTS, min_size=1, max_size=3), _TEXTS, st.sampled_from(_ENCLOSED), _PROSE, st.booleans())
def test_whatever_is_thought_the_row_behind_it_is_read(
    drafts: list[str], answer: str, marks: tuple[str, str], prose: str, fenced: bool
) -> None:
    thoughts = prose.join(map(_row, drafts))
    behind = f"\n```json\n{_row(answer)}\n```" if fenced else _row(answer)
    text = f"{marks[0] or '<think>'}{thoughts}{prose}{marks[1]}{behind}"
    assert read(text, Reply, False) == Reply.model_validate_json(_row(answer))


@pytest.mark.parametrize(
    "pattern",
    cases(
        [
            *("<", "[", "◁", "<think", "<think>", "</think>", "<|channel|>analysis", "<|end_", "[/", "&lt;/", "-think"),
            *(_DRAFT, f"<think>{_DRAFT}", f"{_DRAFT[:-1]},}} ", "</think>{", "assistantfinal", '{"draft": '),
            '{"input_text": "a", ',
        ],
        2,
    ),
)
@pytest.mark.parametrize("wanted", [Reply, TaskList, pytest.param(LabelSetReply, marks=pytest.mark.slow)])
def test_thoughts_over_and_over_take_no_time(
    pattern: str, wanted: type[Reply] | type[TaskList] | type[LabelSetReply]
) -> None:
    repeated = pattern * (99_000 // len(pattern))
    for text in (repeated, f"analysis{repeated}"):
        taken = []
        for _ in range(2):  # another try, if interrupted
            begun = time.thread_time()
            read(text, wanted, False)
            taken.append(time.thread_time() - begun)
            if taken[-1] < SLOWEST_S:
                break
        assert min(taken) < SLOWEST_S, (pattern, taken)
