"""A label is found in its closed set in any typography, unless two labels of the set differ by that alone."""

import unicodedata

import pytest

from synthetic_textcat.schemas.label_names import set_spelling
from synthetic_textcat.schemas.tasks import Task
from tests.support.each_case import each_of

_NAMES = frozenset(
    {"Réclamation", "Wi-Fi & router", "Office staff", "Don't know", "カード", "भुगतान", "L'abonnement", "U.S. mail"}
)


@each_of(
    ("written", "meant"),
    [
        (unicodedata.normalize("NFD", "Réclamation"), "Réclamation"),
        ("réclamation.", "Réclamation"),
        ("Wi\u2011Fi & router", "Wi-Fi & router"),  # non-breaking hyphen
        ("Wi\u2013Fi & router", "Wi-Fi & router"),
        ("\uff37\uff49\uff0d\uff26\uff49\u3000\uff06\u3000\uff52outer", "Wi-Fi & router"),
        ("O\ufb03ce sta\ufb00", "Office staff"),
        ("Office\u00a0staff", "Office staff"),
        ("Office  staff\n", "Office staff"),
        ("Of\u00adfice staff", "Office staff"),
        ("\ufeffOffice\u200b staff\u200e", "Office staff"),
        ("Don\u2019t know", "Don't know"),
        ("Don\u00b4t know", "Don't know"),
        ("l\u02bcabonnement", "L'abonnement"),
        ("\u201cDon't know.\u201d", "Don't know"),
        ("'Office staff'", "Office staff"),
        ("\u00abRéclamation\u00bb", "Réclamation"),
        ("`Office staff`", "Office staff"),
        ("「カード」", "カード"),
        ("ｶｰﾄﾞ。", "カード"),
        ("भुगतान।", "भुगतान"),
        ('"U.S. mail"', "U.S. mail"),
    ],
)
def test_typography_makes_no_other_label(written: str, meant: str) -> None:
    assert written not in _NAMES
    assert set_spelling(written, _NAMES) == meant


@each_of("written", ["", ".", '""', "Reclamation", "Office", "Office staff, router", "Don't know why"])
def test_another_text_is_no_label(written: str) -> None:
    assert set_spelling(written, _NAMES) is None


@each_of(
    "written",
    [
        "**late fee**",
        "[Late fee]",
        "(late-fee)",
        "Late_Fee!",
        "1. Late fee",
        "b) late fee",
        "- Late fee",
        "`late fee`;",
    ],
)
def test_what_models_put_around_a_label_makes_no_other(written: str) -> None:
    names = frozenset({"Late fee", "Fee/charge"})
    assert set_spelling(written, names) == "Late fee"
    assert set_spelling("Fee / Charge", names) == "Fee/charge"


@each_of(
    ("written", "names"),
    [
        ("C++", ["C", "C#"]),
        ("A. Smith", ["B. Smith", "Jones"]),
        ("no!!", ["No", "No!"]),
        ("5_stars", ["5 stars", "5-stars"]),
        ("A+", ["A", "B"]),
        ("B-", ["A", "B"]),
        ("50K", [">50K", "<=50K"]),
        ("Refund or other", ["Refund", "Other"]),
        ("1.5", ["5", "1"]),
        ("-2", ["2", "1"]),
    ],
)
def test_signs_that_tell_labels_apart_stay(written: str, names: list[str]) -> None:
    assert set_spelling(written, frozenset(names)) is None
    assert all(set_spelling(name, frozenset(names)) == name for name in names)


def test_labels_that_differ_by_typography_alone_are_two_and_a_third_form_is_neither() -> None:
    names = frozenset({"A-B", "A\u2013B", "plain"})
    assert {set_spelling(name, names) for name in names} == names
    assert set_spelling("a-b", names) == "A-B"
    assert set_spelling("A\u2014B", names) is None
    assert set_spelling("A\u2014B", names - {"A-B"}) == "A\u2013B"


def test_a_set_has_no_two_names_that_a_reply_could_not_tell_apart() -> None:
    """The form in which the tasks file finds repeated labels is the first one that is matched."""
    decomposed = unicodedata.normalize("NFD", "Réclamation")
    for one, other in (("Réclamation", decomposed), ("\uff21", "a"), ("x y", "x\u00a0Y.")):
        with pytest.raises(ValueError, match="repeats the label"):
            Task.model_validate({"task": "Sort.", "labels": [one, other]})
        assert set_spelling(other, frozenset({one})) == one
