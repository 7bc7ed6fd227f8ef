"""Languages by any name: English, code, the language's own, and hints for other codes and other languages' names."""

import subprocess
import sys
import time
from collections import Counter

import pytest
from babel import Locale
from babel.core import get_global

from synthetic_textcat.schemas.attributes import weights_of
from synthetic_textcat.schemas.languages import Language, find_language, languages
from tests.support.each_case import each_case, each_of
from tests.support.examples import cases

_CHINESE = r"Chinese \(Simplified\) or Chinese \(Traditional\)"


def _locale(language: Language) -> Locale:
    return Locale.parse({"tl": "fil"}.get(language.code, language.code.replace("-", "_")))


def _has_own_name(language: Language) -> bool:
    return not language.romanised and "-x-" not in language.code


@each_case(cases(filter(_has_own_name, languages()), 4), lambda language: language.code)
def test_each_language_is_known_by_its_own_name(language: Language) -> None:
    by_cldr = _locale(language).languages[_locale(language).language]
    assert language.own_names[0] == by_cldr
    for name in language.own_names:
        if name == "中文":
            with pytest.raises(ValueError, match=rf"did you mean {_CHINESE}\?"):
                find_language(name)
        else:
            assert find_language(name) == find_language(f" {name.upper()} ") == language


def test_only_a_romanised_form_and_zawgyi_have_no_own_name() -> None:
    assert {x.code for x in languages() if not x.own_names} == {x.code for x in languages() if not _has_own_name(x)}


def test_an_own_name_is_no_other_languages_name_or_code() -> None:
    own = Counter(name.casefold() for language in languages() for name in set(language.own_names))
    assert [name for name, count in own.items() if count > 1] == ["中文"]
    for language in languages():
        others = {key.casefold() for x in languages() if x != language for key in (x.code, x.iso639_3, x.name)}
        assert not others & {name.casefold() for name in language.own_names}


def test_an_own_name_enters_the_plan_as_the_english_name() -> None:
    assert weights_of("language", {"Deutsch": 1, "de": 1, "Türkçe": 2}) == {"German": 0.5, "Turkish": 0.5}
    assert weights_of("language", "O'zbek") == weights_of("language", "o‘zbek") == {"Uzbek": 1.0}  # noqa: RUF001


@each_of(
    ("written", "meant"),
    [
        *[("Francais", "French"), ("Turkce", "Turkish"), ("Islenska", "Icelandic"), ("tieng viet", "Vietnamese")],
        *[("Deutch", "German or Dutch"), ("bahasa", "Indonesian or Malay"), ("Português brasileiro", "Portuguese")],
        *[("Allemand", "German"), ("Inglés", "English"), ("Japanisch", "Japanese"), ("德语", "German")],
        *[("cmn", _CHINESE), ("chi", _CHINESE), ("Hinglish", "Hindi Romanized"), ("Nynorsk", "Norwegian Nynorsk")],
        *[
            ("Bokmal", "Norwegian Bokmål"),
            ("Sorani", "Central Kurdish"),
            ("English (UK)", r"English \(United Kingdom\)"),
        ],
        *[("pt br", r"Portuguese \(Brazil\)"), ("zh Hant", r"Chinese \(Traditional\)")],
    ],
)
def test_other_names_and_codes_get_the_right_suggestion(written: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean {meant}\\?"):
        find_language(written)


def test_every_code_that_another_has_replaced_is_the_language() -> None:
    aliases = {code: new for code, new in get_global("language_aliases").items() if len(code) <= 3}
    for language in languages():
        for code in (code for code, new in aliases.items() if new == language.code):
            assert find_language(code) == language


@pytest.mark.whole_run
def test_the_cldr_is_read_for_names_outside_of_the_table_only() -> None:
    code = """
import sys
from synthetic_textcat.schemas.attributes import weights_of
from synthetic_textcat.schemas.languages import find_language
find_language("Deutsch"), find_language("de"), find_language("German"), weights_of("language", None)
print("babel" in sys.modules)
try:
    find_language("Allemand")
except ValueError:
    print("babel" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_hint_costs_a_fraction_of_a_second() -> None:
    start = time.process_time()
    with pytest.raises(ValueError, match="did you mean German"):
        find_language("Germn")
    assert time.process_time() - start < 0.5
