"""From a user's choice to weights."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.schemas.attributes import VALUES, Choice, several_spellings, weights_of
from synthetic_textcat.schemas.languages import find_language, languages
from synthetic_textcat.schemas.rows import ATTRIBUTES
from tests.support.each_case import each_of
from tests.support.examples import examples


@pytest.mark.parametrize("attribute", ATTRIBUTES)
@pytest.mark.parametrize("choice", [None, "paper"])
def test_weights_over_all_values_sum_to_one(attribute: str, choice: Choice) -> None:
    weights = weights_of(attribute, choice)
    assert sum(weights.values()) == pytest.approx(1)
    assert all(weight > 0 for weight in weights.values())
    everything = VALUES.get(attribute) or [language.name for language in languages()]
    assert sorted(weights) == sorted(everything)


def test_the_preset_is_the_papers() -> None:
    clarity = {"clear": 0.6, "understandable with some effort": 0.2, "ambiguous": 0.2}
    assert weights_of("clarity", "paper") == pytest.approx(clarity)
    language = weights_of("language", "paper")
    assert language["English"] == pytest.approx(0.431, abs=0.003)
    assert language["German"] == pytest.approx(0.029, abs=0.0005)
    assert sum(weight for weight in language.values() if weight > 0.02) == pytest.approx(0.431 + 13 * 0.029, abs=0.01)


def test_null_is_even_odds() -> None:
    assert weights_of("difficulty", None) == pytest.approx(dict.fromkeys(VALUES["difficulty"], 1 / 3))


def test_one_value_is_certain() -> None:
    assert weights_of("language", " german ") == {"German": 1.0}
    assert weights_of("difficulty", "phd") == {"PhD": 1.0}


def test_a_list_is_even_odds_and_a_mapping_gives_weights() -> None:
    assert weights_of("language", ["en", "de"]) == {"English": 0.5, "German": 0.5}
    assert weights_of("language", {"en": 3, "de": 1}) == {"English": 0.75, "German": 0.25}


def test_a_language_by_code_and_by_name_is_one_language() -> None:
    assert weights_of("language", {"de": 1, "German": 1, "fr": 2}) == {"French": 0.5, "German": 0.5}


def test_several_spellings_of_a_value_are_found() -> None:
    assert several_spellings("language", ["de", "fr", "German", "iw"]) == {"German": ["de", "German"]}
    assert several_spellings("num_words", {"20-40": 1, "20 to 40 words": 2, "at least 9": 1}) == {
        "20 to 40": ["20-40", "20 to 40 words"]
    }
    assert several_spellings("clarity", "clear") == several_spellings("clarity", None) == {}


@examples(40)
@given(st.dictionaries(st.sampled_from(VALUES["num_words"]), st.floats(0.01, 100), min_size=1))
def test_the_order_of_a_mapping_changes_nothing(choice: dict[str, float]) -> None:
    turned = dict(reversed(choice.items()))
    weights = weights_of("num_words", choice)
    assert list(weights) == list(weights_of("num_words", turned))
    assert weights == pytest.approx(weights_of("num_words", turned))


@each_of("choice", [[], {}, ["nonsense"], {"clear": 1, "nonsense": 1}])
def test_what_is_no_choice_is_refused(choice: Choice) -> None:
    with pytest.raises(ValueError, match=r"names no value|unknown value"):
        weights_of("clarity", choice)


def test_every_language_is_found_by_name_and_by_code_in_any_case() -> None:
    for language in languages():
        assert find_language(language.name.upper()) == language == find_language(language.code.upper())
    assert len({language.code for language in languages()}) == len(languages()) == 100


def test_an_unknown_language_is_told_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"unknown language 'Swedisch'; did you mean Swedish"):
        find_language("Swedisch")


@pytest.mark.parametrize("name", ["Chinese", "zh"])
def test_a_language_that_is_there_in_variants_only_is_told_them(name: str) -> None:
    with pytest.raises(ValueError, match=r"did you mean Chinese \(Simplified\) or Chinese \(Traditional\)\?"):
        find_language(name)


@each_of(
    ("written", "meant"),
    [
        ("Mandarin", r"Chinese \(Simplified\) or Chinese \(Traditional\)"),
        ("zho", r"Chinese \(Simplified\) or Chinese \(Traditional\)"),
        ("Farsi", "Persian"),
        ("Tagalog", "Filipino"),
        ("Bokmål", "Norwegian Bokmål"),
    ],
)
def test_a_language_by_another_name_is_told_the_one_used_here(written: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean {meant}\\?"):
        find_language(written)


def test_a_language_that_nothing_is_near_is_told_where_all_are() -> None:
    with pytest.raises(ValueError, match=r"none is near it; all names and codes are in .*languages\.csv"):
        find_language("xyz")


@pytest.mark.parametrize("choice", [["paper"], {"paper": 1}, ["Paper", "de"]])
def test_the_preset_stands_alone(choice: Choice) -> None:
    with pytest.raises(ValueError, match="'paper' can't be combined with values; write language: paper"):
        weights_of("language", choice)


def test_a_three_letter_code_is_a_language_in_its_usual_script() -> None:
    assert [find_language(code).code for code in ("deu", "FIL", "hin", "mya")] == ["de", "tl", "hi", "my"]


def test_a_code_may_be_written_with_an_underscore_and_the_preset_in_any_case() -> None:
    assert find_language("zh_hant").name == "Chinese (Traditional)"
    assert weights_of("clarity", "Paper") == weights_of("clarity", "paper")
