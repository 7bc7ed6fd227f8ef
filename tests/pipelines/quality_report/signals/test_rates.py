"""What the checks found of the candidates, and the funnel.

Verdicts on languages, by language and group.

Where rows are lost.
"""

from dataclasses import replace
from typing import Any

import pytest

from synthetic_textcat.pipelines.quality_report.checks.language import can_agree
from synthetic_textcat.pipelines.quality_report.signals.rates import (
    MIN_VERIFIABLE_ROWS,
    language_agreement,
    losses,
    reject_rates,
)
from synthetic_textcat.schemas.outcomes import REJECT_REASONS
from synthetic_textcat.schemas.parameters import QualityReportParameters
from tests.pipelines.quality_report.builders import ends_of
from tests.pipelines.quality_report.signals.made_corpus import corpus_of

_LEAKED = {"reject_reason": "label_leaked", "detail": "the text names 'bad'"}


def _near(similarity: str, kept: str, **changes: Any) -> dict[str, Any]:
    return {"reject_reason": "near_duplicate", "detail": f"{similarity} like {kept}", **changes}


def test_rates_are_shares_of_the_candidates() -> None:
    corpus = corpus_of({}, {}, {}, _LEAKED, {"reject_reason": "same_labels"}, {"failure_cause": "timeout"})
    metrics = reject_rates(corpus).metrics
    assert metrics.pop("rate/label_leaked") == 0.2
    assert metrics.pop("rate/same_labels") == 0.2
    assert set(metrics) == {f"rate/{reason}" for reason in REJECT_REASONS} - {"rate/label_leaked", "rate/same_labels"}
    assert set(metrics.values()) == {0.0}


def test_flagged_rows_count_and_none_twice() -> None:
    corpus = corpus_of(
        {"flags": "label_leaked, near_duplicate"}, {"flags": "label_leaked"}, {**_LEAKED, "flags": "label_leaked"}, {}
    )
    measured = reject_rates(corpus)
    assert (measured.metrics["rate/label_leaked"], measured.metrics["rate/near_duplicate"]) == (0.75, 0.25)
    assert measured.tables["leakage_by_language"] == [{"language": "English", "rows": 4, "leaked": 3, "rate": 0.75}]


def test_leakage_by_language_and_task_with_the_larger_ones_first() -> None:
    corpus = corpus_of(
        *[{"language": "Welsh"}, {"language": "Welsh", **_LEAKED, "task_id": "t1", "task": "Sort a joke."}],
        *[{"language": "German"}] * 29,
        *[{"language": "German", **_LEAKED}] * 3,
        *[{"language": "French", **_LEAKED}] * 6,
        *[{"language": "French"}] * 24,
        {"language": "Greek"},
    )
    tables = reject_rates(corpus).tables
    assert tables["leakage_by_language"] == [
        {"language": "French", "rows": 30, "leaked": 6, "rate": 0.2},
        {"language": "German", "rows": 32, "leaked": 3, "rate": 3 / 32},
        {"language": "Welsh", "rows": 2, "leaked": 1, "rate": 0.5},
    ]
    assert tables["leakage_by_task"] == [
        {"task": "Sort a review.", "rows": 64, "leaked": 9, "rate": 9 / 64},
        {"task": "Sort a joke.", "rows": 1, "leaked": 1, "rate": 1.0},
    ]


def test_at_most_fifty_are_listed() -> None:
    corpus = corpus_of(*[{"task_id": f"t{number}", **_LEAKED} for number in range(60)])
    assert len(reject_rates(corpus).tables["leakage_by_task"]) == 50


def test_the_funnel_narrows() -> None:
    corpus = corpus_of(
        {},
        _LEAKED,
        {"not_run": True},
        {"failure_cause": "rate_limited"},
        {"failure_cause": "invalid_json"},
        {"failure_cause": "content_filtered"},
    )
    assert reject_rates(corpus).tables["funnel"] == [
        {"stage": "planned", "rows": 6},
        {"stage": "answered", "rows": 4},
        {"stage": "parsed", "rows": 2},
        {"stage": "accepted", "rows": 1},
    ]


def test_clusters_are_a_row_and_those_like_it() -> None:
    corpus = corpus_of({}, {}, {}, _near("0.93", "r0"), _near("0.81", "r0"), _near("1.00", "r1"), _near("0.90", "r2"))
    assert reject_rates(corpus).tables["near_duplicate_clusters"] == [
        {"size": 2, "clusters": 2},
        {"size": 3, "clusters": 1},
    ]


def test_the_worst_near_duplicates_are_the_most_alike() -> None:
    rows = [_near(f"0.{number}", "r0") for number in (81, 99, 90)]
    worst = reject_rates(corpus_of({}, *rows, _LEAKED)).worst
    assert worst["near_duplicate"] == [
        {"request_id": "r2", "detail": "0.99 like r0"},
        {"request_id": "r3", "detail": "0.90 like r0"},
        {"request_id": "r1", "detail": "0.81 like r0"},
    ]
    assert worst["label_leaked"] == [{"request_id": "r4", "detail": "the text names 'bad'"}]


def test_twenty_of_each_other_reason_are_drawn_by_the_seed_alone() -> None:
    rows = [{**_LEAKED, "request_id": f"x{number}"} for number in range(40)]
    drawn, again = (reject_rates(corpus_of(*order)).worst for order in (rows, rows[::-1]))
    assert drawn == again
    assert len(drawn["label_leaked"]) == 20
    assert drawn != reject_rates(corpus_of(*rows, seed=1)).worst
    assert set(drawn) == {"label_leaked"}


def test_no_candidates() -> None:
    measured = reject_rates(corpus_of({"not_run": True}))
    assert set(measured.metrics.values()) == {None}
    assert [line["rows"] for line in measured.tables["funnel"]] == [1, 0, 0, 0]
    assert measured.tables["leakage_by_language"] == []
    assert measured.tables["near_duplicate_clusters"] == []
    assert measured.worst == {}


def test_flagged_rows_are_counted_shown_and_pointed_at_as_rejected_ones_are() -> None:
    corpus = corpus_of(
        {"flags": "near_duplicate", "detail": "0.90 like r9"},
        {"flags": "label_leaked, wrong_language", "detail": "the text names 'a; b'; asked for German, reads as French"},
        {"flags": "label_leaked, near_duplicate", "detail": "the text names 'x'; 0.85 like r9"},
    )
    settings = QualityReportParameters(flag_only=("near_duplicate", "wrong_language"))
    measured = reject_rates(replace(corpus, settings=settings))
    assert measured.metrics["flagged/near_duplicate"] == 2
    assert measured.metrics["flagged/wrong_language"] == 1
    assert measured.tables["near_duplicate_clusters"] == [{"size": 3, "clusters": 1}]
    assert [row["request_id"] for row in measured.worst["near_duplicate"]] == ["r0", "r2"]
    assert {row["request_id"] for row in measured.worst["label_leaked"]} == {"r1", "r2"}


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
        *_rows("French", agrees=MIN_VERIFIABLE_ROWS - 1),
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
    corpus = corpus_of(*_rows(language, wrong=MIN_VERIFIABLE_ROWS, not_verifiable=30), *_rows("Thai", agrees=3))
    measured = language_agreement(corpus)
    assert measured.metrics == {
        "language/agreement": 1.0,
        "language/agreement_macro": 1.0,
        "language/agreement_lowest": None,
        "language/not_verifiable": 30 / 63,
    }
    assert measured.tables["language_agreement"][0]["agreement"] is None
    assert measured.tables["language_agreement"][0]["wrong"] == MIN_VERIFIABLE_ROWS


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


def test_tasks_and_languages_are_reported_with_their_most_common_reason_the_lowest_yield_first() -> None:
    leaked, german = {"reject_reason": "label_leaked"}, {"language": "German"}
    corpus = corpus_of(
        {},
        {},
        {**german, **leaked},
        {**german, **leaked},
        {**german, "reject_reason": "wrong_language"},
        {**german, "failure_cause": "refused"},
    )
    tables = losses(corpus).tables
    assert tables["losses_by_language"] == [
        {
            "language": "German",
            "planned": 4,
            "accepted": 0,
            "rejected": 3,
            "rest": 1,
            "yield": 0.0,
            "reason": "label leaked (2)",
        },
        {"language": "English", "planned": 2, "accepted": 2, "rejected": 0, "rest": 0, "yield": 1.0, "reason": None},
    ]
    [task] = tables["losses_by_task"]
    assert (task["planned"], task["accepted"], task["reason"]) == (6, 2, "label leaked (2)")


def test_surplus_rows_count_as_planned_and_good_where_rows_are_lost() -> None:
    rows = corpus_of({}, {"reject_reason": "label_leaked"}, {})
    quota = replace(rows, ends=ends_of({"r0": "accepted", "r1": "label_leaked", "r2": "surplus"}))
    [task] = losses(quota).tables["losses_by_task"]
    assert (task["planned"], task["accepted"], task["rejected"], task["rest"]) == (3, 1, 1, 1)
    assert task["yield"] == pytest.approx(2 / 3)


def test_nothing_planned_has_no_lines() -> None:
    assert losses(corpus_of()).tables == {"losses_by_task": [], "losses_by_language": []}
