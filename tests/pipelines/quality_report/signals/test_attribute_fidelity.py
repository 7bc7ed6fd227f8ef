# ruff: noqa: RUF001  text in several scripts
"""Words against what was asked for."""

from typing import Any

import pytest

from synthetic_textcat.pipelines.quality_report.signals.attribute_fidelity import length
from tests.pipelines.quality_report.signals.made_corpus import corpus_of


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
