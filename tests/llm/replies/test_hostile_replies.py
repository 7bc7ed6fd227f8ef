"""Whatever a model writes is read within a bound of processor time and memory; see also `test_parsing_fuzz`."""

import json
import logging
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest
from pydantic import BaseModel

from synthetic_textcat.llm.journal.lines import MOST_OF_A_REPLY
from synthetic_textcat.llm.replies.parsing import parse, read
from synthetic_textcat.schemas.completions import Completion, LabelSetReply, Problem, Reply, TaskList
from tests.llm.builders import completion
from tests.llm.replies.hostile_replies import SLOWEST_S, Cost, cost_of
from tests.support.each_case import each_of
from tests.support.examples import cases

_FENCED_KEY = '{"```json {"input_text": "Good", "label": "a"}```"}'
_ROW = {"input_text": "a text", "label": "A", "misleading_label": "B"}
_MILLION = 1_000_000
_MOST_GROWTH_MB = 150


def _problem(text: str, wanted: type[BaseModel] = Reply) -> Problem:
    result = parse(completion(text), wanted)
    assert isinstance(result, Problem), result
    return result


@pytest.mark.parametrize(
    ("wanted", "form"), [(Reply, "object"), (TaskList, "list"), (LabelSetReply, "whole JSON object")]
)
def test_what_the_repair_library_raises_is_a_cause_that_bears_its_name(wanted: type[BaseModel], form: str) -> None:
    problem = _problem(_FENCED_KEY, wanted)
    assert problem.cause == "invalid_json"
    assert form in problem.detail
    assert "json-repair: AssertionError" in problem.detail


class _Fragile(BaseModel):
    """A model whose own validation breaks."""

    def __init__(self, **_: object) -> None:
        raise AssertionError

    @classmethod
    def model_validate(cls, *_: object, **__: object) -> "_Fragile":
        raise OverflowError("too much\nfor \ud800 it")


@pytest.mark.parametrize("text", [json.dumps(_ROW), f"So: {json.dumps(_ROW)}"])
def test_what_validation_raises_is_a_cause_that_keeps_its_words(text: str) -> None:
    problem = _problem(text, _Fragile)
    assert problem == Problem("invalid_json", "the reply broke the parser: OverflowError: too much for \ufffd it")


@each_of(
    ("value", "detail"),
    [
        ("NaN", "input_text: input should be a valid string"),
        ("-Infinity", "input_text: input should be a valid string"),
        ("1e999", "input_text: input should be a valid string"),
        ("12", "input_text: input should be a valid string"),
    ],
)
def test_numbers_that_are_no_texts_violate_the_schema(value: str, detail: str) -> None:
    problem = _problem(json.dumps(_ROW).replace('"a text"', value))
    assert problem.cause == "schema_violation"
    assert detail in problem.detail


@pytest.mark.parametrize("digits", [4_300, 5_000, 90_000])
def test_a_number_of_thousands_of_digits_beside_a_row_is_none_of_its_fields(digits: int) -> None:
    text = json.dumps(_ROW)[:-1] + f', "n": {"9" * digits}' + "}"
    result = parse(completion(text), Reply)
    assert result == Reply.model_validate(_ROW) or isinstance(result, Problem)
    assert digits > 30_000 or isinstance(result, Reply)


@each_of(
    "text",
    [
        json.dumps(_ROW)[:-1] + ', "\\ud800": {"\\udc00": ["\\ud800"]}}',
        json.dumps(_ROW)[:-1] + ', "a\\u0000": "\\u0000"}',
        '{"label": "no", ' + json.dumps(_ROW)[1:],
        '{"a": [1, "2"], "b": {}, ' + json.dumps(_ROW)[1:-1] + ",}",
    ],
)
def test_odd_things_beside_a_row_leave_it_alone(text: str) -> None:
    assert parse(completion(text), Reply) == Reply.model_validate(_ROW)


@cache
def _monstrous(text: str) -> Completion:
    """Made before the clock starts, and once: to mask it takes as long as there are secrets."""
    return completion(text)


@pytest.mark.parametrize("wanted", [Reply, TaskList, LabelSetReply])
@pytest.mark.parametrize(
    "text", [json.dumps(_ROW | {"input_text": "word " * 1_000_000}), "{" * 5_000_000, "\ud800" * 200_000]
)
def test_a_monstrous_reply_is_not_read_and_says_how_long_it_is(text: str, wanted: type[BaseModel]) -> None:
    reply = _monstrous(text)
    begun = time.process_time()
    problem = parse(reply, wanted)
    took_s = time.process_time() - begun
    assert problem == Problem(
        "schema_violation", f"the reply has {len(text):,} characters; at most {MOST_OF_A_REPLY:,} are read"
    )
    assert took_s < 0.01


@pytest.mark.parametrize("name", ["label", "misleading_label"])
def test_a_monstrous_label_violates_the_schema(name: str) -> None:
    problem = _problem(json.dumps(_ROW | {name: "a" * 90_000}))
    assert problem == Problem("schema_violation", f"{name}: string should have at most 1000 characters")
    assert isinstance(parse(completion(json.dumps(_ROW | {name: "a" * 1_000})), Reply), Reply)


def test_a_text_of_thousands_of_words_after_long_thoughts_is_read() -> None:
    row = _ROW | {"input_text": 'Nobody answers, and the {parcel} [that] I "ordered" isn\'t here. ' * 500}
    thoughts = "<think>" + 'Is it {this} [1], or is it "that"? ' * 1_000 + "</think>"
    assert parse(completion(thoughts + json.dumps(row)), Reply) == Reply.model_validate(row)
    short = _ROW | {"input_text": "Nobody answers, and the parcel isn't here. " * 500}
    for broken in (repr(short), json.dumps(short)[:-1] + ",}", f"{thoughts}\n{json.dumps(short)[:-1]},}}"):
        assert parse(completion(broken), Reply) == Reply.model_validate(short)


@pytest.mark.parametrize("form", [json.dumps, repr, lambda tasks: "\n".join(f"- {task}" for task in tasks)])
def test_a_hundred_tasks_are_read_after_long_thoughts(form: Callable[[list[str]], str]) -> None:
    tasks = [f"Sort the letters that customers write to shop {number} by their wish." for number in range(1, 101)]
    result = parse(completion("<think>" + "Is it this? " * 2_000 + f"</think>\n{form(tasks)}"), TaskList)
    assert result == TaskList(tasks=tasks)


def test_of_a_list_without_end_the_first_thousand_items_are_read() -> None:
    result = parse(completion(json.dumps({"tasks": ["Sort the letters."] * 4_000})), TaskList)
    assert isinstance(result, TaskList)
    assert len(result.tasks) == 1_000


_DEEP = [
    opening * depth + inner + closing * depth
    for opening, closing in (("[", "]"), ('{"a":', "}"), ("(", ")"), ('[{"tasks":', "}]"))
    for inner in ("", json.dumps(_ROW), '"Sort a letter by tone."')
    for depth in (60, 64, 65, 200, 450, 900, 990, 100_000 // (len(opening) + 1))
]


@pytest.mark.parametrize("wanted", [Reply, TaskList, pytest.param(LabelSetReply, marks=pytest.mark.slow)])
def test_a_verdict_does_not_depend_on_the_depth_of_the_callers_stack(wanted: type[BaseModel]) -> None:
    def parsed(text: str, frames: int) -> object:
        return parsed(text, frames - 1) if frames else parse(completion(text), wanted)

    with ThreadPoolExecutor(1) as pool:
        for number, text in enumerate(cases(_DEEP, 5)):
            # one letter makes each a text of its own, which no earlier result is kept of
            deep, shallow = parsed(f"{number}a {text}", sys.getrecursionlimit() - 150), parsed(f"{number}b {text}", 0)
            assert deep == shallow == pool.submit(read, f"{number}c {text}", wanted, False).result(), text[:100]


def test_threads_that_ask_at_once_get_one_result() -> None:
    asked = [completion(f"{number}: " + "['" * 300) for number in range(20)]
    barrier = threading.Barrier(8)

    def everything(_: int) -> list[object]:
        barrier.wait()
        return [parse(one, TaskList) for one in asked]

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(everything, range(8))
    assert all(one is another for other in others for one, another in zip(first, other, strict=True))


def _seconds(asked: Completion, wanted: type[BaseModel]) -> float:
    begun = time.thread_time()
    read(asked.raw_text, wanted, cut=False)
    return time.thread_time() - begun


@pytest.mark.parametrize(
    "length", [99_000, *(pytest.param(length, marks=pytest.mark.slow) for length in (8_000, 30_000, 300_000))]
)
@pytest.mark.parametrize(
    "pattern",
    cases(["1. ", "- a\n", "['", "```", '["a', "\u2022", "(", "{", "[x]", ";a b c", '$"a":"b",', "<li>", "\x85&"], 2),
)
@pytest.mark.parametrize("wanted", [Reply, TaskList, pytest.param(LabelSetReply, marks=pytest.mark.slow)])
def test_one_short_pattern_over_and_over_takes_no_time(pattern: str, length: int, wanted: type[BaseModel]) -> None:
    repeated = pattern * (length // len(pattern))
    for text in (
        repeated,
        f'{{"tasks": ["{repeated}"]}}',
        f'{{"input_text": {repeated}}}',
        json.dumps({"tasks": [repeated]}),
    ):
        assert any(_seconds(completion(text), wanted) < SLOWEST_S for _ in range(2))  # another try, if interrupted


def test_some_hostile_replies() -> None:
    cost = cost_of(range(_MILLION, _MILLION + 150))
    assert cost.grown_mb < _MOST_GROWTH_MB, cost


@pytest.mark.slow
def test_a_million_hostile_replies() -> None:
    shares = 2
    size = _MILLION // shares
    with multiprocessing.get_context("spawn").Pool(shares) as pool:
        costs: list[Cost] = pool.map(cost_of, [range(size * share, size * (share + 1)) for share in range(shares)])
    logging.getLogger(__name__).info("%s", costs)
    assert max(cost.grown_mb for cost in costs) < _MOST_GROWTH_MB, costs
