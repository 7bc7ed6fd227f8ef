"""Classifiers of several labels a text: one for each label, next to what is known of made texts."""

from collections.abc import Sequence
from functools import cache

import pytest

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.learnability import label_noise, learnability, shortcuts
from tests.pipelines.quality_report.signals.corpora import TASK, corpus, has_topic, labelled, words
from tests.pipelines.quality_report.signals.label_sets_made import TAGS, corpus_of, in_turn, tagged

_SENTENCE = "not computable: under 50 rows in 2 labels of 5 rows"


def _random_words(number: int, labels: Sequence[str]) -> str:
    del labels
    return " ".join(words(number))


@cache
def _telling() -> Corpus:
    """Texts with a word for each of their labels, whose classifiers are fitted once."""
    return corpus_of(tagged(in_turn(126)))


@cache
def _random() -> Corpus:
    """Texts that say nothing of their labels, likewise."""
    return corpus_of(tagged(in_turn(70), _random_words))


def test_labels_with_words_of_their_own_are_learnt_by_one_model_a_label() -> None:
    found = learnability(_telling())

    assert found.metrics["learnability/macro_f1"] == found.metrics["learnability/micro_f1"] == 1.0
    assert found.metrics[f"learnability/micro_f1/{TAGS.task_id}"] == 1.0
    line = found.tables["learnability"][0]
    assert (line["labels"], line["micro_f1"]) == (4, 1.0)
    assert line["chance_f1"] == pytest.approx((2 + 3 + 2 + 1) / 7 / 4, abs=1e-3)
    assert "one word per label reaches 100%" in line["note"]


def test_labels_of_which_the_texts_say_nothing_are_not_learnt() -> None:
    found = learnability(_random())
    assert (found.metrics["learnability/micro_f1"] or 0.0) < 0.5


def test_the_figures_of_tasks_with_one_label_stay_beside_those_with_several() -> None:
    alone = learnability(corpus(labelled(has_topic, 60)))
    mixed = learnability(corpus_of([*labelled(has_topic, 60), *tagged(in_turn(56))], (TASK, TAGS)))

    name = f"learnability/macro_f1/{TASK.task_id}"
    assert mixed.metrics[name] == alone.metrics[name]
    assert "learnability/micro_f1" not in alone.metrics
    own = [line for line in mixed.tables["learnability"] if line["task"] == TASK.task]
    assert own == [{**line, "micro_f1": None} for line in alone.tables["learnability"]]


def test_few_rows_are_not_computable_and_say_why() -> None:
    found = learnability(corpus_of(tagged(in_turn(40))))
    assert found.metrics["learnability/tasks"] == 0
    (line,) = found.tables["learnability"]
    assert (line["task"], line["rows"], line["labels"], line["note"]) == (TAGS.task, 40, 4, _SENTENCE)


def test_words_and_lengths_that_give_a_label_away_are_named() -> None:
    found = shortcuts(_telling())
    assert found.metrics["shortcut/word"] == 1.0
    assert {word.split(" → ")[0] for word in found.tables["shortcuts"][0]["words"].split(", ")} == {
        f"about{label}" for label in TAGS.label_names
    }
    texts = {False: 8, True: 40}
    by_length = shortcuts(
        corpus_of(tagged(in_turn(70), lambda number, own: " ".join(words(number, texts["billing" in own]))))
    )
    gains = [found.metrics["shortcut/length_gain"] or 0.0 for found in (by_length, shortcuts(_random()))]
    assert gains[0] > gains[1] + 0.2


def test_a_longer_label_counts_for_each_label_of_a_row() -> None:
    rows = [{**row, "misleading_label": "praise"} for row in tagged([("billing", "delivery")] * 10)]
    found = shortcuts(corpus_of([*rows, *tagged([()] * 5)][:10])).metrics
    assert found["shortcut/longer_label"] == 1.0
    assert (found["shortcut/longer_label_low"] or 0.0) > 0.8


def test_a_wrong_set_of_labels_is_doubted_label_by_label() -> None:
    rows = tagged(in_turn(105))
    rows[1] = {**rows[1], "labels": ("praise",)}  # its text is about billing
    found = corpus_of(rows)
    worst = learnability(found).worst["learnability"][0]
    assert worst["request_id"] == rows[1]["request_id"]
    assert "model adds 'billing'" in worst["detail"]
    assert "model misses 'praise'" in worst["detail"]
    noise = label_noise(found)
    assert noise.metrics["label_noise/tasks"] == 1
    assert rows[1]["request_id"] in [row["request_id"] for row in noise.worst["label_noise"]]
