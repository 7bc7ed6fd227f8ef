# ruff: noqa: RUF001  letters of one script that look like those of another are the point here
"""Texts that readers take for the same have one comparison form; texts of different words do not."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.text.comparison import canonical, comparable, compared_words, first_alike
from tests.support.each_case import each_of


@each_of(
    ("one", "other", "code"),
    [
        ("İPTAL", "iptal", "tr"),
        ("ILIK", "ılık", "az"),
        ("İPTAL ISTIYORUM", "iptal istiyorum", "en"),
        ("DİLİ", "dili", None),
        ("SIĞIR", "sığır", None),
        ("ΟΔΌΣ", "οδός", "el"),
        ("ΑΚΥΡΩΣΗ", "Ακύρωση", "el"),
        ("ΜΑΪΟΥ", "Μαΐου", "el"),
        ("STRASSE", "Straße", "de"),
        ("STRAẞE", "Straße", "de"),
        ("كتاب\u200cها", "کتابها", "fa"),
        ("علی", "علي", "fa"),
        ("أُستاذٌ", "استاذ", "ar"),
        ("فاتـــورة", "فاتوره", "ar"),
        ("کیا ہے", "كيا هے", "ur"),
        ("Ещё замо\u0301к", "еще замок", "ru"),
        ("כֶּלֶב", "כלב", "he"),
        ("हिन्दी ज़रूर हाँ", "हिंदी जरूर हां", "hi"),
        ("१२३", "123", "hi"),
        ("ﾊﾝｶｸ ＡＢＣ", "ハンカク abc", "ja"),
        ("hoà thuý khoẻ", "hòa thúy khỏe", "vi"),
        ("п’ять", "п'ять", "uk"),
        ("п`ять", "пʼять", "uk"),
        ("l’état", "l'état", "fr"),
        ("self‑care", "self-care", "en"),
        ("soft\u00adware", "software", "en"),
        ("“so”", '"so"', "en"),
        ("ţară şi", "țară și", "ro"),
        ("ൻ", "ന്\u200d", "ml"),
        ("เเมว", "แมว", "th"),
    ],
)
def test_spellings_of_one_word_have_one_form(one: str, other: str, code: str | None) -> None:
    assert comparable(one, code) == comparable(other, code)
    assert comparable(comparable(one, code), code) == comparable(one, code)


@each_of(
    ("one", "other", "code"),
    [
        ("adı", "adi", "tr"),
        ("Adı", "Adi", None),
        ("mal", "mål", "sv"),
        ("їм", "ім", "uk"),
        ("мой", "мои", "ru"),
        ("нарушено", "narušeno", "sr"),
        ("退貨", "退货", "zh-Hant"),
        ("ひらがな", "ヒラガナ", "ja"),
        ("か", "が", "ja"),
        ("हल", "हाल", "hi"),
        ("ma", "má", "vi"),
        ("باب", "بابا", "ar"),
    ],
)
def test_different_words_stay_different(one: str, other: str, code: str | None) -> None:
    assert comparable(one, code) != comparable(other, code)


def test_the_canonical_form_keeps_capitals() -> None:
    assert canonical("Our  IT\u00a0‑ “Team”") == 'Our IT - "Team"'


@each_of("names", [["İade", "iade"], ["IRMAK", "ırmak"], ["Rest.", "REST"], ["DİL", "dil"]])
def test_names_that_differ_in_case_are_alike(names: list[str]) -> None:
    assert first_alike(names) == tuple(names)


def test_names_of_other_letters_or_signs_are_not_alike() -> None:
    assert first_alike(["Adı", "Adi", "ılık", "A-B", "A\u2013B", "всё", "все"]) is None


@given(st.text(max_size=60))
def test_any_text_has_a_form_that_needs_no_other(text: str) -> None:
    form = comparable(text)
    assert form == " ".join(form.split())
    if text.isascii():
        assert form == " ".join(unicodedata.normalize("NFKC", text).casefold().split())


_LATIN = "abioquyABIOQUY àáèéìòóùúýäöüßñçøåœğışţȘțÀÉİŞÜ "
_LATIN += "\u00ad\u00aa\u00b4\u00b7\u00bd`\u2019\u201c\u2013\u2026\u00ab\u20ac\n"


@given(st.text(_LATIN, max_size=40), st.sampled_from([None, "de", "tr", "vi"]))
def test_latin_letters_have_the_form_that_they_have_next_to_other_scripts(text: str, code: str | None) -> None:
    assert [*compared_words(f"é {text}", code), "е"] == compared_words(f"é {text} ё", code)


@pytest.mark.parametrize("pattern", ["İ", "\u0301\u0316", "ё\u0301", "oà", "ﷺ", "न्", "\u200c"])
def test_a_text_that_repeats_one_pattern_takes_no_time(pattern: str) -> None:
    begun = time.thread_time()
    comparable(pattern * (50_000 // len(pattern)), "vi")
    assert time.thread_time() - begun < 0.5


@given(st.text(alphabet="aBi I.\t\n\x1cß", max_size=12), st.sampled_from([None, "tr", "de"]))
def test_a_text_that_needs_no_other_spaces_has_the_form_of_its_words(sentence: str, code: str | None) -> None:
    assert comparable(sentence, code) == " ".join(compared_words(sentence, code))
