"""Labels that texts use by chance are named before a row is paid for, with the rows that they will cost."""

import re

from synthetic_textcat.pipelines.quality_report.checks.everyday_labels import warnings_about_everyday_labels
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.tasks import Task
from tests.support.each_case import each_of


def _lines(labels: list[str], **sampling: object) -> list[str]:
    task = Task.model_validate({"task": "Sort a message.", "labels": labels})
    return list(warnings_about_everyday_labels([task], AttributeSamplingParameters.model_validate(sampling)))


@each_of(
    ("labels", "named"),
    [
        (["yes", "no"], "the labels 'yes', 'no' are everyday words of English"),
        (["us", "competitor"], "the label 'us' is an everyday word of English"),
        (["May", "December", "Will"], "the labels 'May', 'Will' are"),
        (["1", "2", "12"], "the labels '1', '2' are"),
        (["good", "awful"], "the label 'good' is"),
    ],
)
def test_everyday_words_are_named(labels: list[str], named: str) -> None:
    [line] = _lines(labels)
    assert line.startswith(f"Task 'Sort a message.': {named}")
    assert re.search(r"English\. (Up to \d+%|Less than 1%) of its rows may be rejected as label_leaked", line)


@each_of("labels", [["IT", "HR", "Facilities"], ["Billing", "Shipping"], ["very good", "not good"], []])
def test_other_labels_are_not(labels: list[str]) -> None:
    assert _lines(labels) == []


def test_the_words_are_those_of_the_planned_languages() -> None:
    assert _lines(["ja", "nein"]) == []
    assert "'ja', 'nein' are everyday words of German" in _lines(["ja", "nein"], language="German")[0]
    assert "of 2 languages" in _lines(["no", "si"], language=["English", "Spanish"])[0]


def test_the_share_grows_with_the_length_of_the_texts_and_falls_with_more_labels() -> None:
    def share(labels: list[str], num_words: str) -> int:
        [line] = _lines(labels, num_words=num_words)
        return int(re.findall(r"(\d+)%", line)[0])

    few = ["good", "awful"]
    assert 0 < share(few, "less than 10") < share(few, "at least 50") < share(few, "at least 200") <= 100
    assert share([*few, "dire", "dull"], "at least 200") < share(few, "at least 200")


def test_own_lengths_count_by_the_words_that_they_come_to() -> None:
    def share(num_words: object) -> int:
        found = re.search(r"Up to (\d+)%", _lines(["good", "awful"], num_words=num_words)[0])
        return int(found[1]) if found else 0

    assert share("200 to 280 words") == share("at least 200")
    assert (
        share("at most 60 characters") < share({"from": 300, "to": 600, "unit": "characters"}) < share("at least 900")
    )
