"""Each reject reason alone: what it catches, and what it lets through."""

from itertools import chain

import pytest

from synthetic_textcat.pipelines.quality_report.checks.comparisons import COMPARISONS
from synthetic_textcat.pipelines.quality_report.checks.row_checks import (
    ROW_CHECKS,
    empty_field,
    label_leaked,
    label_not_as_planned,
    label_not_in_set,
    misleading_label_not_in_set,
    same_labels,
)
from synthetic_textcat.pipelines.quality_report.checks.verdicts import in_public_order
from synthetic_textcat.schemas.outcomes import REJECT_REASONS
from tests.pipelines.quality_report.builders import candidate, open_candidate
from tests.support.each_case import each_of


def test_checks_are_tried_in_the_public_order() -> None:
    shuffled = dict(reversed(ROW_CHECKS.items()))
    assert tuple(chain(*in_public_order(shuffled, COMPARISONS))) == REJECT_REASONS


def test_a_check_and_a_reason_that_lack_one_another_are_an_error() -> None:
    misspelt = {"label_leeked" if reason == "label_leaked" else reason: check for reason, check in ROW_CHECKS.items()}
    with pytest.raises(ValueError, match="lacks the checks label_leeked"):
        in_public_order(misspelt, COMPARISONS)
    with pytest.raises(ValueError, match="registered as near_duplicate"):
        in_public_order(ROW_CHECKS, {name: check for name, check in COMPARISONS.items() if name != "near_duplicate"})
    with pytest.raises(ValueError, match="a comparison before a check of one row"):
        in_public_order({**ROW_CHECKS, "near_duplicate": label_leaked}, COMPARISONS)


@each_of("reason", ROW_CHECKS)
def test_a_good_row_passes_every_check(reason: str) -> None:
    assert ROW_CHECKS[reason](candidate()) is None
    assert ROW_CHECKS[reason](open_candidate()) is None


@pytest.mark.parametrize("field", ["input_text", "label", "misleading_label"])
@pytest.mark.parametrize("blank", ["", "  ", "\n\t", "\u00a0", "\u3000"])
def test_an_empty_field_is_named(field: str, blank: str) -> None:
    assert empty_field(candidate(**{field: blank})) == f"empty: {field}"


@pytest.mark.parametrize("blank", ["\u200b", "\ufeff", "\u2060 \u200b"])
def test_a_field_without_a_visible_character_is_empty(blank: str) -> None:
    assert empty_field(candidate(input_text=blank)) == "empty: input_text"


@each_of("label", ["Bad", " bad", "\uff42\uff41\uff44", "\u201cbad\u201d.", "b\u00adad"])
def test_a_label_of_a_closed_set_may_be_in_another_typography(label: str) -> None:
    for row in (candidate(label=label), candidate(label="good", misleading_label=label, planned_label="good")):
        assert label_not_in_set(row) is None
        assert misleading_label_not_in_set(row) is None
        assert label_not_as_planned(row) is None
    assert same_labels(candidate(misleading_label=label)) == "both 'bad'"


@each_of("label", ["badly", "b\u0430d", "bad or mixed", "b ad"])
def test_any_other_text_is_no_label_of_a_closed_set(label: str) -> None:
    assert label_not_in_set(candidate(label=label)) == f"label {label!r}"
    assert misleading_label_not_in_set(candidate(misleading_label=label)) == f"misleading label {label!r}"


@pytest.mark.parametrize("label", ["\u201cjoy\u201d", "Joy.", "jo\u200by"])
def test_open_labels_that_differ_in_typography_alone_are_the_same(label: str) -> None:
    assert same_labels(open_candidate(label="joy", misleading_label=label)) == "both 'joy'"


def test_any_label_is_in_an_open_set() -> None:
    assert label_not_in_set(open_candidate(label="whatever")) is None
    assert misleading_label_not_in_set(open_candidate(misleading_label="whatever")) is None


@each_of("twin", ["bad", "BAD", " bad ", "\uff42\uff41\uff44"])
def test_a_misleading_label_that_is_the_label_is_caught_in_any_dress(twin: str) -> None:
    assert same_labels(open_candidate(misleading_label=twin)) == "both 'bad'"


def test_another_label_than_the_planned_one_is_told_with_both() -> None:
    row = candidate(label="mixed")
    assert label_not_as_planned(row) == "planned 'bad', got 'mixed'"
    assert label_not_as_planned(open_candidate(label="mixed")) is None


def test_the_misleading_label_leaks_as_well_and_both_are_named() -> None:
    assert label_leaked(candidate(input_text="quite good")) == "the text names 'good'"
    assert label_leaked(candidate(input_text="good or bad?")) == "the text names 'bad' and 'good'"


def test_an_inflected_label_is_told_with_the_words_that_name_it() -> None:
    row = open_candidate(input_text="They refunded me.", label="Refund", misleading_label="Elsewhere")
    assert label_leaked(row) == "the text names 'Refund' as 'refunded'"
    assert (
        label_leaked(open_candidate(input_text="a bad_day", label="bad day")) == "the text names 'bad day' as 'bad_day'"
    )


@each_of(
    ("text", "label", "language", "told"),
    [
        ("I love C++ code", "C++", "English", "'C++'"),
        ("my e-mail is broken", "E-mail", "English", "'E-mail'"),
        ("two t-shirts came", "T-shirt", "English", "'T-shirt' as 't-shirts'"),
        ("run an a/b test", "A/B test", "English", "'A/B test'"),
        ("Hep şubeniz beni arar", "Şube", "Turkish", "'Şube' as 'şubeniz'"),
        ("ادائیگیوں میں مسئلہ ہے", "ادائیگی", "Urdu", "'ادائیگی' as 'ادائیگیوں'"),
        ("mes meilleurs voeux", "Vœux", "French", "'Vœux'"),
    ],
)
def test_a_mention_is_told_in_the_texts_own_spelling(text: str, label: str, language: str, told: str) -> None:
    row = open_candidate(input_text=text, label=label, misleading_label="Elsewhere", language=language)
    assert label_leaked(row) == f"the text names {told}"


def test_a_single_letter_of_a_label_is_no_article() -> None:
    row = open_candidate(input_text="They reach a level of care.", label="A-level", misleading_label="Elsewhere")
    assert label_leaked(row) is None


def test_other_labels_of_the_set_may_stand_in_the_text() -> None:
    assert label_leaked(candidate(input_text="a mixed bag")) is None
