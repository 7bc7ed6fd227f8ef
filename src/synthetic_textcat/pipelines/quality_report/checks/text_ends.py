"""Ends of texts: whether a text stops in the middle of a sentence.

Titles, queries, chat messages and lists end without a full stop, so its absence is no evidence. A text is cut off if it
has no mark of an end, and

- its last word can't end a sentence of the language (an article, a conjunction: `unfinished_words.csv`), or a comma;
- a bracket or quotation mark is left open;
- it consists of finished sentences, and goes on in the same line with the beginning of a longer one.

Marks of an end: Unicode's sentence terminals of all scripts, brackets and quotation marks that close, pictographs.
"""

import csv
from functools import cache
from importlib import resources

import regex

from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.text.unicode import is_unspaced

_ENDS = regex.compile(
    r"[\p{Sentence_Terminal}\u2026\u22ef\u2025\u1362-\u1368\u0e2f\u0e5a\u0e5b\u17d4\u17d5\u06d4\u05c3\u037e;:~*_)\]}»\u203a\u201d\u2019\"'\p{So}\p{Sk}\u300d\u300f\uff09\u3011\u203c\u0964]\s*\Z"
)
_SENTENCE_END = regex.compile(
    r"(?<=[\p{L}\p{N}\p{M}\)\"'\u201d\u2019\u00bb])[.!?\u3002\uff01\uff1f\u0964\u06d4\u061f]+[\"'\u201d\u2019\u00bb)\]]*(?=\s|[\p{Han}\p{Hiragana}\p{Katakana}])"
)
_COMMAS = ",\u060c\u3001\uff0c\u055d\u1363"
_BRACKETS = {"(": ")", "[": "]", "\uff08": "\uff09", "\u300c": "\u300d"}
_QUOTES = "\u201c\u201d\u201e\u00ab\u00bb"  # a pair has two of them, in whatever order a language takes them
_OPEN_BRACKET = regex.compile(r"(?:^|\s)[(\[\uff08]\w[^)\]\uff09]*\Z|[\u300c\uff08][^\u300d\uff09]*\Z")
_OPEN_QUOTE = regex.compile(r"(?:^|\s)\"\w[^\"]*\Z")
_FEWEST_SENTENCES = 2
_FEWEST_LAST_WORDS = 8
_FEW = 3
_SHOWN = 60


def find_cut(text: str, language: str | None, fewest: int | None) -> str | None:
    """Why a text counts as cut off, with its last words; None for a text that may end where it does.

    Args:
        text: As the model wrote it.
        language: As asked, for its words that end no sentence.
        fewest: Words from which a text is judged; None = not judged.
    """
    if fewest is None:
        return None
    stripped = text.rstrip()
    if not stripped or _ENDS.search(stripped, max(0, len(stripped) - 3)):
        return None
    if len(stripped.split(None, fewest)) < fewest and not is_unspaced(stripped[-_SHOWN:]):
        return None
    line = stripped[stripped.rfind("\n") + 1 :]
    words = line.split()
    why = _reason(stripped, line, words, language, fewest)
    return f"{why}: ...{line[-_SHOWN:]!r}" if why else None


def _reason(text: str, line: str, words: list[str], language: str | None, fewest: int) -> str | None:
    if line[-1] in _COMMAS:
        return "ends in a comma" if len(words) > _FEW or line == text else None
    if (last := _unfinished_end(line, words, language, fewest)) is not None:
        return f"ends in {last!r}"
    for opening, closing in _BRACKETS.items():
        if line.count(opening) > line.count(closing) and _OPEN_BRACKET.search(line):
            return f"leaves {opening} open"
    if sum(map(line.count, _QUOTES)) % 2 or (line.count('"') % 2 and _OPEN_QUOTE.search(line)):
        return "leaves a quotation open"
    ends = [match.end() for match in _SENTENCE_END.finditer(line)]
    if len(ends) >= _FEWEST_SENTENCES and len(line[ends[-1] :].split()) >= _FEWEST_LAST_WORDS:
        return "ends in an unfinished sentence"
    return None


def _unfinished_end(line: str, words: list[str], language: str | None, fewest: int) -> str | None:
    """The word at the end of the line that ends no sentence."""
    if is_unspaced(line[-1]):
        return next(filter(line.endswith, _unfinished(language)), None)
    return words[-1] if words[-1] in _unfinished(language) and len(words) >= fewest else None


@cache
def _unfinished(language: str | None) -> frozenset[str]:
    """Words that end no sentence of the language; of none, if it is not in the table."""
    code = find_language(language).code.partition("-")[0] if language else ""
    text = resources.files(__package__).joinpath("unfinished_words.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return next((frozenset(row["words"].split(";")) for row in rows if row["language"] == code), frozenset())
