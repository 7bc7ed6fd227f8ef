# ruff: noqa: RUF001  text in several scripts
"""Words against what was asked for.

The plan against what was accepted of it.
"""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.pipelines.quality_report.signals.attribute_fidelity import coverage, length
from synthetic_textcat.schemas.rows import ATTRIBUTES
from tests.pipelines.quality_report.signals.made_corpus import corpus_of
from tests.support.each_case import each_of

_REJECTED = {"reject_reason": "same_labels"}


def _row(words: int, bucket: str, **changes: Any) -> dict[str, Any]:
    return {"input_text": " ".join(["word"] * words), "num_words": bucket, **changes}


_CORPUS = corpus_of(
    _row(9, "less than 10"),
    _row(10, "less than 10"),
    _row(40, "less than 10"),
    _row(10, "at least 10"),
    _row(900, "at least 10"),
    _row(31, "at least 100"),
    _row(0, "at least 100"),
    _row(1, "at least 200", language="Burmese (Zawgyi)"),
)


def test_rows_in_their_bucket() -> None:
    metrics = length(_CORPUS).metrics
    assert metrics == {
        "length/measurable": 7 / 8,
        "length/in_bucket": 3 / 7,
        "length/median_words": 10.0,
        "length/in_bucket/less_than_10": pytest.approx(1 / 3),
        "length/in_bucket/at_least_10": 1.0,
        "length/in_bucket/at_least_50": None,
        "length/in_bucket/at_least_100": 0.0,
        "length/in_bucket/at_least_200": None,
    }


def test_tables() -> None:
    tables = length(_CORPUS).tables
    first, second, third = tables["length"]
    assert second == {"num_words": "at least 10", "rows": 2, "in_bucket": 1.0, "p10": 99, "median": 455, "p90": 811}
    assert (first["rows"], third["rows"]) == (3, 2)
    bars = [bar for bar in tables["length_histogram"] if bar["rows"]]
    assert [(bar["num_words"], bar["from"], bar["to"], bar["rows"]) for bar in bars] == [
        ("less than 10", 5, 10, 1),
        ("less than 10", 10, 15, 1),
        ("less than 10", 30, 50, 1),
        ("at least 10", 10, 15, 1),
        ("at least 10", 500, 1000, 1),
        ("at least 100", 0, 1, 1),
        ("at least 100", 30, 50, 1),
    ]


def test_the_last_bar_has_no_end() -> None:
    bars = length(corpus_of(_row(1000, "at least 200"), _row(5000, "at least 200"))).tables["length_histogram"]
    assert (bars[-1]["from"], bars[-1]["to"], bars[-1]["rows"]) == (1000, None, 2)


def test_the_worst_are_those_furthest_from_the_bound_by_ratio() -> None:
    assert length(_CORPUS).worst["length"] == [
        {"request_id": "r6", "detail": "requested at least 100 words, has 0"},
        {"request_id": "r2", "detail": "requested less than 10 words, has 40"},
        {"request_id": "r5", "detail": "requested at least 100 words, has 31"},
        {"request_id": "r1", "detail": "requested less than 10 words, has 10"},
    ]


def test_text_in_several_scripts() -> None:
    corpus = corpus_of(
        {"input_text": "包裹星期二到了，但是没有人在家。", "language": "Chinese (Simplified)"},
        {"input_text": "荷物は火曜日に届いたが、誰も家にいなかった。", "language": "Japanese"},
        {"input_text": "พัสดุมาถึงวันอังคาร", "language": "Thai"},
        {"input_text": "ພັດສະດຸມາຮອດວັນອັງຄານ", "language": "Lao"},
        {"input_text": "កញ្ចប់មកដល់ថ្ងៃអង្គារ", "language": "Khmer"},
        {"input_text": "အထုပ်က အင်္ဂါနေ့မှာ ရောက်တယ်", "language": "Burmese"},
        {"input_text": "소포가 화요일에 왔어요", "language": "Korean"},
        {"input_text": "पार्सल मंगलवार को आया", "language": "Hindi"},
        {"input_text": "وصل الطرد يوم الثلاثاء", "language": "Arabic"},
        {"input_text": "Посылка пришла во вторник", "language": "Russian"},
    )
    measured = length(corpus)
    assert measured.metrics["length/measurable"] == 1.0
    assert measured.metrics["length/in_bucket"] == 0.9  # the Japanese one has 15 words by ICU
    assert measured.tables["length"][0]["rows"] == 10
    assert measured.metrics["length/median_words"] == 4
    assert measured.worst["length"] == [{"request_id": "r1", "detail": "requested less than 10 words, has 15"}]


def test_own_ranges_in_words_and_characters() -> None:
    corpus = corpus_of(
        _row(30, "20 to 40"),
        _row(41, "20 to 40"),
        _row(5, "exactly 5"),
        {"input_text": "a" * 280, "num_words": "at most 280 characters"},
        {"input_text": "e\u0301" * 281, "num_words": "at most 280 characters"},
        {"input_text": "荷物" * 60, "num_words": "100 to 150 characters", "language": "Japanese"},
        {"input_text": "x" * 12, "num_words": "at least 10 characters", "language": "Burmese (Zawgyi)"},
    )
    measured = length(corpus)
    own = {name: share for name, share in measured.metrics.items() if share is not None and "/in_bucket/" in name}
    assert own == {
        "length/in_bucket/exactly_5": 1.0,
        "length/in_bucket/20_to_40": 0.5,
        "length/in_bucket/at_most_280_characters": 0.5,
        "length/in_bucket/at_least_10_characters": 1.0,
        "length/in_bucket/100_to_150_characters": 1.0,
    }
    assert (measured.metrics["length/median_words"], measured.metrics["length/median_characters"]) == (30, 200)
    assert next(row["num_words"] for row in measured.tables["length"]) == "exactly 5"
    units = {bar["num_words"]: bar["unit"] for bar in measured.tables["length_histogram"]}
    assert [units["20 to 40"], units["at most 280 characters"]] == ["words", "characters"]
    assert measured.worst["length"] == [
        {"request_id": "r1", "detail": "requested 20 to 40 words, has 41"},
        {"request_id": "r4", "detail": "requested at most 280 characters, has 281"},
    ]


@pytest.mark.parametrize(
    ("corpus", "measurable"), [(corpus_of(), None), (corpus_of({"language": "Burmese (Zawgyi)"}), 0.0)]
)
def test_nothing_to_measure(corpus: Any, measurable: float | None) -> None:
    measured = length(corpus)
    assert measured.metrics.pop("length/measurable") == measurable
    assert set(measured.metrics.values()) == {None}
    assert measured.tables == {"length": [], "length_histogram": []}
    assert measured.worst == {"length": []}


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


def test_a_quota_is_covered_as_it_asks_not_as_lost_rows_are_planned_again() -> None:
    """Three of four German rows are lost, and planned again until the quota is full."""
    rows = [*_rows(20, 0, language="English"), *_rows(20, 60, language="German")]
    assert coverage(corpus_of(*rows)).metrics["coverage/language"] == pytest.approx(0.3)

    slots = pd.DataFrame({"language": ["English"] * 20 + ["German"] * 20 + ["Turkish"] * 10})
    measured = coverage(replace(corpus_of(*rows), quota_slots=slots))

    assert measured.metrics["coverage/language"] == pytest.approx(0.2)
    lines = {line["value"]: line for line in measured.tables["coverage"] if line["attribute"] == "language"}
    assert {value: (line["planned"], line["accepted"]) for value, line in lines.items()} == {
        "English": (20, 20),
        "German": (20, 20),
        "Turkish": (10, 0),
    }
    assert measured.metrics["coverage/p/language"] is not None  # whether lost rows depend on the language


def test_p_is_that_of_independence() -> None:
    skewed = coverage(corpus_of(*_rows(30, 10, label="good"), *_rows(20, 20, label="bad"))).metrics
    assert skewed["coverage/p/label"] == pytest.approx(0.02092, abs=1e-5)  # chi-squared 16/3, one degree of freedom
    assert skewed["coverage/p/language"] is None
    even = coverage(corpus_of(*_rows(20, 20, label="good"), *_rows(20, 20, label="bad"))).metrics
    assert even["coverage/p/label"] == 1.0


@each_of(("accepted", "rejected"), [(100, 0), (100, 4), (4, 100), (0, 100)])
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
