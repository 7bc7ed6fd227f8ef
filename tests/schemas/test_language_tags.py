"""Languages beyond XLM-R's table: BCP 47 tags, their names and scripts, and faults in them."""

import pytest
from babel.core import Locale

from synthetic_textcat.pipelines.quality_report.checks.leakage import find_label_mention
from synthetic_textcat.schemas.attributes import weights_of
from synthetic_textcat.schemas.languages import (
    base_of,
    find_language,
    is_of_table,
    is_usual_script,
    languages,
    rules_code,
)
from tests.support.each_case import each_of
from tests.support.examples import cases


@each_of(
    ("written", "code", "name", "script", "iso639_3"),
    [
        ("lb", "lb", "Luxembourgish", "Latn", "ltz"),
        ("ltz", "lb", "Luxembourgish", "Latn", "ltz"),
        ("Luxembourgish", "lb", "Luxembourgish", "Latn", "ltz"),
        ("YUE", "yue", "Cantonese", "Hant", "yue"),
        ("zh-yue", "yue", "Cantonese", "Hant", "yue"),
        ("pt-br", "pt-BR", "Portuguese (Brazil)", "Latn", "por"),
        ("PT_BR", "pt-BR", "Portuguese (Brazil)", "Latn", "por"),
        ("es-419", "es-419", "Spanish (Latin America)", "Latn", "spa"),
        ("sr-latn", "sr-Latn", "Serbian (Latin)", "Latn", "srp"),
        ("sh", "sr-Latn", "Serbian (Latin)", "Latn", "srp"),
        ("sr-Cyrl", "sr", "Serbian", "Cyrl", "srp"),
        ("de-Latn", "de", "German", "Latn", "deu"),
        ("iw", "he", "Hebrew", "Hebr", "heb"),
        ("ger", "de", "German", "Latn", "deu"),
        ("zh-Hant", "zh-Hant", "Chinese (Traditional)", "Hant", "zho"),
        ("zh-TW", "zh-Hant-TW", "Chinese (Traditional, Taiwan)", "Hant", "zho"),
        ("zh-CN", "zh-Hans-CN", "Chinese (Simplified, China)", "Hans", "zho"),
        ("ko-KR", "ko-KR", "Korean (South Korea)", "Hang", "kor"),
        ("uz-AF", "uz-Arab-AF", "Uzbek (Arabic, Afghanistan)", "Arab", "uzb"),
        ("tl-PH", "fil-PH", "Filipino (Philippines)", "Latn", "fil"),
        ("or-Latn", "or-Latn", "Oriya (Latin)", "Latn", "ori"),
        ("ca-valencia", "ca-valencia", "Catalan (Valencian)", "Latn", "cat"),
        ("ho", "ho", "Hiri Motu", "Latn", "hmo"),
        ("gaa", "gaa", "Ga language", "Latn", "gaa"),  # "Ga" alone is the code of Irish
        ("zgh", "zgh", "Standard Moroccan Tamazight", "Tfng", "zgh"),
        ("Serbo-Croatian", "sr-Latn", "Serbian (Latin)", "Latn", "srp"),
        ("Brazilian Portuguese", "pt-BR", "Portuguese (Brazil)", "Latn", "por"),
        ("simplified chinese", "zh-Hans", "Chinese (Simplified)", "Hans", "zho"),
        ("Flemish", "nl-BE", "Dutch (Belgium)", "Latn", "nld"),
        ("Modern Standard Arabic", "ar", "Arabic", "Arab", "ara"),
        ("zh-cmn-Hans", "zh-Hans", "Chinese (Simplified)", "Hans", "zho"),
        ("sr-SRB", "sr-RS", "Serbian (Serbia)", "Cyrl", "srp"),
        # deprecated subtags
        ("in", "id", "Indonesian", "Latn", "ind"),
        ("ji", "yi", "Yiddish", "Hebr", "yid"),
        ("mo", "ro", "Romanian", "Latn", "ron"),
        ("jw", "jv", "Javanese", "Latn", "jav"),
        ("tl", "tl", "Filipino", "Latn", "fil"),
        # grandfathered tags
        ("i-klingon", "tlh", "Klingon", "Latn", "tlh"),
        ("I_LUX", "lb", "Luxembourgish", "Latn", "ltz"),
        ("zh-min-nan", "nan", "Min Nan Chinese", "Hans", "nan"),
        ("zh-hakka", "hak", "Hakka Chinese", "Hans", "hak"),
        ("art-lojban", "jbo", "Lojban", "Latn", "jbo"),
        ("no-nyn", "nn", "Norwegian Nynorsk", "Latn", "nno"),
        ("en-GB-oed", "en-GB-oxendict", "English (United Kingdom, Oxford English Dictionary spelling)", "Latn", "eng"),
        # macrolanguages, and three letters where there are two
        ("no", "no", "Norwegian", "Latn", "nor"),
        ("ms", "ms", "Malay", "Latn", "msa"),
        ("deu", "de", "German", "Latn", "deu"),
        ("fra-CAN", "fr-CA", "French (Canada)", "Latn", "fra"),
        # variants, one or more
        ("de-1996", "de-1996", "German (German orthography of 1996)", "Latn", "deu"),
        ("de-CH-1901", "de-CH-1901", "German (Switzerland, Traditional German orthography)", "Latn", "deu"),
        ("en-scotland", "en-scotland", "English (Scottish Standard English)", "Latn", "eng"),
        ("sl-rozaj", "sl-rozaj", "Slovenian (Resian)", "Latn", "slv"),
        ("sl-rozaj-biske", "sl-rozaj-biske", "Slovenian (Resian, San Giorgio/Bila dialect)", "Latn", "slv"),
        # regions as numbers
        ("de-276", "de-DE", "German (Germany)", "Latn", "deu"),
        ("en-001", "en", "English", "Latn", "eng"),
        ("en-150", "en-150", "English (Europe)", "Latn", "eng"),
    ],
)
def test_a_tag_is_canonical_and_named(written: str, code: str, name: str, script: str, iso639_3: str) -> None:
    found = find_language(written)
    assert (found.code, found.name, found.script, found.iso639_3) == (code, name, script, iso639_3)
    assert find_language(name) == find_language(code) == found


def test_each_name_in_the_tables_leads_back_to_its_tag() -> None:
    codes = map(str, Locale("en").languages)
    bases = cases((code for code in codes if "_" not in code and code not in ("mul", "und", "zxx", "zh")), 4)
    found = {find_language(f"{base}{suffix}") for base in bases for suffix in ("", "-BR", "-Cyrl-TA", "-Hant-SH-1996")}
    assert len(found) > 3 * len(bases)
    assert all(find_language(language.name) == language for language in found)
    assert len({language.name.casefold() for language in found}) == len(found)


def test_languages_of_the_table_are_as_they_were() -> None:
    for language in languages():
        assert is_of_table(language)
        assert is_usual_script(language)
        assert find_language(language.name) is find_language(language.code)
        tagged = find_language(f"{language.code}-AQ") if "-" not in language.code else None
        if tagged is not None:
            assert tagged.name == f"{language.name} (Antarctica)"
            assert (tagged.script, tagged.iso639_3) == (language.script, language.iso639_3)
            assert base_of(tagged) == base_of(language)


def test_the_rules_of_spelling_are_those_of_the_tables_language() -> None:
    tags = ("de-AT", "tr-CY", "zh-TW", "sr-Latn", "nb", "hi-Latn-IN", "fil-PH", "uz-Arab-AF", "lb", "my", "my-x-zawgyi")
    assert [rules_code(find_language(tag)) for tag in tags] == [
        *("de", "tr", "zh-Hant", "sr", "no", "hi-Latn", "tl", "uz-Arab-AF", "lb", "my", "my-x-zawgyi")
    ]
    assert find_label_mention("Ich habe die Rechnungen erhalten.", "Rechnung", "de-AT") == "Rechnungen"
    assert find_label_mention("Primio sam dvije fakture juče", "Faktura", "sr-Latn") == "fakture"
    assert find_label_mention("Ich hunn dräi Rechnunge kritt.", "Rechnung", "lb") is None  # no rules of this language


def test_two_forms_of_a_language_are_one_value() -> None:
    assert weights_of("language", {"iw": 1, "Hebrew": 2, "pt-br": 1, "pt": 4}) == {
        "Hebrew": 3 / 8,
        "Portuguese": 4 / 8,
        "Portuguese (Brazil)": 1 / 8,
    }
    assert len(weights_of("language", None)) == len(weights_of("language", "paper")) == 100


@each_of(
    ("written", "line"),
    [
        ("pt-BRR", "unknown part 'brr' of the language tag 'pt-brr'; did you mean BR?"),
        ("zh-Hnat", "unknown part 'hnat' of the language tag 'zh-hnat'; did you mean Hant?"),
        ("de-XX", "unknown part 'xx' of the language tag 'de-xx'; none is near it"),
        ("pt-Brazil", "unknown part 'brazil' of the language tag 'pt-brazil'; did you mean BR?"),
        ("sr-Latin", "unknown part 'latin' of the language tag 'sr-latin'; did you mean Latn?"),
        ("pt-BR-PT", "the language tag 'pt-br-pt' has two parts for the region; keep one"),
        ("ptt-BR", "unknown language 'ptt-BR'; did you mean tt-BR or pt-BR or ttt-BR?"),
        ("lbx", "unknown language 'lbx'; did you mean lb or"),
        ("Luxemburgish", "unknown language 'Luxemburgish'; did you mean Luxembourgish or Limburgish?"),
        ("qq", "unknown language 'qq'; none is near it; all names and codes are in"),
        ("zh", "did you mean Chinese (Simplified) or Chinese (Traditional)?"),
        ("und", "the language tag 'und' stands for a language that is not known; write that of one language"),
        ("und-Latn", "the language tag 'und-latn' stands for a language that is not known; write that of one language"),
        ("mul", "the language tag 'mul' stands for several languages; write that of one language"),
        ("mis", "the language tag 'mis' stands for a language without a code; write that of one language"),
        ("zxx", "the language tag 'zxx' stands for no language; write that of one language"),
        ("x-klingon", "the language tag 'x-klingon' is for private use; write that of a language, as in pt-BR"),
        ("sr-Latn-RS-x-foo", "the language tag 'sr-latn-rs-x-foo' has the extension 'x-foo'; write sr-Latn-RS"),
        ("th-TH-u-nu-thai", "the language tag 'th-th-u-nu-thai' has the extension 'u-nu-thai'; write th-TH"),
        ("i-enochian", "unknown language 'i-enochian'"),
        ("cmn", "did you mean Chinese (Simplified) or Chinese (Traditional)?"),
        ("zh-guoyu", "did you mean Chinese (Simplified) or Chinese (Traditional)?"),
        ("qaa", "unknown language 'qaa'"),
        ("de-1996-1996", "the language tag 'de-1996-1996' has two parts for the variant; keep one"),
        ("ca-valenca", "unknown part 'valenca' of the language tag 'ca-valenca'; did you mean valencia?"),
        ("en-GB-x-pirate", "the language tag 'en-gb-x-pirate' has the extension 'x-pirate'; write en-GB"),
        ("de-u-co-phonebk", "the language tag 'de-u-co-phonebk' has the extension 'u-co-phonebk'; write de"),
        ("pt-ZZ", "unknown part 'zz' of the language tag 'pt-zz'"),
    ],
)
def test_an_unknown_tag_gets_one_line(written: str, line: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]*$") as caught:
        find_language(written)
    assert line in str(caught.value)
