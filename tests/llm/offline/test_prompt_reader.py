"""Reading a prompt by its values, whatever template wrapped them."""

import json
from itertools import permutations, product

import yaml
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.llm.offline.prompt_reader import (
    find_labels,
    find_requested_language,
    find_task,
    find_value,
    listed_labels,
    named_labels,
    without_label_list,
    without_task,
)
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.tasks import Task
from tests.llm.offline.rehearsal import TASKS_FILE, closed_tasks, plan_of, prompt_of, tasks
from tests.support.each_case import each_of

SENTENCES = [task.task for task in tasks()]
LABELS = ("Urgent", "Urgent visit", "Café 中文", 'The "best"')


@given(task=st.sampled_from(closed_tasks()), number=st.integers(0, 10_000))
def test_everything_planned_is_found(task: Task, number: int) -> None:
    planned = plan_of(task, number)
    prompt = prompt_of(task, planned)
    assert find_task(prompt, SENTENCES) == task.task
    text = without_task(prompt, task.task)
    assert find_labels(text, task.label_names) == (planned["label"], planned["misleading_label"])
    for name, values in VALUES.items():
        assert find_value(text, values) == planned[name]


def test_a_task_is_known_in_other_case_and_spacing_and_the_longest_wins() -> None:
    known = ["Sort a text", "Sort a text by its tone."]
    assert find_task("do this:  SORT a\n  text BY its tone, please", known) == known[1]
    assert find_task("sort a text", known) == known[0]
    assert find_task("count the words", known) is None


def test_words_of_the_task_are_no_attributes() -> None:
    prompt = "Rate how ambiguous\na college essay is.\nThe text is clear, for high school."
    text = without_task(prompt, "Rate how ambiguous a college essay is.")
    assert find_value(text, VALUES["clarity"]) == "clear"
    assert find_value(text, VALUES["difficulty"]) == "high school"


@each_of("value", VALUES["num_words"])
def test_a_length_is_not_taken_for_its_prefix(value: str) -> None:
    assert find_value(f"Use {value} words.", VALUES["num_words"]) == value
    assert find_value("Use 10 words.", VALUES["num_words"]) is None


def test_label_descriptions_are_no_attributes_but_a_list_of_rules_may_hold_them() -> None:
    text = without_label_list("- Vague: an ambiguous text\n- is: clear", ("Vague", "Sharp"))
    assert find_value(text, VALUES["clarity"]) == "clear"


_TEMPLATES = [
    "Label: {label}\nMisleading label: {other}",
    "The wrong label is {other}.\nThe right one is {label}.",
    '{{"label": {label}, "misleading_label": {other}}}',
    "The decoy, not the answer, is {other}. Write for {label}.",
    "{label} fits best, {other} less so.",
    "A wrong label tempts: {label}. An incorrect one is {other}.",
]


@each_of(
    ("template", "label", "other"),
    [(template, *labels) for template in _TEMPLATES for labels in permutations(LABELS, 2)],
)
def test_the_misleading_label_is_told_by_the_words_before_it_or_by_order(template: str, label: str, other: str) -> None:
    quoted = template.format(label=json.dumps(label, ensure_ascii=False), other=json.dumps(other, ensure_ascii=False))
    assert find_labels(quoted, LABELS) == (label, other)


def test_without_quotes_mentions_count_outside_of_the_list() -> None:
    text = "- Urgent: now\n- Urgent visit: today\n- Routine: later\nWrite for Urgent visit, not the decoy Routine."
    assert find_labels(text, ("Urgent", "Urgent visit", "Routine")) == ("Urgent visit", "Routine")
    assert find_labels("- label: Routine\n- misleading: Urgent", ("Urgent", "Routine")) == ("Routine", "Urgent")
    assert find_labels("Write for Routine.", ("Urgent", "Routine")) == ("Routine", None)
    assert find_labels("Write one.", ("Urgent", "Routine")) == (None, None)


def test_labels_without_a_schema() -> None:
    text = '- Good: a\n- Bad: b\n- Write well\nThe label is "Good", the wrong one "Bad".'
    assert listed_labels(text) == ("Good", "Bad")
    assert named_labels(text, ("Bad", "Ugly", "Good")) == ("Bad", "Good")


@given(st.text())
def test_any_prompt_can_be_read(prompt: str) -> None:
    find_task(prompt, SENTENCES)
    find_labels(without_task(prompt, SENTENCES[0]), LABELS)
    listed_labels(prompt)


@each_of(("name", "number"), product(["closed_labels", "open_labels"], range(20)))
def test_the_projects_own_prompts_are_read(name: str, number: int) -> None:
    task = next(task for task in tasks() if bool(task.labels) == (name == "closed_labels"))
    planned = plan_of(task, number)
    shown = {key: json.dumps(planned[key]) for key in ("label", "misleading_label")}
    listed = "\n".join(f"- {label.name}: {label.description}" for label in task.labels)
    messages = yaml.safe_load((TASKS_FILE.parent / "prompts" / f"{name}.yml").read_text(encoding="utf-8"))["messages"]
    lines = {"seed_examples": 'Texts:\n- "Oh no."', "own_attributes": "- tone: formal"}
    filled = {**planned, **shown, **lines, "task": task.task, "labels": listed, "language": "English"}
    text = without_task("\n".join(message["content"].format(**filled) for message in messages), task.task)
    if task.labels:
        assert find_labels(text, task.label_names) == (planned["label"], planned["misleading_label"])
    rules = without_label_list(text, task.label_names)
    assert {key: find_value(rules, values) for key, values in VALUES.items()} == {key: planned[key] for key in VALUES}


@each_of(
    ("prompt", "code"),
    [
        ("be the author of such a text: in Luxembourgish, 20 to 40 words", "lb"),
        ("in Portuguese (Brazil), less than 10 words", "pt-BR"),
        ("in Portuguese (as people speak it), less than 10 words", "pt"),
        ("Write in Chinese (Traditional, Taiwan). One to three words in English", "zh-Hant-TW"),
        ("in Serbian (Latin), clear", "sr-Latn"),
        ("in Norwegian Bokmål, clear", "nb"),
        ("in Norwegian, clear", "no"),
        ("in Swiss German with 20 words", "gsw"),
        ("Language: Cantonese", "yue"),
        ("a text in a German shop. It is in it", "de"),
        ("in Kurdish (Kurmanji) (Latin, Türkiye), clear", "ku"),
    ],
)
def test_a_language_outside_of_the_table_is_read_by_its_name(prompt: str, code: str) -> None:
    assert find_requested_language(prompt).code.partition("-Latn")[0] == code.partition("-Latn")[0]
