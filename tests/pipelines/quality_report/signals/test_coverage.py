"""The plan against what was accepted of it."""

from typing import Any

import pytest

from synthetic_textcat.pipelines.quality_report.signals.coverage import coverage
from synthetic_textcat.schemas.rows import ATTRIBUTES
from tests.pipelines.quality_report.signals.made_corpus import corpus_of

_REJECTED = {"reject_reason": "same_labels"}


def _rows(accepted: int, rejected: int, **changes: Any) -> list[dict[str, Any]]:
    return [changes] * accepted + [{**changes, **_REJECTED}] * rejected


def test_distance_and_table() -> None:
    corpus = corpus_of(
        *_rows(3, 1, language="English", tone="angry", label="bad"), *_rows(1, 3, language="German", tone=None)
    )
    measured = coverage(corpus)
    assert measured.metrics["coverage/language"] == 0.25
    assert measured.metrics["coverage/difficulty"] == 0.0
    assert measured.metrics["coverage/tone"] == 0.0
    assert [line for line in measured.tables["coverage"] if line["attribute"] == "language"] == [
        {
            "attribute": "language",
            "value": "English",
            "planned": 4,
            "accepted": 3,
            "share_planned": 0.5,
            "share_accepted": 0.75,
        },
        {
            "attribute": "language",
            "value": "German",
            "planned": 4,
            "accepted": 1,
            "share_planned": 0.5,
            "share_accepted": 0.25,
        },
    ]
    assert [line["planned"] for line in measured.tables["coverage"] if line["attribute"] == "tone"] == [4]


def test_rows_not_run_and_failed_are_not_covered() -> None:
    corpus = corpus_of({"clarity": "clear"}, {"clarity": "ambiguous", "not_run": True}, {"failure_cause": "timeout"})
    assert coverage(corpus).metrics["coverage/clarity"] == pytest.approx(1 / 3)


def test_a_value_that_nothing_was_accepted_of() -> None:
    metrics = coverage(corpus_of(*_rows(2, 0, label="good"), *_rows(0, 2, label="bad"))).metrics
    assert metrics["coverage/label"] == 0.5


def test_p_is_that_of_independence() -> None:
    skewed = coverage(corpus_of(*_rows(30, 10, label="good"), *_rows(20, 20, label="bad"))).metrics
    assert skewed["coverage/p/label"] == pytest.approx(0.02092, abs=1e-5)  # chi-squared 16/3, one degree of freedom
    assert skewed["coverage/p/language"] is None
    even = coverage(corpus_of(*_rows(20, 20, label="good"), *_rows(20, 20, label="bad"))).metrics
    assert even["coverage/p/label"] == 1.0


@pytest.mark.parametrize(("accepted", "rejected"), [(100, 0), (100, 4), (4, 100), (0, 100)])
def test_too_few_expected_rows_give_no_p(accepted: int, rejected: int) -> None:
    rows = [*_rows(accepted, rejected, label="good"), *_rows(accepted, rejected, label="bad")]
    assert coverage(corpus_of(*rows)).metrics["coverage/p/label"] is None


def test_the_largest_differences_come_first_and_at_most_a_hundred_values() -> None:
    many = [{"label": f"label {number}", "clarity": "clear"} for number in range(150)]
    corpus = corpus_of(*many, *_rows(0, 50, label="label 149", clarity="ambiguous"))
    measured = coverage(corpus)
    assert measured.metrics["coverage/clarity"] == 0.25
    table = measured.tables["coverage"]
    assert [line["value"] for line in table][:3] == ["ambiguous", "clear", "label 149"]
    assert len([line for line in table if line["attribute"] == "label"]) == 100


def test_the_largest_distance_is_of_attributes_with_enough_rows_a_value() -> None:
    rows = [*_rows(30, 30, tone="angry"), *_rows(30, 0, tone="calm", label="some"), *_rows(0, 20, tone="calm")]
    many = [{"label": f"label {number}", "tone": "calm", **_REJECTED} for number in range(40)]
    metrics = coverage(corpus_of(*rows, *many)).metrics
    assert metrics["coverage/tone"] == metrics["coverage/largest"] == pytest.approx(0.5 - 60 / 150)
    assert metrics["coverage/label"] is not None
    assert metrics["coverage/label"] > 0.1


def test_nothing_accepted_or_planned() -> None:
    for corpus in (corpus_of(), corpus_of(*_rows(0, 2, label=None))):
        measured = coverage(corpus)
        assert set(measured.metrics.values()) == {None}
        assert all(line["share_accepted"] is None for line in measured.tables["coverage"])
    assert [line["attribute"] for line in measured.tables["coverage"]] == list(ATTRIBUTES)
