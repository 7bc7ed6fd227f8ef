"""A wrong tasks file is one line that names the entry and what to mend; the project's own file is right."""

from pathlib import Path

import pytest
import yaml

from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.pipelines.task_ingest.tasks_file import read_tasks

_OWN_FILE = Path(__file__).parents[3] / "data" / "01_raw" / "tasks.yml"
_GOOD = {"task": "Sort a review.", "labels": ["good", "bad"]}


def _complaint(entries: object) -> str:
    with pytest.raises(TasksFileError) as caught:
        read_tasks(entries)
    line = str(caught.value)
    assert line.startswith("data/01_raw/tasks.yml")
    assert "\n" not in line
    return line


def test_the_projects_own_file_is_right() -> None:
    tasks = read_tasks(yaml.safe_load(_OWN_FILE.read_text(encoding="utf-8")))
    closed = [task for task in tasks if task.labels]
    assert len(closed) >= 12
    assert len(tasks) - len(closed) >= 3
    assert all(label.description for task in closed for label in task.labels)


def test_tasks_come_in_the_order_of_the_file_whatever_their_form() -> None:
    tasks = read_tasks(["Name the topic.", _GOOD, {"task": "  Tell the tone. ", "labels": None}])
    assert [task.task for task in tasks] == ["Name the topic.", "Sort a review.", "Tell the tone."]
    assert [task.label_names for task in tasks] == [(), ("good", "bad"), ()]


@pytest.mark.parametrize("entries", [None, [], {}, ""])
def test_an_empty_file_is_told_what_to_add(entries: object) -> None:
    assert "is empty. Next: add an entry such as `- task:" in _complaint(entries)


@pytest.mark.parametrize(("entries", "kind"), [({"task": "x"}, "mapping"), ("Sort a review.", "text"), (5, "int")])
def test_a_file_that_is_no_list_is_told_how_to_be_one(entries: object, kind: str) -> None:
    assert f"holds a {kind}, not a list. Next: begin each task with `- task: ...`" in _complaint(entries)


@pytest.mark.parametrize("entry", [5, None, ["x"], True])
def test_an_entry_that_is_no_task_is_named_by_number(entry: object) -> None:
    assert "entry 2 is a " in _complaint([_GOOD, entry])


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"task": "Tell.", "labels": ["only"]}, "entry 2 ('Tell.'): has one label; give two or more, or none"),
        ({"task": "Tell.", "labels": ["a", "b", "A"]}, "entry 2 ('Tell.'): repeats the label A / a; name each label"),
        ({"task": "Tell.", "label": ["a", "b"]}, "entry 2 ('Tell.'): unknown key label; did you mean labels?"),
        ({"task": "Tell.", "labels": ["a", ""]}, "entry 2 ('Tell.'): labels.1.name"),
        ({"task": "Tell.", "labels": [{"description": "x"}, "b"]}, "entry 2 ('Tell.'): lacks the key labels.0.name"),
        ({"task": "Tell.", "seed_examples": [{"text": ""}]}, "entry 2 ('Tell.'): seed_examples.0.text"),
        ({"labels": ["a", "b"]}, "entry 2: lacks the key task"),
        ({"task": ""}, "entry 2: task: String should have at least 1 character"),
        ({"task": 5}, "entry 2: task is 5, which is no text; put it in quotes"),
        ({"task": "Sort a review"}, "entry 2 repeats the task of entry 1: 'Sort a review'. Next: remove one"),
        ("SORT  a Review.", "entry 2 repeats the task of entry 1"),
    ],
)
def test_a_wrong_entry_is_named_with_its_fault(entry: object, says: str) -> None:
    assert says in _complaint([_GOOD, entry, {"task": "Another."}])


def test_a_long_task_is_named_by_its_beginning() -> None:
    assert len(_complaint([{"task": "x" * 5000, "labels": ["a"]}])) < 200


def test_an_unknown_key_of_a_label_is_told_the_keys_of_a_label() -> None:
    assert "description" in _complaint([{"task": "Tell.", "labels": [{"name": "a", "desc": "x"}, "b"]}])


@pytest.mark.parametrize("labels", ["[yes, no]", "[1, 2, 3]"])
def test_labels_that_yaml_takes_for_something_else_are_told_to_be_quoted(labels: str) -> None:
    assert "quote" in _complaint(yaml.safe_load(f"- task: Tell.\n  labels: {labels}")).casefold()


@pytest.mark.parametrize("labels", [{"a": "first", "b": "second"}, "a, b"])
def test_labels_that_are_no_list_are_told_to_be_one(labels: object) -> None:
    assert "list" in _complaint([{"task": "Tell.", "labels": labels}])
