"""A mention is found with stems where it is found without: they only save time."""

import csv
import random
from pathlib import Path

from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.text.comparison import comparable
from synthetic_textcat.text.label_mentions import find_mention
from synthetic_textcat.text.word_forms import ALTERNATING, has_only_latin_letters, is_form, spelling_key, stems_of
from tests.support.each_case import each_of
from tests.support.examples import cases

_TABLE = Path(__file__).parents[1] / "pipelines" / "quality_report" / "checks" / "label_forms.csv"


def _rows() -> list[tuple[str, str, str]]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter="|"))
    return [(find_language(row["language"]).code, row["label"], row["text"]) for row in table]


def test_each_form_in_the_table_is_found_with_stems_as_without_and_so_is_its_absence() -> None:
    texts = [text for _, _, text in _rows()]
    saved = 0
    for number, (code, label, text) in enumerate(_rows()):
        for other in (text, text.upper(), f"({text})", f"x_{text}", texts[number - 1], texts[number - 7]):
            compared = comparable(other, code)
            found = find_mention(other, label, code)
            assert find_mention(other, label, code, compared) == found, (code, label, other)
            stems = stems_of(comparable(label, code), code)
            saved += stems is not None and has_only_latin_letters(compared) and stems.are_missing_in(compared)
    assert saved > 900


@each_of("code", ["en", "de", "fr", "es", "it", "nl", "pt", "pl", "tr", "fi", "hu", "sv", "ca", "ro"])
def test_a_word_without_the_stems_of_a_label_is_no_form_of_it(code: str) -> None:
    dice = random.Random(code)
    words = sorted(
        {comparable(word, code) for own, label, text in _rows() if own in (code, "en") for word in (label, text)}
    )
    labels = [word for word in words if word.isalpha()]
    for label in labels:
        stems = stems_of(label, code)
        for _ in cases(range(15), 8):
            word = _changed(label, dice)
            if is_form(word, label, code) and has_only_latin_letters(word):
                assert stems is None or not stems.are_missing_in(f"x {word} x"), (word, label, spelling_key(word, code))


def _changed(label: str, dice: random.Random) -> str:
    """The label with other letters, endings or first parts, as its forms and words like them have."""
    word = "".join(dice.choice(ALTERNATING) if dice.random() < 0.1 else letter for letter in label)
    word = "".join(letter * (1 + (dice.random() < 0.1)) for letter in word)
    word = word[: len(word) - dice.choice((0, 0, 0, 1, 2, 3))] + dice.choice(
        ("", "s", "es", "en", "a", "os", "ing", "y")
    )
    return dice.choice(("", "", "", "haus", "auto")) + word
