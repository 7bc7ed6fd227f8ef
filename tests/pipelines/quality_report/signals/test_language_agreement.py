"""Verdicts on languages, by language and group."""

from typing import Any

import pytest

from synthetic_textcat.pipelines.quality_report.checks.language import can_agree
from synthetic_textcat.pipelines.quality_report.signals.language_agreement import MIN_ROWS, language_agreement
from tests.pipelines.quality_report.signals.made_corpus import corpus_of


def _rows(language: str, **verdicts: int) -> list[dict[str, Any]]:
    """So many rows of each verdict: wrong ones are rejected."""
    rows = []
    for verdict, times in verdicts.items():
        wrong = {"reject_reason": "wrong_language", "detail": f"asked for {language}, reads as English"}
        row = {"language": language, "language_verdict": verdict.replace("_", " ")}
        rows += [{**row, **(wrong if verdict == "wrong" else {})}] * times
    return rows


def test_agreement_in_all_and_by_language() -> None:
    corpus = corpus_of(
        *_rows("German", agrees=27, wrong=3, not_verifiable=10),
        *_rows("French", agrees=MIN_ROWS - 1),
        {"language": "French", "reject_reason": "same_labels"},
    )
    measured = language_agreement(corpus)
    assert measured.metrics == {
        "language/agreement": 56 / 59,
        "language/agreement_macro": pytest.approx(0.95),
        "language/agreement_lowest": 0.9,
        "language/not_verifiable": 10 / 69,
        "language/agreement/de": 0.9,
    }
    assert measured.tables["language_agreement"] == [
        {"language": "German", "rows": 40, "agrees": 27, "wrong": 3, "not_verifiable": 10, "agreement": 0.9},
        {"language": "French", "rows": 29, "agrees": 29, "wrong": 0, "not_verifiable": 0, "agreement": 1.0},
    ]


def test_confusable_languages_count_as_one_in_the_mean() -> None:
    corpus = corpus_of(*_rows("Bosnian", agrees=1), *_rows("Serbian", agrees=1, wrong=2), *_rows("Greek", agrees=4))
    assert language_agreement(corpus).metrics["language/agreement_macro"] == pytest.approx((2 / 4 + 1) / 2)


@pytest.mark.parametrize("language", ["Hindi Romanized", "Sindhi", "Burmese (Zawgyi)"])
def test_languages_that_nothing_can_agree_with_have_no_agreement(language: str) -> None:
    corpus = corpus_of(*_rows(language, wrong=MIN_ROWS, not_verifiable=30), *_rows("Thai", agrees=3))
    measured = language_agreement(corpus)
    assert measured.metrics == {
        "language/agreement": 1.0,
        "language/agreement_macro": 1.0,
        "language/agreement_lowest": None,
        "language/not_verifiable": 30 / 63,
    }
    assert measured.tables["language_agreement"][0]["agreement"] is None
    assert measured.tables["language_agreement"][0]["wrong"] == MIN_ROWS


def test_which_languages_can_be_agreed_with() -> None:
    assert all(map(can_agree, ["English", "zh-Hans", "Thai", "Korean", "sr"]))
    assert not any(map(can_agree, ["Tamil Romanized", "Sundanese", "Yiddish"]))


def test_what_was_found_instead() -> None:
    corpus = corpus_of(
        *_rows("German", agrees=1, wrong=2),
        {
            "language": "Chinese (Simplified)",
            "reject_reason": "wrong_language",
            "detail": "asked for Chinese (Simplified), its letters are Latin",
        },
        {"language": "German", "reject_reason": "label_leaked", "detail": "the text names 'x, reads as y'"},
    )
    assert language_agreement(corpus).tables["language_found"] == [
        {"asked": "German", "found": "English", "rows": 2},
        {"asked": "Chinese (Simplified)", "found": "Latin letters", "rows": 1},
    ]


@pytest.mark.parametrize("rows", [[], [{}, {}], [{"reject_reason": "same_labels"}]])
def test_no_verdict_no_number(rows: list[dict[str, Any]]) -> None:
    measured = language_agreement(corpus_of(*rows))
    assert measured.metrics == {
        "language/agreement": None,
        "language/agreement_macro": None,
        "language/agreement_lowest": None,
        "language/not_verifiable": None,
    }
    assert measured.tables == {"language_agreement": [], "language_found": []}


def test_only_unverifiable_rows() -> None:
    metrics = language_agreement(corpus_of(*_rows("German", not_verifiable=2))).metrics
    assert metrics["language/agreement"] is None
    assert metrics["language/agreement_macro"] is None
    assert metrics["language/not_verifiable"] == 1.0
