"""Brainstorming replies: a list in any form yields its tasks, or there is a named cause; never a blob for a task."""

import json
import time
from collections.abc import Callable, Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import LabelSetReply, Problem, TaskList
from synthetic_textcat.schemas.outcomes import CONTENT_CAUSES
from synthetic_textcat.schemas.task_text import LONGEST_SENTENCE
from tests.llm.builders import completion
from tests.support.each_case import each_of
from tests.support.examples import cases, examples

_TASKS = ["Sort reviews by tone.", "Tell who wrote a letter.", "Find the cause that a report names."]
_FUZZ = examples(150)


def _read(text: str, finish_reason: str = "stop") -> list[str] | Problem:
    result = parse(completion(text, finish_reason=finish_reason), TaskList)
    return result.tasks if isinstance(result, TaskList) else result


def _lines(tasks: list[str], mark: str) -> str:
    return "\n".join(f"{mark.format(number)} {task}" for number, task in enumerate(tasks, start=1))


def _in_pairs(tasks: list[str]) -> Iterator[str]:
    for first in range(0, len(tasks), 2):
        yield " ".join(f"{number}. {tasks[number - 1]}" for number in range(first + 1, min(first + 2, len(tasks)) + 1))


_FORMS: dict[str, Callable[[list[str]], str]] = {
    "object": lambda tasks: json.dumps({"tasks": tasks}),
    "bare list": json.dumps,
    "another key": lambda tasks: json.dumps({"classification_tasks": tasks}),
    "another key beside others": lambda tasks: json.dumps({"note": "as asked", "list": tasks}),
    "wrapped twice": lambda tasks: json.dumps({"data": {"tasks": tasks}}),
    "list in a list": lambda tasks: json.dumps([tasks]),
    "object in a list": lambda tasks: json.dumps([{"tasks": tasks}]),
    "JSON in a string": lambda tasks: json.dumps(json.dumps(tasks)),
    "objects": lambda tasks: json.dumps({"tasks": [{"task": task} for task in tasks]}),
    "objects with a name": lambda tasks: json.dumps([{"name": "A task", "description": task} for task in tasks]),
    "objects with labels": lambda tasks: json.dumps([{"task": task, "labels": ["a b c", "d"]} for task in tasks]),
    "numbered keys": lambda tasks: json.dumps({f"task_{n}": task for n, task in enumerate(tasks)}),
    "numbered items": lambda tasks: json.dumps({"tasks": [f"{n}. {task}" for n, task in enumerate(tasks, start=1)]}),
    "prefixed items": lambda tasks: json.dumps({"tasks": [f"Task {n}: {task}" for n, task in enumerate(tasks)]}),
    "bulleted, quoted items": lambda tasks: json.dumps({"tasks": [f'- "{task}"' for task in tasks]}),
    "one string of numbered lines": lambda tasks: json.dumps({"tasks": _lines(tasks, "{})")}),
    "one item of numbered lines": lambda tasks: json.dumps({"tasks": [_lines(tasks, "{}.")]}),
    "fenced": lambda tasks: f"```json\n{json.dumps({'tasks': tasks}, indent=1)}\n```",
    "prose around": lambda tasks: f"Sure [as you like], here they are:\n{json.dumps(tasks)}\nGood luck!",
    "thoughts before": lambda tasks: f'<think>["a b c"]? {{No}}.</think>{json.dumps({"tasks": tasks})}',
    "trailing comma": lambda tasks: json.dumps({"tasks": tasks})[:-2] + ",]}",
    "single quotes": lambda tasks: str({"tasks": tasks}),
    "numbered lines": lambda tasks: _lines(tasks, "{}."),
    "numbered lines in prose": lambda tasks: f"Sure! Here you are:\n\n{_lines(tasks, '{}.')}\n\nAsk for more.",
    "bold numbered lines": lambda tasks: "\n\n".join(f"{n}. **{task}**" for n, task in enumerate(tasks, start=1)),
    "bracketed numbers": lambda tasks: _lines(tasks, "({})"),
    "prefixed lines": lambda tasks: _lines(tasks, "Task {}:"),
    "bulleted lines": lambda tasks: _lines(tasks, "-"),
    "starred lines in a fence": lambda tasks: f"```\n{_lines(tasks, '*')}\n```",
    "lines with lists below": lambda tasks: "\n".join(
        f"{n}. {t}\n   - one of two\n   - two" for n, t in enumerate(tasks)
    ),
    "titles above": lambda tasks: "\n".join(f"{n}. **Two words**\n   {t}" for n, t in enumerate(tasks)),
    "titles before": lambda tasks: "\n".join(f"{n}. **Two words**: {t}" for n, t in enumerate(tasks)),
    "checkboxes": lambda tasks: _lines(tasks, "- [ ]"),
    "titles with a colon above": lambda tasks: "\n".join(f"{n}. **Two words:**\n   {t}" for n, t in enumerate(tasks)),
    "quoted headings": lambda tasks: json.dumps([f"> ### {task}" for task in tasks]),
    "tagged items": lambda tasks: json.dumps({"tasks": [f"<li>{task}</li>" for task in tasks]}),
    "checked items": lambda tasks: json.dumps({"tasks": [f"[x] {task}" for task in tasks]}),
}

_STRANGE: dict[str, Callable[[list[str]], str]] = {
    "one numbered line": lambda tasks: _lines(tasks, "{}.").replace("\n", " "),
    "one item of one numbered line": lambda tasks: json.dumps([_lines(tasks, "{})").replace("\n", " ")]),
    "numbered line after words": lambda tasks: f"Sure! {_lines(tasks, '{}.')}".replace("\n", " "),
    "one item of bullets": lambda tasks: json.dumps({"tasks": [_lines(tasks, "\u2022").replace("\n", " ")]}),
    "one item of hyphens": lambda tasks: json.dumps({"tasks": [_lines(tasks, "-").replace("\n", " ")]}),
    "one item with bars": lambda tasks: json.dumps({"tasks": [" | ".join(tasks)]}),
    "one item with arrows": lambda tasks: json.dumps({"tasks": [_lines(tasks, "\u2192").replace("\n", " ")]}),
    "one item with slashes": lambda tasks: json.dumps({"tasks": [" / ".join(tasks)]}),
    "one item with letters": lambda tasks: json.dumps(
        [" ".join(f"{letter}) {task}" for letter, task in zip("abcdefghijklmnopqrstuvwxyz", tasks, strict=False))]
    ),
    "one item of quoted ones": lambda tasks: json.dumps({"tasks": [", ".join(f'"{task}"' for task in tasks)]}),
    "one item with semicolons": lambda tasks: json.dumps({"tasks": ["; ".join(tasks)]}),
    "one string with semicolons": lambda tasks: json.dumps({"tasks": "; ".join(tasks)}),
    "one item with a heading": lambda tasks: json.dumps(
        {"tasks": [f"Tasks: {_lines(tasks, '{})')}".replace("\n", " ")]}
    ),
    "one item of tags": lambda tasks: json.dumps([f"<ul>{''.join(f'<li>{task}</li>' for task in tasks)}</ul>"]),
    "one item that is a list of Python's": lambda tasks: json.dumps({"tasks": [str(tasks)]}),
    "one string that is a list of Python's": lambda tasks: json.dumps({"tasks": str(tasks)}),
    "items that are objects of Python's": lambda tasks: json.dumps({"tasks": [str({"task": task}) for task in tasks]}),
    "two numbers an item": lambda tasks: json.dumps({"tasks": list(_in_pairs(tasks))}),
}


@each_of("form", _FORMS)
def test_a_list_in_a_usual_form_yields_its_tasks(form: str) -> None:
    assert _read(_FORMS[form](_TASKS)) == _TASKS


@each_of("form", _STRANGE)
def test_a_list_in_a_strange_form_is_asked_again(form: str) -> None:
    found = _read(_STRANGE[form]([*_TASKS, "Name the author of an essay."]))
    assert isinstance(found, Problem)
    assert found.cause in ("invalid_json", "schema_violation")


@each_of("form", _STRANGE)
def test_an_item_in_a_strange_form_leaves_the_others_alone(form: str) -> None:
    item = _STRANGE[form](["Name the author of an essay.", "Sort old maps by country.", "Find the fault in a car."])
    assert _read(json.dumps({"tasks": [*_TASKS, item]})) == _TASKS


@each_of(
    "tasks",
    [
        ["根据客户投诉的原因对投诉进行分类。", "判断病历属于哪个科室。", "区分合同条款约束的当事人"],
        ["顧客からの苦情を原因別に分類する。", "レビューがどの製品のものか判定する。"],
        ["จำแนกข้อร้องเรียนของลูกค้าตามสาเหตุ", "ระบุแผนกที่ต้องตอบอีเมล"],
        ["SNSの投稿を話題の製品で分類する", "IT部門へのメールを分類する"],
    ],
)
def test_sentences_without_spaces_are_tasks(tasks: list[str]) -> None:
    assert {name for name, form in _FORMS.items() if _read(form(tasks)) != tasks} == set()


@pytest.mark.parametrize("mark", ["{}、", "{}\uff0e", "\uff08{}\uff09", "{}.", "\u30fb"])
@pytest.mark.parametrize("digits", ["12", "\uff11\uff12"])
def test_sentences_without_spaces_may_follow_their_numbers_at_once(mark: str, digits: str) -> None:
    tasks = ["根据客户投诉的原因对投诉进行分类。", "SNSの投稿を話題の製品で分類する"]
    lines = [mark.format(digit) + task for digit, task in zip(digits, tasks, strict=True)]
    assert _read("\n".join(lines)) == tasks
    assert _read(json.dumps({"tasks": lines})) == tasks


def test_what_is_no_sentence_without_spaces_is_left_out() -> None:
    odd = ["投诉分类", "、。\uff01", "根据甲分类。判断乙属于。区分丙的人。"]
    assert _read(json.dumps({"tasks": [*odd, "判断病历属于哪个科室。"]})) == ["判断病历属于哪个科室。"]


@each_of("bullet", "\u2022-")
def test_bulleted_items_in_one_item_are_no_task_in_any_case(bullet: str) -> None:
    packed = f"{bullet} Näheres by nurses of the day {bullet} sort letters from nurses {bullet} sort stage-hands by who"
    assert _read(json.dumps({"tasks": [packed, *_TASKS]})) == _TASKS


_WORD = st.sampled_from(["sort", "letters", "from", "nurses", "café's", "stage-hands", "by", "who", "2nd", "Näheres"])
_SENTENCES = st.lists(
    st.lists(_WORD, min_size=3, max_size=12).map(lambda words: f"Tell {' '.join(words)}."), min_size=2
)


@_FUZZ
@given(_SENTENCES, st.sampled_from(sorted(_FORMS)))
def test_any_sentences_come_back_equal_from_a_usual_form(tasks: list[str], form: str) -> None:
    assert _read(_FORMS[form](tasks)) == tasks


@_FUZZ
@given(_SENTENCES.filter(lambda tasks: len(tasks) > 2), st.sampled_from(sorted(_STRANGE)))
def test_of_a_strange_form_comes_no_blob(tasks: list[str], form: str) -> None:
    found = _read(_STRANGE[form](tasks))
    assert isinstance(found, Problem) or set(found) <= set(tasks)


@pytest.mark.parametrize("form", ["object", "bare list", "objects", "objects with labels", "fenced", "another key"])
@_FUZZ
@given(data=st.data())
def test_a_cut_list_yields_its_whole_items_and_no_torn_one(form: str, data: st.DataObject) -> None:
    text = _FORMS[form](_TASKS)
    found = _read(text[: data.draw(st.integers(0, len(text)))], "length")
    if isinstance(found, Problem):
        assert found.cause in ("truncated", "schema_violation")
    else:
        assert found == _TASKS[: len(found)]


@pytest.mark.parametrize("text", [json.dumps({"tasks": _TASKS})[:-5], json.dumps(_TASKS)[:-4]])
def test_a_torn_list_yields_its_whole_items_although_no_limit_is_reported(text: str) -> None:
    assert _read(f'<think>[1] or ["x"]?</think>{text}') == _TASKS[:-1]


def test_lists_within_a_broken_item_are_no_tasks() -> None:
    found = _read('[{"task": "\x01Sort letters", "labels": ["is a wish", "is a complaint"]}, {"ta', "length")
    assert isinstance(found, Problem)


def test_a_cut_numbered_list_loses_its_last_line() -> None:
    text = _lines(_TASKS, "{}.")
    assert _read(text[:-5], "length") == _TASKS[:-1]
    problem = _read(text[: len("1. Sort reviews")], "length")
    assert isinstance(problem, Problem)
    assert problem.cause == "truncated"
    assert problem.detail.startswith("the reply was cut at the token limit; it is the server's own")


def test_an_item_goes_on_with_the_indented_line_below() -> None:
    assert _read("1. Sort reviews\n   by tone.\n2. Tell who wrote a letter.") == _TASKS[:2]


def test_what_does_not_show_is_no_part_of_a_task() -> None:
    assert _read(json.dumps(["Sort \0re\u200bviews by\ttone.\x07"])) == ["Sort reviews by tone."]


def test_what_can_not_be_a_task_is_left_out() -> None:
    odd = ["Two words", "", "7 8 9", 7, None, {"id": 3}, "x y " * LONGEST_SENTENCE, "Sort reviews\nby tone."]
    assert _read(json.dumps({"tasks": [*odd, _TASKS[0]]})) == _TASKS[:1]


@each_of(
    "task",
    [
        "Sort claims by damage: fire | water | theft",
        "Sort claims by damage; the kinds are fire and water",
        "Sort claims by 1) who made them and 2) what was damaged",
        "Tell apart notes on well-known bands \u2013 and on others \u2013 by their tone",
        "Sort reports of the U.S. Army, e.g. by Dr. Smith, by the place they name",
        "**Sort claims** by damage",
        "Sort questions on HTML by the <p> or <li> element they ask about",
        "Sort 'he said / she said' disputes by who is right / who is wrong now",
        "Sort letters by who wrote them | what they ask for | when they came in",
    ],
)
def test_signs_within_a_sentence_do_not_part_it(task: str) -> None:
    assert _read(json.dumps({"tasks": [*_TASKS, task]})) == [*_TASKS, task.replace("*", "")]


def test_a_numbered_rest_that_may_be_of_the_sentence_is_no_task() -> None:
    text = "Sort claims by their kind: 1) those on fire damage 2) those on water damage"
    assert _read(json.dumps({"tasks": [text, *_TASKS]})) == _TASKS


def test_a_bold_sentence_keeps_what_explains_it() -> None:
    assert _read(f"1. **{_TASKS[0]}**\n   Shops need it.") == [f"{_TASKS[0]} Shops need it."]


@pytest.mark.parametrize("blob", [" ".join(["Сортируй письма по автору."] * 3), " ".join(["編集を分類する。"] * 3)])
def test_a_blob_is_none_in_any_script(blob: str) -> None:
    assert _read(json.dumps({"tasks": [blob, *_TASKS]})) == _TASKS


def test_what_a_model_lists_after_it_refused_is_none() -> None:
    said = "I'm sorry, but I can\u2019t help with that. Instead:\n\n- consult a lawyer about this\n- read guidelines"
    assert _read(said) == Problem("invalid_json", "no JSON list in the reply")
    found = _read(json.dumps({"tasks": ["I can't help with that.", "Consult a lawyer about this."]}))
    assert isinstance(found, Problem)
    assert found.cause == "schema_violation"


@pytest.mark.parametrize(
    "quoting",
    ["Classify messages such as 'I can't log in' by their cause.", "'I can't log in' messages by what broke them."],
)
def test_a_task_may_quote_what_sounds_like_a_refusal(quoting: str) -> None:
    assert _read(json.dumps({"tasks": [quoting, *_TASKS]})) == [quoting, *_TASKS]
    assert _read(f'Here are tasks on "I can\'t log in":\n{_lines(_TASKS, "-")}') == _TASKS


@each_of(
    "refusal",
    [
        "1. I\u2019m sorry, but I can\u2019t do that.",
        "Unfortunately, I won't do it.",
        "As a model, I cannot.",
        "I couldn't.",
    ],
)
def test_what_a_list_holds_behind_a_refusal_is_none(refusal: str) -> None:
    found = _read(json.dumps({"tasks": [refusal, *_TASKS]}))
    assert isinstance(found, Problem)
    assert found.cause == "schema_violation"


def test_what_a_model_says_around_its_tasks_is_none() -> None:
    chatter = ["Here are three tasks for you:", "Let me know if you want more of these!", "I am sorry, but I can't."]
    assert _read(json.dumps({"tasks": [chatter[0], *_TASKS, *chatter[1:]]})) == _TASKS


@each_of(
    ("text", "cause"),
    [
        (" ".join(_TASKS), "invalid_json"),
        ("I would rather not.", "invalid_json"),
        ("", "invalid_json"),
        (json.dumps(" ".join(_TASKS)), "invalid_json"),
        (json.dumps({"tasks": " ".join(_TASKS)}), "schema_violation"),
        (json.dumps({"tasks": ["one", "two"]}), "schema_violation"),
        (json.dumps({"tasks": []}), "schema_violation"),
        (json.dumps({"tasks": [" ".join(_TASKS)]}), "schema_violation"),
        (json.dumps(["<br>".join(_TASKS)]), "schema_violation"),
        ("{}", "schema_violation"),
        (json.dumps({"error": "no idea", "code": 7}), "schema_violation"),
    ],
)
def test_a_reply_without_a_list_has_a_cause(text: str, cause: str) -> None:
    found = _read(text)
    assert isinstance(found, Problem)
    assert found.cause == cause


_SIGNS = [*"{}[]\"'`:,\\/\n\r\t 1.-*)(#aT|;\u2022\u30fb\u3001\ufeff\ud800", "task", "<li>", "- [ ]", "a b c", "**"]
_SYNTAX = st.lists(st.sampled_from(_SIGNS), max_size=80).map("".join)


@pytest.mark.parametrize("is_item", [False, True])
@_FUZZ
@given(st.text(st.characters(exclude_categories=[]), max_size=80) | _SYNTAX, st.sampled_from(["stop", "length"]))
def test_no_text_makes_it_raise(is_item: bool, text: str, finish_reason: str) -> None:
    found = _read(json.dumps({"tasks": [text]}) if is_item else text, finish_reason)
    if isinstance(found, Problem):
        assert found.cause in CONTENT_CAUSES
    else:
        assert all(len(task.splitlines()) == 1 and task.encode() for task in found)


_ENDLESS = [
    "[",
    '{"a":',
    "[1,",
    "1. ",
    "1.;",
    "- a b c\n",
    '\\"',
    '"\\',
    "<b>",
    "__a b",
    "I am sorry, ",
    "a / b c d / ",
    "\u200b",
]


@each_of(
    ("part", "wanted", "form"),
    cases(product(_ENDLESS, (TaskList, LabelSetReply), ("{}", '["{}"]')), 3),
)
def test_no_text_makes_it_hang(part: str, wanted: type[TaskList | LabelSetReply], form: str) -> None:
    reply = completion(form.replace("{}", part * (100_000 // len(part))))
    begin = time.process_time()
    parse(reply, wanted)
    assert time.process_time() - begin < 5


_DRAFTS = [
    "Draft the first of tasks.",
    "Draft the second of tasks.",
    "Draft the third of tasks.",
    "Draft a fourth one.",
]


@pytest.mark.parametrize("form", ["object", "bare list", "fenced", "bulleted lines", "numbered lines"])
@pytest.mark.parametrize("beginning", ["<think>", ""])
def test_drafts_within_thoughts_are_no_answer(form: str, beginning: str) -> None:
    drafts = f"{beginning}{_FORMS[form](_DRAFTS)}\n</think>\n"
    assert _read(f"{drafts}{_FORMS[form](_TASKS)}") == _TASKS
    assert isinstance(_read(drafts), Problem)
    assert isinstance(_read(f"<think>{_FORMS[form](_DRAFTS)}"), Problem)
