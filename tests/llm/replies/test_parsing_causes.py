"""A reply that is no row ends in the cause that says why."""

import json
from pathlib import Path

import pytest

from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import Completion, LabelSetReply, Problem, Reply, TaskList
from synthetic_textcat.schemas.outcomes import TRANSPORT_CAUSES
from tests.llm.builders import completion, no_reply
from tests.support.each_case import each_of

_LABELS = json.dumps({"labels": [{"name": name, "description": f"It is {name}."} for name in ("a", "b", "c")]})


def _problem(asked: Completion) -> Problem:
    result = parse(asked, Reply)
    assert isinstance(result, Problem), result
    return result


@each_of(
    "text",
    ["", " \n", "I can't do that.", "null", "5", '"text"', "[]", "{", "}{", "Use {this} and {that}.", "<html></html>"],
)
def test_prose_and_bare_values_are_invalid_json(text: str) -> None:
    assert _problem(completion(text)) == Problem("invalid_json", "no JSON object in the reply")


def test_a_cut_reply_that_does_not_say_so_is_invalid_json() -> None:
    assert _problem(completion('{"input_text": "a", "label": "A", "misl')).cause == "invalid_json"


@each_of(
    ("text", "field"),
    [
        ("{}", "input_text: field required; label: field required; misleading_label: field required"),
        ('{"input_text": "a", "label": "A"}', "misleading_label: field required"),
        ('{"input_text": 5, "label": "A", "misleading_label": "B"}', "input_text: input should be a valid string"),
        ('{"input_text": ["a"], "label": "A", "misleading_label": "B"}', "input_text: input should be a valid string"),
        ('{"input_text": "a", "label": null, "misleading_label": "B"}', "label: input should be a valid string"),
        ('{"input_text": "a", "label": true, "misleading_label": "B"}', "label: input should be a valid string"),
        ('{"input_text": "a", "label": {"name": "A"}, "misleading_label": "B"}', "label: input should be a valid"),
        ('{"input_text": NaN, "label": "A", "misleading_label": "B"}', "input_text: input should be a valid string"),
        ('{"input_text": 5, "label": "A", "misleading_label": "B",}', "input_text: input should be a valid string"),
        ('{"INPUT_TEXT": "a", "label": "A", "misleading_label": "B"}', "input_text: field required"),
    ],
)
def test_another_shape_is_a_schema_violation_that_names_the_field(text: str, field: str) -> None:
    problem = _problem(completion(text))
    assert problem.cause == "schema_violation"
    assert field in problem.detail


def test_a_detail_does_not_quote_the_reply_and_stays_short() -> None:
    many = "[" + ",".join(["5"] * 500) + "]"
    problem = parse(completion(f'{{"tasks": {many}}}'), TaskList)
    assert isinstance(problem, Problem)
    assert problem.cause == "schema_violation"
    assert len(problem.detail) <= 200


def test_a_refusal_is_refused_whatever_the_text() -> None:
    refused = completion(refusal="I can't help with that. " * 50)
    assert _problem(refused).cause == "refused"
    assert len(_problem(refused).detail) <= 200


def test_a_filtered_reply_is_content_filtered() -> None:
    assert _problem(completion("", finish_reason="content_filter")).cause == "content_filtered"


@pytest.mark.parametrize("text", ['{"input_text": "a very lo', "", '```json\n{"input_text": "a", "label": "A"'])
def test_a_reply_that_was_cut_at_the_limit_is_truncated(text: str) -> None:
    problem = _problem(completion(text, finish_reason="length"))
    assert problem.cause == "truncated"
    assert "llm.max_tokens" in problem.detail


@each_of("cause", TRANSPORT_CAUSES)
def test_a_call_without_a_reply_keeps_its_cause_and_words(cause: str) -> None:
    assert _problem(no_reply(cause)) == Problem(cause, "it failed")


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('touch {path}')",
        "open('{path}', 'w').close()",
        "!!python/object/apply:os.system ['touch {path}']",
        "${{jndi}} $(touch {path}) `touch {path}`",
    ],
)
@pytest.mark.parametrize("quoted", [True, False])
def test_code_in_a_reply_is_never_run(expression: str, quoted: bool, tmp_path: Path) -> None:
    path = tmp_path / "touched"
    code = expression.format(path=path)
    value = f'"{code}"' if quoted else code
    for text in (code, f"{{'input_text': {value}, 'label': 'A', 'misleading_label': 'B'}}"):
        parse(completion(text), Reply)
    assert not path.exists()


def test_no_depth_of_nesting_raises() -> None:
    for depth in (*range(50, 1000, 50), 100_000):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            nest = opening * depth + "1" + closing * depth
            for text in (nest, f'{{"input_text": {nest}, "label": "A", "misleading_label": "B"}}'):
                assert isinstance(parse(completion(text), Reply), Problem)


@pytest.mark.parametrize("asked", [completion(refusal="no \ud83d"), completion("", status="timeout", error="\ud83d")])
def test_the_words_of_a_problem_can_be_written_to_a_file(asked: Completion) -> None:
    assert _problem(asked).detail.encode()


@pytest.mark.parametrize("text", [_LABELS, json.dumps(json.loads(_LABELS), indent=1), f"```json\n{_LABELS}\n```"])
@pytest.mark.parametrize(("reason", "cause"), [("stop", "invalid_json"), ("length", "truncated")])
def test_a_torn_label_set_is_none_however_much_of_it_is_there(text: str, reason: str, cause: str) -> None:
    for end in range(text.rindex("}")):
        problem = parse(completion(text[:end], finish_reason=reason), LabelSetReply)
        assert isinstance(problem, Problem), text[:end]
        assert problem.cause == cause


@each_of(
    "text",
    [
        str(json.loads(_LABELS)),
        _LABELS.replace("]}", ",]}"),
        f"```json\n{_LABELS}\n```",
        f"<think>{{}}</think>{_LABELS}",
        f"<think>Is it {{?</think>{_LABELS}",
        json.dumps({"result": json.loads(_LABELS)}),
        _LABELS.replace("It is a.", "It is {a."),
    ],
)
def test_a_label_set_that_is_closed_is_read_whole(text: str) -> None:
    found = parse(completion(text), LabelSetReply)
    assert isinstance(found, LabelSetReply), found
    assert [label.name for label in found.labels] == ["a", "b", "c"]
