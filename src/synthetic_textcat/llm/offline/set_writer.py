"""Text writer for label sets: each label has sentences of its own, and a text that no label fits has other ones. Pure.

Words distinguish the sentences of a grammar (`lexicon`). A sentence counts only if the lexicon assigns it to its label,
and a text expresses its labels and no other.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from synthetic_textcat.llm.offline.grammar import Grammar, LabelGrammar, SeededDraws, Template, expand
from synthetic_textcat.llm.offline.length_fitting import Base, single_words
from synthetic_textcat.llm.offline.lexicon import Lexicon
from synthetic_textcat.llm.offline.orthography import leaks
from synthetic_textcat.llm.offline.writer import (
    SHORT,
    Plan,
    bounds_of,
    dressed,
    in_range,
    is_of_length,
    is_short,
    joined_units,
    longest_joint,
    marked,
    part_of_word,
)
from synthetic_textcat.schemas.lengths import length_of

_MOST_PASSES = 12
_MOST_TRIES = 12
_FEWEST_WORDS = 3
_SIGNS = re.compile(r"[,;:\u060c\u3001]")
_MOST_SHORT = 13  # words of a short text with several labels, which all need a statement


class Voices(NamedTuple):
    """The sentences that a task's labels have in a grammar.

    Attributes:
        grammar: The grammar.
        lexicon: Its words.
        of_label: Each label's part of the grammar, by name.
        others: Sentences for texts that no label fits.
    """

    grammar: Grammar
    lexicon: Lexicon
    of_label: Mapping[str, str]
    others: Sequence[LabelGrammar]


def write_text_of_set(voices: Voices, plan: Plan, seed: int, avoided: Collection[str]) -> str:
    """A text for the planned label set: a function of the arguments alone.

    Args:
        voices: The sentences of the task's labels.
        plan: Attributes of the text.
        seed: Seed of the row.
        avoided: Labels that must not appear in the text.
    """
    draws = SeededDraws("text of set", seed, *(plan.label_set or ()))
    writer = _Writer(voices, plan, draws, tuple(avoided))
    text, length, grammar = writer.text(), length_of(plan.num_words), voices.grammar
    is_statements = plan.num_words == SHORT and len(plan.label_set or ()) > 1  # longer rather than without a sentence
    if length is None or is_statements or is_of_length(text, grammar, plan.num_words):
        return text
    distinctive, words = writer.words()
    orthography, least = grammar.orthography, bounds_of(grammar, plan.num_words).low
    bases = [Base(text, is_whole=True)]
    if distinctive or not plan.label_set:  # else only the sentences express the labels
        bases += [Base(orthography.join(*marked(grammar)), distinctive), Base("", distinctive)]
    found = in_range(bases, words, length, least, orthography, tuple(avoided))
    if found is None and len(plan.label_set or ()) < 2:
        found = part_of_word([*distinctive, *words], length, orthography, tuple(avoided))
    return found or text


def _pieces(text: str) -> Iterator[str]:
    """Parts of a statement that could stand alone: between its signs, and its last words."""
    yield from (piece.strip() for piece in _SIGNS.split(text) if len(piece.split()) >= _FEWEST_WORDS)
    words = text.split()
    yield from (" ".join(words[start:]) for start in range(1, len(words) - _FEWEST_WORDS + 1))


class _Writer:
    """The sentences of one text."""

    def __init__(self, voices: Voices, plan: Plan, draws: SeededDraws, avoided: tuple[str, ...]) -> None:
        self._voices, self._plan, self._draws, self._avoided = voices, plan, draws, avoided
        self._unknown = tuple(name for name in avoided if name not in voices.of_label or voices.of_label[name] != name)
        self._distinguished = frozenset(voices.of_label.values())  # empty once words turn out not to distinguish labels
        names = [voices.of_label[label] for label in plan.label_set or ()]
        self._parts: list[tuple[str, Sequence[LabelGrammar]]] = [
            (name, (voices.grammar.labels[name],)) for name in dict.fromkeys(names)
        ] or [("", voices.others)]

    def text(self) -> str:
        """Sentences for all labels, or statements where these are too long."""
        grammar = self._voices.grammar
        units = [] if is_short(self._plan.num_words) else self._units()
        joined = joined_units(units, grammar, self._plan, self._draws) if units else self._short_units()
        return grammar.orthography.join(*marked(grammar), *map(grammar.orthography.sentence, joined))

    def words(self) -> tuple[list[str], list[str]]:
        """A distinctive word for each label, none if a label has none; and words that belong to no other label."""
        distinctive, others = list[str](), list[str]()
        for name, parts in self._parts:
            words = self._draws.shuffled(single_words(parts, self._plan.difficulty))
            own = [word for word in words if self._is_for(word, name)]
            distinctive += own[:1]
            others += [word for word in words if word in own or self._is_for(word, "")]
        is_complete = len(distinctive) == len(self._parts)
        return distinctive if is_complete else [], [
            word for word in self._draws.shuffled(others) if word not in distinctive
        ]

    def _short_units(self) -> list[str]:
        """Short statements, one for each label: the shortest of several tries where there are several labels."""
        most = _MOST_SHORT // len(self._parts) if len(self._parts) > 1 else bounds_of(*self._length).high
        return [self._short_unit(name, parts, most) for name, parts in self._parts]

    def _short_unit(self, name: str, parts: Sequence[LabelGrammar], most: int) -> str:
        bounds = bounds_of(*self._length)
        found: list[str] = []
        for _ in range(_MOST_TRIES):
            part = self._draws.pick(parts)
            text = expand(self._draws.pick(part.short), part.slots[self._plan.difficulty], self._draws)
            if self._is_for(text, name):
                found.append(text)
                length = bounds.measure(text) + bounds.marks
                if length <= most and (len(self._parts) > 1 or length >= bounds.low):
                    return text
        if not found and name and self._distinguished:
            self._distinguished = frozenset()
            return self._short_unit(name, parts, most)
        if not found:
            return _SIGNS.sub("", self._draws.pick(self._voices.grammar.register.short_hedges))
        pieces = [piece for text in found for piece in _pieces(text) if self._is_for(piece, name)]
        return min((*pieces, *found), key=bounds.measure)

    def _units(self) -> list[str]:
        """Sentences without their final full stop, up to the drawn length, and one for each label at least."""
        grammar, plan = self._voices.grammar, self._plan
        low, high, spare, marks, measure = bounds_of(*self._length)
        target = self._draws.pick(range(low, high - spare + 1))
        joint = longest_joint(grammar, plan, measure)
        units: list[str] = []
        said: set[str] = set()
        missing = {name for name, _ in self._parts if name}
        length = marks
        for name, template, part in self._templates():
            plain = expand(template, part.slots[plan.difficulty], self._draws)
            unit = plain if missing else dressed(plain, grammar, plan, self._draws)
            if missing and name not in missing:
                continue
            fits = length + measure(unit) + (len(units) + 1) * joint <= high or name in missing
            if not fits or plain in said or not self._is_for(unit, name):
                continue
            said.add(plain)
            units.append(unit)
            missing.discard(name)
            length += measure(unit)
            if length >= target and not missing:
                break
        if missing and self._distinguished:
            self._distinguished = frozenset()
            return self._units()
        return units

    def _templates(self) -> Iterator[tuple[str, Template, LabelGrammar]]:
        """Alternates the labels, a filler after each round; starts over with new slot values when all were used."""
        draws, fillers = self._draws, self._voices.grammar.fillers
        common = next(iter(self._voices.grammar.labels.values()))
        for _ in range(_MOST_PASSES):
            turns = [
                [(name, template, part) for part in parts for template in (*part.sentences, *part.short)]
                for name, parts in draws.shuffled(self._parts)
            ]
            turns = [draws.shuffled(own) for own in turns]
            between = iter(draws.shuffled(fillers))
            for place in range(max(map(len, turns))):
                yield from (own[place] for own in turns if place < len(own))
                if (filler := next(between, None)) is not None:
                    yield "", filler, common

    def _is_for(self, unit: str, name: str) -> bool:
        """Whether a sentence expresses the label and no other label, and names none."""
        grammar = self._voices.grammar
        said = self._distinguished.intersection(self._voices.lexicon.read(unit, by_words=len(self._parts) > 1).labels)
        avoided = self._unknown if name else self._avoided
        return said == self._distinguished.intersection({name}) and not leaks(unit, avoided, grammar.orthography.code)

    @property
    def _length(self) -> tuple[Grammar, str]:
        return self._voices.grammar, self._plan.num_words
