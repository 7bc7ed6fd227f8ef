"""The offline model keeps to own ranges, and spoils the length of a row by them."""

import json
import re
from itertools import product

import pytest

from synthetic_textcat.llm.offline.prompt_reader import find_length
from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.llm.offline.set_voices import voices_of
from synthetic_textcat.llm.offline.set_writer import write_text_of_set
from synthetic_textcat.llm.offline.writer import Plan
from synthetic_textcat.pipelines.quality_report.checks.text_length import count_words, measured_lengths
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.completions import row_schema
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.lengths import length_of, shown_length
from synthetic_textcat.text.segments import characters
from synthetic_textcat.text.words import COUNTS, counts_of
from tests.support.each_case import each_of
from tests.support.examples import cases

_LABELS = ["Sport", "Business", "Politics", "Technology", "Health", "Culture"]
_ROWS = 20


def _texts(num_words: str, language: str, defect: str | None = None, rows: int = _ROWS) -> list[str]:
    schema = row_schema(_LABELS)["schema"]
    prompt = (
        'Sort a news story by its topic.\nA text whose right label is "Sport", and which might wrongly be taken for '
        f'"Health". Write in {language}, {shown_length(num_words)}, college level education, clear.'
    )
    rates = {defect: 1.0} if defect else {}
    return [json.loads(reply(prompt, schema, seed, rates).content)["input_text"] for seed in range(rows)]


def _lengths(num_words: str, language: str = "English", defect: str | None = None) -> list[int]:
    """Lengths of the texts of some rows, in the unit asked for."""
    texts = _texts(num_words, language, defect)
    return [characters(text) if num_words.endswith("characters") else len(text.split()) for text in texts]


@pytest.mark.parametrize(
    ("num_words", "language"),
    cases(
        product(["20 to 40", "at least 30", "at most 280 characters", "100 to 200 characters"], ["English", "German"]),
        3,
    ),
)
def test_texts_keep_to_a_range(num_words: str, language: str) -> None:
    length = length_of(num_words)
    assert length is not None
    lengths = _lengths(num_words, language)
    within = [each for each in lengths if each >= length.least and (length.most is None or each <= length.most)]
    assert len(within) >= 0.9 * _ROWS
    assert len(set(lengths)) > 5


@pytest.mark.parametrize(
    ("num_words", "language"),
    cases(
        product(
            ["exactly 12", "at most 3", "300 to 320", "at least 1000", "270 to 280 characters"], ["English", "Japanese"]
        ),
        3,
    ),
)
def test_narrow_ranges_are_kept_to_as_well(num_words: str, language: str) -> None:
    length = length_of(num_words)
    assert length is not None
    texts = _texts(num_words, language)
    words = counts_of(texts)[:, COUNTS.index("words")]
    lengths = measured_lengths(texts, [language] * _ROWS, [num_words] * _ROWS, words)
    within = [each for each in lengths if each >= length.least and (length.most is None or each <= length.most)]
    assert len(within) >= 0.95 * _ROWS
    assert len(set(texts)) >= 0.8 * _ROWS


@pytest.mark.parametrize(
    ("labels", "language"),
    cases(product([(), ("Sport",), ("Sport", "Health")], ["English", "Thai", "Mongolian (Mongolian)"]), 4),
)
def test_texts_of_label_sets_keep_to_narrow_ranges(labels: tuple[str, ...], language: str) -> None:
    voices = voices_of(None, _LABELS, find_language(language), "[offline]")
    plan = Plan("", None, "college", "clear", "exactly 12", labels)
    texts = [write_text_of_set(voices, plan, seed, _LABELS) for seed in range(_ROWS // 4)]
    assert count_words(texts, [language] * len(texts)) == [12] * len(texts)
    assert not any(re.search(r"[,;] ?[.;]", text) for text in texts)


_ODD_RANGES = (
    *VALUES["num_words"],
    *("exactly 1", "at most 1", "exactly 2", "at most 3", "exactly 7", "9 to 11", "48 to 50", "199 to 201"),
    *(
        "at most 300",
        "at least 333",
        "exactly 1 character",
        "at most 5 characters",
        "exactly 10 characters",
        "exactly 33 characters",
    ),
    *("60 to 62 characters", "exactly 140 characters", "279 to 280 characters", "1000 to 1001 characters"),
)
_SCRIPTS = (
    *("en", "de", "ar", "hi", "ko", "zh-Hans", "ja", "th", "lo", "km", "my", "mn-Mong", "am", "ka", "ta", "vi", "yue"),
)


@pytest.mark.parametrize("code", cases(_SCRIPTS, 9))
def test_nearly_all_texts_have_the_length_asked_for_in_every_script(code: str) -> None:
    language = find_language(code).name
    off: list[str] = []
    for num_words in _ODD_RANGES:
        length = length_of(num_words)
        assert length is not None
        texts = _texts(num_words, language, rows=4)
        words = counts_of(texts)[:, COUNTS.index("words")]
        lengths = measured_lengths(texts, [language] * len(texts), [num_words] * len(texts), words)
        off += [
            f"{num_words}: {text}"
            for text, each in zip(texts, lengths, strict=True)
            if each < length.least or (length.most is not None and each > length.most)
        ]
    assert len(off) <= 0.02 * 4 * len(_ODD_RANGES), off


@each_of("num_words", ["20 to 40", "at least 30", "at least 12", "at most 280 characters"])
def test_a_spoilt_length_is_off_by_more_than_a_factor_of_two(num_words: str) -> None:
    length = length_of(num_words)
    assert length is not None
    upper = length.upper or 10**6
    assert all(each < length.least / 2 or each > 2 * upper for each in _lengths(num_words, defect="length_off"))


@each_of(
    ("prompt", "length"),
    [
        ("in English, at least 50 words, clear", "at least 50"),
        ("in English, at least 50 characters, clear", "at least 50 characters"),
        ("labels of 1 to 3 words; the text: less than 10 words", "less than 10"),
        ("20 to 40 Words", "20 to 40"),
        ("in English, exactly 1 word, clear", "exactly 1"),
        ("in English, exactly 1 character, clear", "exactly 1 character"),
        ("as long as you like", None),
    ],
)
def test_a_length_is_read_from_the_prompt(prompt: str, length: str | None) -> None:
    assert find_length(prompt, VALUES["num_words"]) == length
