"""Open labels: plausible ones of ten languages pass, what small models write in their place does not."""

from pathlib import Path

import pytest
import yaml

from synthetic_textcat.pipelines.quality_report.checks.open_labels import _FORM, find_label_fault
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Known, known_of, label_not_a_label
from synthetic_textcat.schemas.tasks import Task, normalise
from tests.pipelines.quality_report.builders import candidate, open_candidate
from tests.support.each_case import each_of

_TASK = normalise("Say what a customer of a shop wants.")
_PLAUSIBLE = yaml.safe_load(Path(__file__).with_name("plausible_open_labels.yml").read_text(encoding="utf-8"))
_NONE = {
    "high school": "is a value of difficulty",
    "PhD": "is a value of difficulty",
    "Clear.": "is a value of clarity",
    "understandable with some effort": "is a value of clarity",
    "at least 50": "is a value of num_words",
    "English": "is the language of the text",
    "label": "is a field of the prompt",
    "misleading_label": "is a field of the prompt",
    "The right label": "is a field of the prompt",
    "[label]": "is a field of the prompt",
    "Label 1": "is a field of the prompt",
    "your_label": "is a field of the prompt",
    "clear,": "is a value of clarity",
    "an incorrect label": "is a field of the prompt",
    "Say what a customer": "is a phrase of the task",
    "one to three words": "is a phrase of the prompt",
    "a text that this task could be given": "has 8 words",
    "close but wrong": "is a phrase of the prompt",
    "high school level education": "is a phrase of the prompt",
    "What a customer of a shop wants": "has 7 words",
    "a customer of a shop wants": "is a phrase of the task",
    "I would like to have my money back": "has 8 words",
    "1": "has no letters",
    "???": "has no letters",
    "\u2605\u2605\u2605\u2605": "has no letters",
    "这是一篇关于环境保护和可持续发展问题的文章": "has 21 characters",
    "お客様は注文した商品がまだ届いていないのでとても怒っていて返金してほしいと言っています": "has ",
}


@each_of("language", _PLAUSIBLE)
def test_plausible_labels_pass(language: str) -> None:
    labels = _PLAUSIBLE[language]
    faults = {label: find_label_fault(label, labels[0], _TASK, language) for label in labels}
    assert {label: fault for label, fault in faults.items() if fault} == {}


@each_of("label", _NONE)
def test_what_is_no_label_is_named(label: str) -> None:
    fault = find_label_fault(label, "refund", _TASK, "English")
    assert fault is not None
    assert fault.startswith(_NONE[label])


@pytest.mark.parametrize(("language", "name"), [("French", "français"), ("German", "Deutsch"), ("Japanese", "日本語")])
def test_a_language_s_own_name_is_no_label(language: str, name: str) -> None:
    assert find_label_fault(name, "refund", _TASK, language) == "is the language of the text"


@each_of(
    ("label", "other", "task"),
    [
        ("clear", "cloudy", "Name the weather in a report."),
        ("college", "high school", "Say for which level of education a book is written."),
        ("English", "French", "Say in which language a menu is written."),
        ("English", "History", "Sort homework by its school subject."),
        ("4", "2", "How well does a reviewer like a film?"),
        ("10", "many", "Say how many guests a host expects."),
        ("\U0001f600", "\U0001f622", "Choose an emoji for a message."),
        ("1990", "1980", "Guess the decade."),
    ],
)
def test_such_a_label_may_be_one_where_the_task_is_about_it(label: str, other: str, task: str) -> None:
    assert find_label_fault(label, other, normalise(task), "English") is None
    assert find_label_fault(other, label, normalise(task), "English") is None


def test_the_check_names_each_label_and_looks_at_open_sets_only() -> None:
    known = known_of(Task(task="Say what a customer wants."))
    row = open_candidate(label="high school", misleading_label="?", known=known)
    assert label_not_a_label(row) == "label 'high school' is a value of difficulty, misleading_label '?' has no letters"
    assert label_not_a_label(open_candidate(label="refund", misleading_label="return", known=known)) is None
    assert (
        label_not_a_label(candidate(label="?", misleading_label="clear", known=Known(frozenset({"?", "clear"}))))
        is None
    )


def test_the_phrases_are_those_of_the_prompt() -> None:
    prompt = Path("data/01_raw/prompts/open_labels.yml").read_text(encoding="utf-8")
    said = normalise(prompt)
    for level in ("high school", "college", "phd"):
        said += normalise(prompt).replace("{difficulty}", level)
    assert [phrase for phrase in _FORM if phrase not in said] == []
