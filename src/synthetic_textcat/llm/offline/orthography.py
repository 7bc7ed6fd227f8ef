"""Orthography of the offline model's texts: spaces, full stops, capitals, word counts, and words that name a label."""

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import regex

from synthetic_textcat.schemas.languages import Language, rules_code
from synthetic_textcat.text.comparison import comparable
from synthetic_textcat.text.label_mentions import find_mention
from synthetic_textcat.text.segments import words_by_icu
from synthetic_textcat.text.unicode import UNSPACED, UNSPACED_CODES, is_unspaced, normalised

ASKS_OR_EXCLAIMS = "?!？！؟"  # noqa: RUF001
_ENDS = f"{ASKS_OR_EXCLAIMS}.。।"
_OPENS = "¿¡"
_STOPS = {"Hans": "。", "Hant": "。", "Jpan": "。", "Deva": "।", "Beng": "।", "Ethi": "።", "Mymr": "။", "Khmr": "។"}
_COMMAS = {"Hans": "，", "Hant": "，", "Jpan": "、", "Arab": "،", "Ethi": "፣", "Mymr": "၊"}  # noqa: RUF001
_CLOSE = frozenset({"Hans", "Hant", "Jpan"})  # no space after a comma or between sentences either

# "a" before a vowel sound; letters decide, except for a few openings whose sound differs from their letter.
_ARTICLE = re.compile(r"\b([Aa])(?= (?:(?!uni|use|usu|one\b|once|eu|uti)[aeiouAEIOU8]|hour|honest|heir))")

_LETTER = rf"[^\W{UNSPACED}]"
_BETWEEN = r"[\s_\-\u2010-\u2015]+"
_FEWEST = 5  # letters of a label's last word, from which on an ending makes it no other word


@dataclass(frozen=True, slots=True)
class Orthography:
    """Orthography: from phrases to sentences and texts.

    Attributes:
        space: Between phrases, and between sentences.
        stop: Full stop.
        comma: Between items of a list, without the space after it.
        is_unspaced: Whether there are no spaces between words.
        code: Code of the language.
    """

    space: str = " "
    stop: str = "."
    comma: str = ","
    is_unspaced: bool = False
    code: str = "en"

    @property
    def english(self) -> bool:
        """Whether "a" becomes "an" before a vowel."""
        return self.code == "en"

    @property
    def dotted(self) -> bool:
        """Whether the capital of i is İ."""
        return self.code in ("tr", "az")

    def join(self, *phrases: str) -> str:
        """The phrases, one after the other."""
        return self.space.join(phrases)

    def sentence(self, text: str) -> str:
        """The text with a capital first letter and a full stop, unless it ends in a mark already."""
        if self.english:
            text = _ARTICLE.sub(r"\1n", text)
        start = 1 if text[:1] in _OPENS else 0
        first = "İ" if self.dotted and text[start : start + 1] == "i" else text[start : start + 1].upper()
        return f"{text[:start]}{first}{text[start + 1 :]}{'' if text[-1:] in _ENDS else self.stop}"

    def words(self, text: str) -> int:
        """Number of words: pieces between spaces, or ICU's words where there are no spaces between them."""
        return words_by_icu([text])[0] if self.is_unspaced else len(text.split())


ENGLISH = Orthography()


@functools.cache
def orthography_of(language: Language) -> Orthography:
    """The orthography of a language, by its script."""
    script = language.script
    return Orthography(
        space="" if script in _CLOSE else " ",
        stop=_STOPS.get(script, "."),
        comma=_COMMAS.get(script, ","),
        is_unspaced=script in UNSPACED_CODES,
        code=rules_code(language),
    )


def leaks(text: str, labels: Iterable[str], code: str = "en") -> bool:
    """Whether the text names a label, by the rules of the check or by simpler ones, which also avoid words of grammar.

    Args:
        text: A text, or a part of one.
        labels: Names of labels.
        code: Code of the text's language.
    """
    return _leaks(text, tuple(labels), code)


@functools.lru_cache(maxsize=1 << 14)
def _leaks(text: str, labels: tuple[str, ...], code: str) -> bool:
    """As `leaks`; the single words and short statements of a grammar recur in each row of a task."""
    plain = normalised(text)
    if any(_has_words(plain, label) and _leak_pattern(label).search(plain) is not None for label in labels):
        return True
    compared = comparable(text, code)  # settles most texts: to look through their words takes longer
    return any(find_mention(text, label, code, compared) is not None for label in labels)


def _has_words(plain: str, label: str) -> bool:
    """Whether the words of a label are in a text, in any order: few labels need a pattern, which takes long to make."""
    return label.strip() != "" and all(word in plain for word in _words_of(label))


@functools.lru_cache(maxsize=4096)
def _words_of(label: str) -> Sequence[str]:
    label = normalised(label)
    parts = regex.split(_BETWEEN, label)
    return parts if all(parts) else [label]


@functools.lru_cache(maxsize=4096)
def _leak_pattern(label: str) -> regex.Pattern[str]:
    return regex.compile(_forms(normalised(label), _words_of(label)))


def _forms(label: str, words: Sequence[str]) -> str:
    loose_start, loose_end = (len(label) > 1 and is_unspaced(end) for end in (label[0], label[-1]))
    alone = r"\w" if len(label) == 1 else _LETTER
    ending = f"{_LETTER}{{0,2}}" if len(words[-1]) >= _FEWEST else ""
    before = "" if loose_start else f"(?<!{alone})"
    after = "" if loose_end else f"{ending}(?!{alone})"
    return before + _BETWEEN.join(map(regex.escape, words)) + after
