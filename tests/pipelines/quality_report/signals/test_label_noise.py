"""Rows with a wrong label are found, where a model can know."""

import sys
from collections.abc import Callable

import pytest

from synthetic_textcat.pipelines.quality_report.signals.label_noise import label_noise
from tests.pipelines.quality_report.signals.corpora import LABELS, TASK, corpus, has_topic, labelled, says_nothing


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
    measured = label_noise(corpus(labelled(text, rows)))
    assert measured.metrics == {"label_noise/rate": None, "label_noise/tasks": 0}
    (line,) = measured.tables["label_noise"]
    assert (line["task"], line["issues"], line["rate"]) == (TASK.task, None, None)
    assert "not computable" in line["note"]
    assert why in line["note"]
    assert measured.worst == {"label_noise": []}


def test_without_cleanlab_the_table_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    measured = label_noise(corpus(labelled(has_topic)))
    assert measured.metrics == {"label_noise/rate": None, "label_noise/tasks": 0}
    (line,) = measured.tables["label_noise"]
    assert line["note"] == "not computable: pip install synthetic-textcat[labels]"


def test_without_examples_there_is_nothing_to_doubt() -> None:
    measured = label_noise(corpus([]))
    assert measured.metrics == {"label_noise/rate": None, "label_noise/tasks": 0}
    assert measured.tables == {"label_noise": []}
