"""Distinctive words of a grammar's labels: words that only the templates of one label can write. Pure.

All that a template can write is read from the grammar. So a word that only one label has means that the text, or a
sentence of it, was written for that label, and no probabilities are needed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import regex

from synthetic_textcat.llm.offline.grammar import DIFFICULTIES, Grammar, Slots, Template
from synthetic_textcat.text.comparison import DOT_ABOVE
from synthetic_textcat.text.unicode import is_unspaced

_WORD = regex.compile(r"[\w\p{M}]+")
_DOTLESS_I = "\u0131"  # whose capital is I
_SHARED = ""  # owner of a word that several labels have, or that any text may hold
_DISTRUST = 3  # known words that one unknown word outweighs


class Reading(NamedTuple):
    """A text as the templates of one grammar would write it.

    Attributes:
        fit: 1 if the grammar has all words of the text, and 0 if it lacks a third of them.
        words: Number of words.
        labels: Labels that have words of their own in the text, by their number.
    """

    fit: float
    words: int
    labels: tuple[str, ...]


class Lexicon:
    """The words of a grammar, each with the label that alone has it; characters in a script without spaces."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._unspaced = grammar.orthography.is_unspaced

    def read(self, text: str, *, by_words: bool = False) -> Reading:
        """Fit of a text to the grammar, and the labels whose words it has.

        Args:
            text: The text.
            by_words: Whether single words count alone: next to them those in pairs do not.
        """
        words = self._split(text, 1) if is_unspaced(text) == self._unspaced else []
        owners = self._words
        known = [owners[word] for word in words if word in owners]
        fit = 1 - _DISTRUST * (1 - len(known) / len(words)) if words else 1 - _DISTRUST
        votes = Counter(owner for owner in known if owner)
        if not votes and not by_words:  # a short text may have none, but two in a row that only one label can write
            votes = Counter(owner for pair in self._split(text, 2) if (owner := self._pairs.get(pair)))
        return Reading(fit, len(words), tuple(label for label, _ in votes.most_common()))

    @cached_property
    def _words(self) -> Mapping[str, str]:
        return self._owners(1)

    @cached_property
    def _pairs(self) -> Mapping[str, str]:
        return self._owners(2)

    def _owners(self, size: int) -> Mapping[str, str]:
        phrases: dict[str, str] = {}
        for owner, phrase in self._phrases():  # the same ones for each label and difficulty, but for a few
            if phrases.setdefault(phrase, owner) != owner:
                phrases[phrase] = _SHARED
        owners: dict[str, str] = {}
        for phrase, owner in phrases.items():
            for word in self._split(phrase, size):
                if owners.setdefault(word, owner) != owner:
                    owners[word] = _SHARED
        return owners

    def _phrases(self) -> Iterator[tuple[str, str]]:
        """The texts between slots, each with the label whose templates or slots hold it."""
        grammar, register = self._grammar, self._grammar.register
        common = next(iter(grammar.labels.values()))
        for level in DIFFICULTIES:
            for label, voice in grammar.labels.items():
                for text in _literals((*voice.short, *voice.sentences), voice.slots[level], set()):
                    yield label, text
            for text in _literals((*grammar.openers, *grammar.fillers), common.slots[level], set()):
                yield _SHARED, text
            for phrases in (register.lead_ins[level], register.connectives[level]):
                yield from ((_SHARED, text) for text in phrases)
        for text in (*register.hedges, *register.short_hedges, *register.asides):
            yield _SHARED, text

    def _split(self, text: str, size: int) -> list[str]:
        """The words of a text, or so many in a row at a time; "an" is "a", and capitals don't count."""
        runs = _WORD.findall(text.casefold().replace(DOT_ABOVE, "").replace(_DOTLESS_I, "i"))
        if self._unspaced:
            return [run[start : start + size] for run in runs for start in range(len(run) - size + 1)]
        words = ["a" if word == "an" else word for word in runs]
        return words if size == 1 else [" ".join(pair) for pair in pairwise(words)]


def _literals(templates: Sequence[Template], slots: Slots, seen: set[str]) -> Iterator[str]:
    """All texts between slots in templates and in what fills their slots."""
    for template in templates:
        for literal, slot in template:
            if literal:
                yield literal
            if slot and slot not in seen:
                seen.add(slot)
                yield from _literals(slots[slot], slots, seen)
