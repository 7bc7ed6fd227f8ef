# ruff: noqa: RUF001  text in several scripts
"""LIX by language and difficulty."""

from typing import Any

from synthetic_textcat.pipelines.quality_report.signals.attribute_fidelity import MIN_ROWS, readability
from tests.pipelines.quality_report.signals.made_corpus import corpus_of

_EASY = "We eat it now."  # 4 words, 1 sentence: LIX 4
_MEDIUM = "We evaluate it now."  # one of 4 words is long: 29
_HARD = "Epistemology presupposes ontological commitments."  # all are: 104


def _rows(text: str, difficulty: str, rows: int = MIN_ROWS, **changes: Any) -> list[dict[str, Any]]:
    return [{"input_text": text, "difficulty": difficulty, **changes}] * rows


_RISING = [*_rows(_EASY, "high school"), *_rows(_MEDIUM, "college"), *_rows(_HARD, "PhD")]
_FALLING = [*_rows(_HARD, "high school", language="German"), *_rows(_EASY, "PhD", language="German")]


def test_lix_and_its_order() -> None:
    measured = readability(corpus_of(*_RISING, *_FALLING))
    assert measured.metrics == {
        "readability/rows_measured": 150,
        "readability/ordered": 0.5,
        "readability/lix/high_school": 4.0,
        "readability/lix/college": 29.0,
        "readability/lix/phd": 104.0,
    }
    assert list(measured.tables["readability"])[:2] == [
        {"language": "English", "difficulty": "high school", "rows": 30, "p25": 4.0, "median": 4.0, "p75": 4.0},
        {"language": "English", "difficulty": "college", "rows": 30, "p25": 29.0, "median": 29.0, "p75": 29.0},
    ]
    assert [line["language"] for line in measured.tables["readability"]] == ["English"] * 3 + ["German"] * 2


def test_sentences_count() -> None:
    line = readability(corpus_of({"input_text": "We eat. It rains tomorrow."})).tables["readability"][0]
    assert line["median"] == 5 / 2 + 100 / 5


def test_equal_medians_do_not_rise() -> None:
    corpus = corpus_of(*_rows(_EASY, "high school"), *_rows(_EASY, "college"))
    assert readability(corpus).metrics["readability/ordered"] == 0.0


def test_a_language_with_a_small_group_is_not_ordered() -> None:
    corpus = corpus_of(*_rows(_EASY, "high school"), *_rows(_MEDIUM, "college"), *_rows(_HARD, "PhD", MIN_ROWS - 1))
    metrics = readability(corpus).metrics
    assert metrics["readability/ordered"] is None
    assert metrics["readability/lix/college"] == 29.0
    assert metrics["readability/lix/phd"] is None


def test_one_difficulty_has_no_order() -> None:
    metrics = readability(corpus_of(*_rows(_MEDIUM, "college"))).metrics
    assert (metrics["readability/ordered"], metrics["readability/lix/college"]) == (None, 29.0)


def test_only_latin_and_cyrillic_texts_with_a_word_are_measured() -> None:
    corpus = corpus_of(
        {"input_text": "Посылка пришла во вторник.", "language": "Russian"},
        {"input_text": "Το δέμα ήρθε την Τρίτη;", "language": "Greek"},
        {"input_text": "小包は火曜日に届いた。", "language": "Japanese"},
        {"input_text": "وصل الطرد يوم الثلاثاء.", "language": "Arabic"},
        {"input_text": "!!!"},
    )
    measured = readability(corpus)
    assert measured.metrics["readability/rows_measured"] == 1
    (line,) = measured.tables["readability"]
    assert (line["language"], line["median"]) == ("Russian", 4 + 100 * 2 / 4)


def test_no_examples() -> None:
    measured = readability(corpus_of())
    assert measured.metrics.pop("readability/rows_measured") == 0
    assert set(measured.metrics.values()) == {None}
    assert measured.tables == {"readability": []}
