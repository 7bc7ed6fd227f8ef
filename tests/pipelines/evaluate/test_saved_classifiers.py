"""Saved classifiers: what is written next to them, and that they are read without pickle."""

import json
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthetic_textcat.pipelines.evaluate.nodes import ClassifierScores, save_classifiers
from synthetic_textcat.pipelines.evaluate.saved_classifiers import (
    TRUSTED,
    classifier_card,
    classifier_facts,
)
from synthetic_textcat.pipelines.evaluate.scoring import FEW_ROWS, Tried, score
from synthetic_textcat.pipelines.evaluate.train_test_sets import Rows, Trial
from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import EvaluateParameters
from synthetic_textcat.tables import as_table
from tests.pipelines.evaluate.builders import TASK, labelled
from tests.support.label_set_rows import ROUTING, example_rows

_ASKED = [text for text, _ in labelled(12, "real")]


def _of_one_label() -> Tried:
    """A task of which a third of twelve real rows were guessed wrong."""
    texts, labels = zip(*labelled(30, "made"), strict=True)
    codes = np.array([TASK.label_names.index(label) for label in labels])
    real = Rows(_ASKED, codes[:12])
    none = Rows([], np.empty(0, np.int64))
    guessed = np.where(np.arange(12) < 4, 0, real.labels)
    return Tried(Trial(TASK, Rows(texts, codes), none, real, Counter()), real=score(real.labels, guessed, 42))


def _of_label_sets() -> Tried:
    rows = example_rows(100, tasks=[ROUTING])
    matrix = np.array([[name in own for name in ROUTING.label_names] for own in rows["labels"]], np.int8)
    train, asked = Rows(rows["input_text"].tolist(), matrix), Rows(rows["input_text"].tolist()[:20], matrix[:20])
    return Tried(Trial(ROUTING, train, asked, Rows([], matrix[:0]), Counter()), score(asked.labels, asked.labels, 42))


def test_facts_and_card_tell_scores_rows_and_writers() -> None:
    found = _of_one_label()
    facts = classifier_facts(found, None, ["m"])
    card = classifier_card(json.loads(json.dumps(facts)))
    assert facts["labels"] == list(TASK.label_names)
    assert facts["trusted"] == list(TRUSTED)
    real = facts["macro_f1"]["real_rows"]
    assert (real["rows"], real["few_rows"], real["macro_f1"]) == (12, True, found.real and found.real.macro_f1)
    assert f"| real rows | 12 (few) | {real['macro_f1']:.3f} |" in card
    assert FEW_ROWS in card
    assert f"`{TASK.task}`" in card
    assert "Trained on 30 synthetic rows, written by `m`" in card
    assert BANNER not in card
    assert f"**{BANNER}**\n\n| macro-F1" in classifier_card(classifier_facts(found, None, [OFFLINE_MODEL]))


def test_facts_and_card_of_label_sets_have_micro_f1() -> None:
    facts = classifier_facts(_of_label_sets(), None, ["m"])
    assert (facts["task_type"], facts["macro_f1"]["real_rows"]) == ("multi_label", None)
    card = classifier_card(facts)
    assert "| micro-F1 on |" in card
    assert "several a text or none" in card
    assert "Its quality on real text was not measured." in card


def _loaded(found: Tried) -> tuple[Any, dict[str, Any]]:
    """The model that a classifier's file holds, and its facts."""
    import skops.io

    task, exported = found.trial.task, as_table(pd.DataFrame({"model_name": ["m", "l", "m"]}))
    scores = ClassifierScores({}, [], [], tried=[found])
    (files,) = save_classifiers(scores, exported, EvaluateParameters(save_classifiers=True))
    assert set(files) == {f"{task.task_id}.{suffix}" for suffix in ("skops", "json", "md")}
    content, facts = (files[f"{task.task_id}.{suffix}"] for suffix in ("skops", "json"))
    assert isinstance(content, bytes)
    assert isinstance(facts, dict)
    assert facts["trained_on"]["written_by"] == ["l", "m"]
    assert skops.io.get_untrusted_types(data=content) == facts["trusted"]
    return skops.io.loads(content, trusted=facts["trusted"]), facts


@pytest.mark.whole_run  # the import of skops looks through every module of the process: up to three seconds
def test_saved_classifiers_predict_names_of_labels_or_zero_or_one_for_each() -> None:
    model, _ = _loaded(_of_one_label())
    assert list(model.predict(_ASKED)) == [label for _, label in labelled(12, "real")]
    model, facts = _loaded(_of_label_sets())
    (hot,) = model.predict(["billing1 billing2 billing3 billing4 shipping1 shipping3 shipping4 shipping5"])
    assert [label for label, is_on in zip(facts["labels"], hot, strict=True) if is_on] == ["Billing", "Shipping"]
