"""Whether labels can be learnt from the texts.

What can be learnt without reading.

Rows with a wrong label are found, where a model can know.
"""

import sys
from collections.abc import Callable
from functools import cache

import pytest

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.learnability import label_noise, learnability, shortcuts
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.quality_report.signals.corpora import (
    LABELS,
    TASK,
    corpus,
    has_length,
    has_topic,
    labelled,
    names_billing,
    says_nothing,
)

_OPEN = Task.model_validate({"task": "Name the mood."})
_OTHER = Task.model_validate({"task": "Sort a letter.", "labels": ["billing", "delivery", "praise"]})


@cache
def _of(text: Callable[[int, str], str]) -> Corpus:
    """120 rows with such texts, whose classifiers are fitted once."""
    return corpus(labelled(text))


def _one_word_a_label(number: int, label: str) -> str:
    return f"{says_nothing(number, label)} x{label}x"


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
    assert learnability(_of(says_nothing)).worst["learnability"] == []


def test_a_score_that_single_words_explain_is_noted() -> None:
    (line,) = learnability(_of(_one_word_a_label)).tables["learnability"]
    assert line["note"].startswith("one word per label reaches 100% of this")
    assert learnability(_of(has_topic)).tables["learnability"][0]["note"] == ""


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


def _scores(metrics: Metrics) -> tuple[float, float]:
    length, word = metrics["shortcut/length"], metrics["shortcut/word"]
    assert length is not None
    assert word is not None
    return length, word


def test_a_word_that_gives_a_label_away_is_named_with_the_rows_that_it_classifies() -> None:
    rows = [*labelled(says_nothing, task=_OTHER), *labelled(names_billing)]
    measured = shortcuts(corpus(rows, [TASK, _OTHER]))
    line = measured.tables["shortcuts"][0]
    assert (line["task"], line["words"]) == (TASK.task, "refund → billing")
    assert line["word_score"] > line["chance"] + 0.1
    by_id = {row["request_id"]: row for row in rows}
    assert len(measured.worst["shortcuts"]) == 20
    for row in measured.worst["shortcuts"]:
        assert "Refund" in by_id[row["request_id"]]["input_text"]
        assert row["detail"] == "the word 'refund' alone gives away 'billing'"


def test_one_word_for_each_label_classifies_everything() -> None:
    measured = shortcuts(_of(_one_word_a_label))
    assert measured.metrics["shortcut/word"] == 1
    assert measured.tables["shortcuts"][0]["words"] == ("xbillingx → billing, xdeliveryx → delivery, xpraisex → praise")


def test_length_that_gives_the_label_away_is_seen() -> None:
    length, _ = _scores(shortcuts(corpus(labelled(has_length))).metrics)
    assert length > 0.95


def test_where_nothing_predicts_all_scores_are_near_chance() -> None:
    measured = shortcuts(corpus(labelled(says_nothing, rows=300)))
    line = measured.tables["shortcuts"][0]
    assert line["chance"] == pytest.approx(1 / 3, abs=1e-4)
    assert line["majority"] == pytest.approx(1 / 6, abs=1e-4)
    for score in _scores(measured.metrics):
        assert abs(score - 1 / 3) < 0.1
    assert line["words"] == ""
    assert measured.worst["shortcuts"] == []


def test_means_are_by_rows() -> None:
    few, many = labelled(has_length, 60, _OTHER), labelled(says_nothing, 120)
    apart = [_scores(shortcuts(corpus(rows, [TASK, _OTHER])).metrics)[0] for rows in (few, many)]
    length, _ = _scores(shortcuts(corpus([*few, *many], [TASK, _OTHER])).metrics)
    assert length == pytest.approx((60 * apart[0] + 120 * apart[1]) / 180, abs=1e-3)


def test_a_label_that_tends_to_be_longer_than_the_misleading_one_is_a_shortcut() -> None:
    texts = labelled(says_nothing, 40)
    even = shortcuts(corpus([{**row, "label": "ab", "misleading_label": "cd"} for row in texts])).metrics
    assert even["shortcut/longer_label"] is None
    rows = [
        {**row, "label": "long one", "misleading_label": "short" if at % 4 else "longer one"}
        for at, row in enumerate(texts)
    ]
    metrics = shortcuts(corpus(rows)).metrics
    low, high = metrics["shortcut/longer_label_low"], metrics["shortcut/longer_label_high"]
    assert metrics["shortcut/longer_label"] == 0.75
    assert low is not None
    assert high is not None
    assert 0.5 < low < 0.75 < high


@pytest.mark.parametrize("rows", [0, 49])
def test_too_few_rows_give_no_scores(rows: int) -> None:
    measured = shortcuts(corpus(labelled(names_billing, rows)))
    assert {measured.metrics[f"shortcut/{name}"] for name in ("majority", "length", "word")} == {None}
    assert measured.tables["shortcuts"] == []
    assert measured.worst["shortcuts"] == []


def test_planted_noise_is_found() -> None:
    rows = labelled(has_topic, 240)
    planted = {row["request_id"]: LABELS[(LABELS.index(row["label"]) + 1) % 3] for row in rows[::25]}
    measured = label_noise(corpus([{**row, "label": planted.get(row["request_id"], row["label"])} for row in rows]))
    found = {row["request_id"] for row in measured.worst["label_noise"]}
    assert len(found & set(planted)) >= 0.6 * len(planted)
    assert len(found & set(planted)) >= 0.8 * len(found)
    rate = measured.metrics["label_noise/rate"]
    assert rate == pytest.approx(len(planted) / len(rows), abs=0.02)
    assert measured.metrics["label_noise/tasks"] == 1
    (line,) = measured.tables["label_noise"]
    assert (line["issues"], line["rate"], line["note"]) == (len(found), rate, "")


@pytest.mark.parametrize(("text", "rows", "why"), [(says_nothing, 120, "macro-F1"), (has_topic, 40, "50 rows")])
def test_where_a_model_can_not_know_there_is_no_rate(text: Callable[[int, str], str], rows: int, why: str) -> None:
    measured = label_noise(corpus(labelled(text, rows)) if rows < 120 else _of(text))
    assert measured.metrics == {"label_noise/rate": None, "label_noise/tasks": 0}
    (line,) = measured.tables["label_noise"]
    assert (line["task"], line["issues"], line["rate"]) == (TASK.task, None, None)
    assert "not computable" in line["note"]
    assert why in line["note"]
    assert measured.worst == {"label_noise": []}


def test_without_cleanlab_the_table_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    measured = label_noise(_of(has_topic))
    assert measured.metrics == {"label_noise/rate": None, "label_noise/tasks": 0}
    (line,) = measured.tables["label_noise"]
    assert line["note"] == "not computable: pip install synthetic-textcat[labels]"


def test_without_examples_there_is_nothing_to_doubt() -> None:
    measured = label_noise(corpus([]))
    assert measured.metrics == {"label_noise/rate": None, "label_noise/tasks": 0}
    assert measured.tables == {"label_noise": []}
