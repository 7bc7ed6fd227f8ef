"""Whether labels can be learnt from the texts."""

import pytest

from synthetic_textcat.pipelines.quality_report.signals.learnability import learnability
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.quality_report.signals.corpora import LABELS, TASK, corpus, has_topic, labelled, says_nothing

_OPEN = Task.model_validate({"task": "Name the mood."})


def test_topics_are_learnt_and_noise_is_not() -> None:
    measured = learnability(corpus([*labelled(has_topic), *labelled(says_nothing, task=_OPEN)], [TASK, _OPEN]))
    learnt, noise = (measured.metrics[f"learnability/macro_f1/{task.task_id}"] for task in (TASK, _OPEN))
    assert learnt is not None
    assert noise is not None
    assert learnt > 0.9
    assert noise < 0.5
    assert measured.metrics["learnability/macro_f1"] == pytest.approx((learnt + noise) / 2, abs=1e-3)
    assert measured.metrics["learnability/tasks"] == 2
    assert [line["task"] for line in measured.tables["learnability"]] == [_OPEN.task, TASK.task]


def test_the_rows_that_a_good_model_doubts_most_come_first() -> None:
    rows = labelled(has_topic)
    wrong = rows[0]["request_id"]
    texts = [{**row, "label": "praise"} if row["request_id"] == wrong else row for row in rows]
    worst = learnability(corpus(texts)).worst["learnability"]
    assert worst[0]["request_id"] == wrong
    assert worst[0]["detail"].startswith("model says 'billing' (0.")
    assert "label is 'praise' (0.0" in worst[0]["detail"]


def test_a_model_that_has_learnt_nothing_doubts_no_row() -> None:
    assert learnability(corpus(labelled(says_nothing))).worst["learnability"] == []


def test_a_score_that_single_words_explain_is_noted() -> None:
    def told(number: int, label: str) -> str:
        return f"{says_nothing(number, label)} x{label}"

    (line,) = learnability(corpus(labelled(told))).tables["learnability"]
    assert line["note"].startswith("one word a label reaches 100% of this")
    assert learnability(corpus(labelled(has_topic))).tables["learnability"][0]["note"] == ""


def test_what_is_not_computable_says_why() -> None:
    one_label = labelled(has_topic, 200, _OPEN, LABELS[:1])
    measured = learnability(corpus([*labelled(has_topic, 30), *one_label], [TASK, _OPEN]))
    assert measured.metrics == {"learnability/macro_f1": None, "learnability/tasks": 0}
    note = "not computable: under 50 rows in 2 labels of 5 rows"
    assert measured.tables["learnability"] == [
        {"task": _OPEN.task, "rows": 200, "labels": 1, "macro_f1": None, "chance_f1": None, "note": note},
        {"task": TASK.task, "rows": 30, "labels": 3, "macro_f1": None, "chance_f1": None, "note": note},
    ]


def test_without_examples_nothing_is_learnt() -> None:
    measured = learnability(corpus([]))
    assert measured.metrics == {"learnability/macro_f1": None, "learnability/tasks": 0}
    assert measured.tables == {"learnability": []}
    assert measured.worst == {"learnability": []}
