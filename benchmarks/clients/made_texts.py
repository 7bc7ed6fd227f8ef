"""Made-up texts of some 300 characters in a few languages, nearly all of which pass each check of the report.

The letters of their words follow one another as in real words of the language. Texts have a length that was asked for
and end as sentences do. Of each hundred one is the text before, and one is nearly that text.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

LANGUAGES = {"English": 6, "German": 1, "French": 1, "Spanish": 1, "Italian": 1}
NUM_WORDS = {"at least 10": 1, "at least 50": 1}
"""Weights for the parameters of the plan."""

_GRAMMARS = Path(__file__).parents[2] / "src" / "synthetic_textcat" / "llm" / "offline" / "grammars"
_CHARACTERS = 300
_VOCABULARY = 20_000


def made_texts(languages: Iterable[str]) -> Iterator[str]:
    """A text for each row, by the row's language; the same ones each time."""
    dice = random.Random(42)
    words = {name: _vocabulary(name, dice) for name in LANGUAGES}
    last = ""
    for number, language in enumerate(languages):
        if number % 100 == 50:
            yield last
            continue
        if number % 100 == 70:
            yield f"{last[:-1]} {dice.choice(words[language])}."
            continue
        last = " ".join(dice.choices(words[language], k=_CHARACTERS // 5))[: _CHARACTERS - 1] + "."
        yield last


def _vocabulary(language: str, dice: random.Random) -> list[str]:
    """Words in which each letter follows the two before as in words of the offline model."""
    follow: dict[str, list[str]] = defaultdict(list)
    for word in _real_words(language):
        padded = f"  {word} "
        for place in range(len(word) + 1):
            follow[padded[place : place + 2]].append(padded[place + 2])
    return [_word(follow, dice) for _ in range(_VOCABULARY)]


def _word(follow: dict[str, list[str]], dice: random.Random) -> str:
    word = "  "
    while len(word) < 12 and (letter := dice.choice(follow[word[-2:]])) != " ":
        word += letter
    return word.strip()


def _real_words(language: str) -> list[str]:
    if language != "English":
        entry = yaml.safe_load((_GRAMMARS / "_foreign.yml").read_text(encoding="utf-8"))[language]
        return [word for sentence in entry["sentences"] for word in _words_of(sentence)]
    return [word for path in _GRAMMARS.glob("[a-z]*.yml") for word in _words_of(path.read_text(encoding="utf-8"))]


def _words_of(text: str) -> list[str]:
    return [word for word in text.casefold().split() if word.isalpha()]
