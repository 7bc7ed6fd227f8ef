"""What can be learnt without reading."""

import pytest

from synthetic_textcat.pipelines.quality_report.metrics import Metrics
from synthetic_textcat.pipelines.quality_report.signals.shortcuts import shortcuts
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.quality_report.signals.corpora import (
    TASK,
    corpus,
    has_length,
    labelled,
    names_billing,
    says_nothing,
)

_OTHER = Task.model_validate({"task": "Sort a letter.", "labels": ["billing", "delivery", "praise"]})


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
    measured = shortcuts(corpus(labelled(lambda number, label: f"{says_nothing(number, label)} x{label}x")))
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
    few, many = labelled(has_length, 60, _OTHER), labelled(says_nothing, 240)
    apart = [_scores(shortcuts(corpus(rows, [TASK, _OTHER])).metrics)[0] for rows in (few, many)]
    length, _ = _scores(shortcuts(corpus([*few, *many], [TASK, _OTHER])).metrics)
    assert length == pytest.approx((60 * apart[0] + 240 * apart[1]) / 300, abs=1e-3)


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
