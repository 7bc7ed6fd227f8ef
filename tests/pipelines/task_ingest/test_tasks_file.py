"""A wrong tasks file is one line that names the entry and what to fix; the project's own file is right.

Tasks that are there before anything is asked.
"""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from synthetic_textcat.errors import PromptError, TasksFileError
from synthetic_textcat.pipeline_registry import register_pipelines
from synthetic_textcat.pipelines.task_ingest.brainstorm.nodes import ask_for_tasks
from synthetic_textcat.pipelines.task_ingest.nodes import check_row_prompts, read_tasks_file
from synthetic_textcat.pipelines.task_ingest.tasks_file import (
    GivenTasks,
    brainstorm_settings,
    read_tasks,
    rows_of,
    sentences_of,
)
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, TaskIngestParameters
from synthetic_textcat.schemas.task_input import KeptTasks
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Label, Task
from tests.support.each_case import each_of

_OWN_FILE = Path(__file__).parents[3] / "data" / "01_raw" / "tasks.yml"
_GOOD = {"task": "Sort a review.", "labels": ["good", "bad"]}
_FILE = Task.model_validate({"task": "Sort a review.", "labels": {"good": "it pleased", "bad": ""}, "clarity": "clear"})
_THOUGHT = Task(task="Name a bird.", weight=2)
_ROWS = [_FILE.to_row("file"), _THOUGHT.to_row("brainstorm", "a-model")]
_SETTINGS = TaskIngestParameters(num_brainstormed=5)
_DRAWN = "{task} {language} {difficulty} {clarity} {num_words}"
_CLOSED = f"{_DRAWN} {{labels}} {{label}} {{misleading_label}}"


def _complaint(content: object, file: str = "data/01_raw/mine.yml") -> str:
    with pytest.raises(TasksFileError) as caught:
        read_tasks(content, file)
    line = str(caught.value)
    assert line.startswith(file)
    assert "\n" not in line
    return line


def _fault_of(**keys: object) -> str:
    """What is said of an entry with these keys, without the words that name the entry."""
    line = _complaint([{"task": "Tell.", **keys}])
    return line.removeprefix("data/01_raw/mine.yml, entry 1 ('Tell.'): ")


@each_of(
    ("entry", "says"),
    [
        (
            "a \ud83d b",
            "task holds half of a character (a lone surrogate): 'a \\ud83d b'; write the whole character, or remove it",
        ),
        ({"task": "A.", "labels": ["\udc00", "b"]}, "labels holds half of a character (a lone surrogate): '\\udc00'"),
        ({"task": "A.", "extra": {"tone": ["\ud800", "b"]}}, "extra holds half of a character"),
        ({"task": "A.", "language": {"\ud800": 1}}, "language holds half of a character"),
        ({"task": "A.", "\ud800": 1}, "\\ud800 holds half of a character"),
    ],
)
def test_half_a_character_is_named_in_letters_that_can_be_printed(entry: object, says: str) -> None:
    line = _complaint([entry])
    assert says in line
    assert line.encode()


def test_an_emoji_is_whole() -> None:
    [task] = read_tasks(["Sort \U0001f525 by heat."])
    assert task.task == "Sort \U0001f525 by heat."


def test_the_projects_own_file_is_right() -> None:
    tasks = read_tasks(yaml.safe_load(_OWN_FILE.read_text(encoding="utf-8")))
    closed = [task for task in tasks if task.labels]
    assert len(closed) >= 12
    assert len(tasks) - len(closed) >= 3
    assert all(label.description for task in closed for label in task.labels)


def test_the_example_in_its_head_is_right() -> None:
    head = _OWN_FILE.read_text(encoding="utf-8").partition("\n\n")[0]
    lines = head.partition("\n#\n")[2].splitlines()
    [task] = read_tasks(yaml.safe_load("\n".join(line.removeprefix("# ") for line in lines)))
    assert task.model_fields_set == {"task", "weight", "labels", "seed_examples", "language", "extra", "confusable"}
    assert all(key in head for key in Task.model_fields)


def test_tasks_come_in_the_order_of_the_file_whatever_their_form() -> None:
    tasks = read_tasks(["Name the topic.", _GOOD, {"task": "  Tell the tone. ", "labels": None}])
    assert [task.task for task in tasks] == ["Name the topic.", "Sort a review.", "Tell the tone."]
    assert [task.label_names for task in tasks] == [(), ("good", "bad"), ()]


@each_of("entries", [None, [], {}, "", pd.DataFrame(), pd.DataFrame({"task": []})])
def test_an_empty_file_is_reported_what_to_add(entries: object) -> None:
    assert "is empty. Next: add an entry such as `- task:" in _complaint(entries)


@each_of(
    ("suffix", "example"),
    [("json", '`[{"task": "Sort'), ("jsonl", '`{"task": "Sort'), ("csv", "in the column `task`"), ("yaml", "`- task:")],
)
def test_the_example_is_in_the_format_of_the_file(suffix: str, example: str) -> None:
    assert example in _complaint(None, f"mine.{suffix}")


@pytest.mark.parametrize(("entries", "kind"), [({"task": "x"}, "mapping"), ("Sort a review.", "text"), (5, "number")])
def test_a_file_that_is_not_a_list_gets_the_next_step(entries: object, kind: str) -> None:
    assert f"holds a {kind}, not a list. Next: write one entry per task, such as `- task: " in _complaint(entries)


@each_of(("entry", "kind"), [(5, "number"), (None, "null"), (["x"], "list"), (True, "truth value"), (2.5, "number")])
def test_an_entry_that_is_no_task_is_named_by_number(entry: object, kind: str) -> None:
    assert f"entry 2: is a {kind}; write it as `task: ...`" in _complaint([_GOOD, entry])


@each_of(
    ("entry", "says"),
    [
        ({"task": "Tell.", "labels": ["only"]}, "entry 2 ('Tell.'): has one label; give two or more, or none"),
        ({"task": "Tell.", "labels": ["a", "b", "A"]}, "entry 2 ('Tell.'): repeats the label A / a; name each label"),
        ({"task": "Tell.", "label": ["a", "b"]}, "entry 2 ('Tell.'): unknown key label; did you mean labels?"),
        ({"labels": ["a", "b"]}, "entry 2: lacks the key task"),
        ({"task": None}, "entry 2: lacks the key task"),
        ({"tsk": "Tell."}, "entry 2: unknown key tsk; did you mean task?"),
        ({"task": ""}, "entry 2: task: the text is empty"),
        ({"task": 5}, "entry 2: task: 5 is not a text; put it in quotes"),
        ({"task": "Sort a review"}, "entry 2 ('Sort a review'): repeats the task of entry 1; remove one"),
        ("SORT  a Review.", "entry 2 ('SORT  a Review.'): repeats the task of entry 1"),
    ],
)
def test_a_wrong_entry_is_named_with_its_fault(entry: object, says: str) -> None:
    assert says in _complaint([_GOOD, entry, {"task": "Another."}])


@each_of(
    ("labels", "says"),
    [
        (["a", ""], "label 2, name: the text is empty"),
        (
            ["a", "b\nc"],
            r"label 2, name: 'b\nc' contains a line break; write the name on one line, with visible",
        ),
        (["a", "b\0c"], r"label 2, name: 'b\x00c' contains the invisible character U+0000; write the name on one line"),
        (["a", "b\u200b"], r"label 2, name: 'b\u200b' contains the invisible character U+200B"),
        ({"a": "x", "\u200d": "y"}, r"label 2, name: '\u200d' contains the invisible character U+200D"),
        ({"a": "x", "\u3164": "y"}, "label 2, name: '\u3164' contains the invisible character U+3164"),
        ([{"description": "x"}, "b"], "label 1: lacks the key name"),
        ([{"name": "a", "wieght": 2}, "b"], "label 1: unknown key wieght; did you mean weight?"),
        ([{"name": "a", "desc": "x"}, "b"], "label 1: unknown key desc; allowed: description, extra, name, weight"),
        (["a", {"name": "b", "weight": 0}], "label 2, weight: 0 is not a weight"),
        (["a", {"name": "b", "extra": {"tone": {"calm": "lots"}}}], "label 2, extra: 'tone': gives 'calm' the weight"),
        ("a, b", "labels: 'a, b' is not a list; write a list of names, or a mapping of names to descriptions"),
        (
            {"a": {"description": "x"}, "b": "y"},
            "label 1, description: {'description': 'x'} is not a text; write a text",
        ),
        ({"name": "a", "description": "x"}, "labels: must be a list; begin each item with `- name: ...`"),
    ],
)
def test_a_wrong_label_is_named_with_its_fault(labels: object, says: str) -> None:
    assert _fault_of(labels=labels).startswith(says)


@each_of(
    ("examples", "says"),
    [
        ([{"text": ""}], "seed example 1, text: the text is empty"),
        (["x", {"txt": "y"}], "seed example 2: unknown key txt; did you mean text?"),
        ("x", "seed_examples: 'x' is not a list; write a list of texts, or a mapping of labels to texts"),
        ({"good": 5}, "seed_examples: 'good' has 5; give it a text or a list of texts"),
        ({"good": ["x", 5]}, "seed example 2, text: 5 is not a text; put it in quotes"),
        ({False: "x"}, "seed example 1, label: False is not a text; put it in quotes"),
        ({"text": "x", "label": "good"}, "seed_examples: must be a list; begin each item with `- text: ...`"),
        (
            [{"text": "x", "labels": "good"}],
            "seed example 1, labels: 'good' is not a list; write a list of names, [] where none fits",
        ),
        ({"goood": "x"}, "has a seed example with the label 'goood'; did you mean good?"),
        (["x", {"text": "x", "label": "bad"}], "repeats the seed example 'x'; give each text once"),
    ],
)
def test_a_wrong_seed_example_is_named_with_its_fault(examples: object, says: str) -> None:
    assert _fault_of(labels=["good", "bad"], seed_examples=examples).startswith(says)


@each_of(
    ("key", "value", "says"),
    [
        ("weight", 0, "weight: 0 is not a weight; write a number from 0.000001 to 1,000,000,000, such as 2 or 0.5"),
        ("weight", -1.5, "weight: -1.5 is not a weight"),
        ("weight", "two", "weight: 'two' is not a weight"),
        ("weight", 2e9, "weight: 2000000000.0 is not a weight; write a number from 0.000001 to 1,000,000,000"),
        ("weight", 1e-7, "weight: 1e-07 is not a weight"),
        ("weight", True, "weight: True is not a weight"),
        ("weight", float("inf"), "weight: inf is not a weight"),
        ("weight", float("nan"), "weight: nan is not a weight"),
        ("language", "Germn", "language: unknown language 'Germn'; did you mean German"),
        ("language", {"Germn": 1}, "language: unknown language 'Germn'; did you mean German"),
        (
            "language",
            {"German": "lots"},
            "language: gives 'German' the weight 'lots'; a weight is a number",
        ),
        ("language", {"German": True}, "language: gives 'German' the weight True"),
        ("language", {"German": 0}, "language: gives 'German' the weight 0"),
        ("language", {False: 1}, "language: the value False is not a text; put it in quotes"),
        ("language", False, "language: False is not a text; put it in quotes, or write a list"),
        ("language", [], "language: names no value"),
        ("clarity", "cleer", "clarity: unknown value 'cleer'; did you mean clear?"),
        ("difficulty", ["PhD", 5], "difficulty: the value 5 is not a text; put it in quotes"),
        ("num_words", 50, "num_words: 50 is not a range; write one, such as"),
        ("num_words", {"given": "language", "English": ["at least 50"]}, "num_words: is given 'language', and only"),
        ("extra", "formal", "extra: 'formal' is not a mapping; write `name: value`"),
        ("extra", {"tone of it": "a"}, "extra: 'tone of it' is not an identifier"),
        ("extra", {"label": "a"}, "extra: 'label' is already the name of a column"),
        ("extra", {5: "a"}, "extra: the name 5 is not a text; put it in quotes"),
        ("extra", {"tone": [5]}, "extra: 'tone': the value 5 is not a text"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(key: str, value: object, says: str) -> None:
    assert _fault_of(**{key: value}).startswith(says)


@each_of(
    ("confusable", "says"),
    [
        ("b", "confusable: 'b' is not a mapping; write `label: [other labels]`, as in `Billing: [Returns, Accounts]`"),
        (["b"], "confusable: ['b'] is not a mapping; write `label: [other labels]`"),
        ({False: ["b"]}, "confusable: the label False is not a text; put it in quotes"),
        ({"Biling": ["Returns"]}, "confusable: unknown label 'Biling'; did you mean Billing?"),
        ({"Billing": ["Retuns"]}, "confusable: 'Billing' names the unknown label 'Retuns'; did you mean Returns?"),
        ({"Billing": "Retuns"}, "confusable: 'Billing' names the unknown label 'Retuns'; did you mean Returns?"),
        ({"Billing": ["Returns", "Billing"]}, "confusable: 'Billing' names itself; name other labels of the task"),
        ({"Billing": []}, "confusable: 'Billing' names no label; give one at least, or remove it"),
        ({"Billing": {}}, "confusable: 'Billing' names no label; give one at least, or remove it"),
        ({"Billing": 5}, "confusable: 'Billing': 5 is not a text; put it in quotes, or write a list of values"),
        ({"Billing": [True]}, "confusable: 'Billing': the value True is not a text; put it in quotes"),
        ({"Billing": {"Returns": 0}}, "confusable: 'Billing': gives 'Returns' the weight 0; a weight is a number from"),
        ({"Billing": {"Returns": "more"}}, "confusable: 'Billing': gives 'Returns' the weight 'more'"),
    ],
)
def test_wrong_confusable_labels_are_named_with_their_fault(confusable: object, says: str) -> None:
    assert _fault_of(labels=["Billing", "Returns", "Accounts"], confusable=confusable).startswith(says)


def test_an_open_task_has_no_confusable_labels() -> None:
    assert _fault_of(confusable={"a": ["b"]}).startswith("has confusable labels, but no label set; give it labels")


def test_confusable_labels_are_a_name_a_list_or_a_mapping() -> None:
    confusable = {"a": " b ", "b": ["a", "c"], "c": {"a": 3, "b": 1}, "d": None}
    [task] = read_tasks([{"task": "Tell.", "labels": list("abcd"), "confusable": confusable}])
    assert task.confusable == {"a": "b", "b": ["a", "c"], "c": {"a": 3.0, "b": 1.0}}


def test_a_key_that_is_no_text_is_unknown() -> None:
    assert "unknown key 5; allowed: clarity" in _complaint([{"task": "Tell.", 5: "a"}])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [(0, ""), (1, " (and 1 more entry is wrong)"), (3, " (and 3 more entries are wrong)")],
)
def test_the_first_wrong_entry_is_reported_and_the_others_are_counted(wrong: int, says: str) -> None:
    line = _complaint([_GOOD, {"tsk": "Tell."}, *[{"task": f"Tell {n}.", "labels": ["a"]} for n in range(wrong)]])

    assert line.endswith(f"entry 2: unknown key tsk; did you mean task?{says}")


def test_a_long_task_or_value_is_named_by_its_beginning() -> None:
    assert len(_complaint([{"task": "x" * 5000, "labels": ["a"]}])) < 200
    assert len(_fault_of(labels="x" * 5000)) < 200
    assert len(_fault_of(weight=["x" * 5000])) < 200


@pytest.mark.parametrize("labels", ["[yes, no]", "[1, 2, 3]"])
def test_labels_that_yaml_takes_for_something_else_are_reported_to_be_quoted(labels: str) -> None:
    assert "quote" in _complaint(yaml.safe_load(f"- task: Tell.\n  labels: {labels}")).casefold()


def test_labels_may_map_names_to_descriptions() -> None:
    [task] = read_tasks([{"task": "Tell.", "labels": {"Billing": "invoices", "Shipping": None}}])
    assert task.labels == (Label(name="Billing", description="invoices"), Label(name="Shipping"))


@pytest.mark.parametrize(
    "examples",
    [
        [{"text": "Great.", "label": "good"}, {"text": "Awful.", "label": "bad"}, {"text": "Never.", "label": "bad"}],
        {"good": "Great.", "bad": ["Awful.", "Never."]},
    ],
)
def test_seed_examples_may_stand_in_a_list_or_under_their_labels(examples: object) -> None:
    [task] = read_tasks([{**_GOOD, "seed_examples": examples}])
    found = [(example.text, example.label) for example in task.seed_examples]
    assert found == [("Great.", "good"), ("Awful.", "bad"), ("Never.", "bad")]


def test_seed_examples_of_an_open_task_bear_any_label_or_none() -> None:
    [task] = read_tasks([{"task": "Tell.", "seed_examples": ["Hm.", {"text": "Ha.", "label": "joy"}]}])
    assert [(example.text, example.label) for example in task.seed_examples] == [("Hm.", None), ("Ha.", "joy")]


def test_null_is_not_given() -> None:
    keys = dict.fromkeys(Task.model_fields)
    label = {"name": "good", "description": None, "weight": None, "extra": {"tone": None}}
    [plain, closed] = read_tasks([{**keys, "task": "Tell."}, {"task": "Sort.", "labels": [label, "bad"]}])
    assert plain == Task(task="Tell.")
    assert closed.labels == (Label(name="good"), Label(name="bad"))


def test_kept_tasks_are_rows_as_they_were_and_nothing_is_brainstormed_next_to_them() -> None:
    kept = read_tasks_file(KeptTasks(pd.DataFrame(_ROWS, columns=TASKS_ARROW_SCHEMA.names)), _SETTINGS)

    assert rows_of(kept) == _ROWS
    assert sentences_of(kept) == ["Sort a review.", "Name a bird."]
    assert brainstorm_settings(kept, _SETTINGS) == TaskIngestParameters(num_brainstormed=0)


def test_tasks_of_a_file_are_added_to() -> None:
    given = read_tasks_file(["Sort a review.", "Name a bird."], _SETTINGS)

    assert [row["source"] for row in rows_of(given)] == ["file", "file"]
    assert sentences_of(given) == ["Sort a review.", "Name a bird."]
    assert brainstorm_settings(given, _SETTINGS) is _SETTINGS


def _checked(
    tasks: GivenTasks, closed: str = _CLOSED, opened: str = _DRAWN, part: str = "{seed_examples}", **sampling: object
) -> GivenTasks:
    of_closed, of_open = (ChatPromptTemplate([("user", text)]) for text in (closed, opened))
    settings = AttributeSamplingParameters.model_validate(sampling)
    return check_row_prompts(tasks, of_closed, of_open, PromptTemplate.from_template(part), settings)


def test_tasks_pass_where_prompts_say_all_that_their_rows_have() -> None:
    tasks = [_FILE]
    assert _checked(tasks) is tasks


@each_of(
    ("task", "changed", "says"),
    [
        (
            _FILE,
            {"opened": _DRAWN.replace("{language}", "{lang}")},
            r"open_labels .* \{lang\}; did you mean language\?",
        ),
        (_THOUGHT, {"closed": _DRAWN}, r"closed_labels lacks the placeholder \{labels\}"),
        (_FILE, {"part": "{seeds}"}, r"seed_examples has the unknown placeholder \{seeds\}"),
        (_FILE, {"extra": {"tone": "dry"}}, r"lacks the placeholder \{own_attributes\}"),
        ({"task": "A.", "extra": {"tone": "dry"}}, {}, r"lacks the placeholder \{own_attributes\}"),
        ({"task": "A.", "labels": [{"name": "x", "extra": {"a": "b"}}, "y"]}, {}, r"lacks .* \{own_attributes\}"),
        ({"task": "A.", "seed_examples": ["so"]}, {}, r"lacks the placeholder \{seed_examples\}"),
    ],
)
def test_prompts_of_rows_are_refused_before_anything_is_asked(task: object, changed: dict[str, Any], says: str) -> None:
    given = Task.model_validate(task)
    kept = KeptTasks(pd.DataFrame([given.to_row("file")], columns=TASKS_ARROW_SCHEMA.names))
    for tasks in ([given], kept):
        with pytest.raises(PromptError, match=says):
            _checked(tasks, **changed)


def test_seed_examples_that_are_never_shown_need_no_place() -> None:
    assert _checked([Task.model_validate({"task": "A.", "seed_examples": ["so"]})], num_seed_examples=0)


@pytest.mark.parametrize("name", ["task_ingest", "generate", "quote"])
def test_no_pipeline_asks_for_tasks_before_it_has_checked_the_prompts_of_rows(name: str) -> None:
    asking = register_pipelines()[name].to_outputs(*_asked_for(name)).nodes
    assert any(node.func is check_row_prompts for node in asking)


def _asked_for(name: str) -> list[str]:
    return [out for node in register_pipelines()[name].nodes if node.func is ask_for_tasks for out in node.outputs]
