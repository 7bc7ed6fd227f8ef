"""Text writer: expands a grammar to a text of given length, difficulty and clarity, in any language. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from synthetic_textcat.llm.offline.grammar import (
    Grammar,
    LabelGrammar,
    SeededDraws,
    Template,
    expand,
)
from synthetic_textcat.llm.offline.length_fitting import Base, cut_to, fitted, is_in, single_words
from synthetic_textcat.llm.offline.orthography import ASKS_OR_EXCLAIMS, Orthography, leaks
from synthetic_textcat.schemas.lengths import CHARACTERS, LONGEST, WORDS, Length, length_of
from synthetic_textcat.text.segments import characters

SHORT = "less than 10"
LENGTHS = {SHORT: (4, 9), "at least 10": (10, 49), "at least 50": (50, 99), "at least 100": (100, 199)} | {
    "at least 200": (200, 280)
}
"""Minimum and maximum number of words for each value of num_words."""

_LONGER = 1.4  # times the lower bound: a text that has no upper one
_LONGEST_SHORT = 14  # words: longer texts have room for several sentences
_CHARACTERS_A_WORD = 6.5  # with the space after it
_SPARE = 15  # words
_LEAD_IN_ODDS = {"high school": 0.2, "college": 0.4, "PhD": 0.75}
_JOIN_ODDS = {"high school": 0.0, "college": 0.4, "PhD": 0.8}
_ASKS = ("?", "？", "؟")  # noqa: RUF001
_HEDGE_ODDS = 0.4
_ASIDE_ODDS = 0.3
_OPENER_ODDS = 0.75
_MOST_JOINED = 3
_MOST_PASSES = 6
_WORDS_A_PASS = 60  # or characters: far fewer than there are, since statements repeat
_MIXED_POSITION = 3  # where an ambiguous text holds its one sentence of the misleading label: after two of its own


@dataclass(frozen=True, slots=True)
class Plan:
    """Attributes of a text, read from the prompt or drawn; `label_set` is in place of `label` with several labels."""

    label: str
    misleading_label: str | None
    difficulty: str
    clarity: str
    num_words: str
    label_set: tuple[str, ...] | None = None


def write_text(grammar: Grammar, plan: Plan, seed: int, labels: tuple[str, ...] = ()) -> str:
    """A text for the planned label: a function of the arguments alone.

    Args:
        grammar: Grammar of the task; must contain the planned label.
        plan: Attributes of the text.
        seed: Seed of the row.
        labels: Labels that must not appear in the text. The grammars avoid their own labels by authorship; user-defined
            labels are checked here.
    """
    draws, orthography = SeededDraws("text", seed), grammar.orthography
    sentences = _sentences(grammar, plan, draws, labels)
    text, length = orthography.join(*marked(grammar), *sentences), length_of(plan.num_words)
    if length is None or is_of_length(text, grammar, plan.num_words):
        return text
    marks = orthography.join(*marked(grammar))
    fewer = (orthography.join(*marked(grammar), *sentences[:number]) for number in range(len(sentences), 0, -1))
    bases = [*(Base(each, is_whole=True) for each in fewer), Base(marks), Base("")]
    words = draws.shuffled(single_words([grammar.labels[plan.label]], plan.difficulty))
    found = in_range(bases, words, length, bounds_of(grammar, plan.num_words).low, orthography, labels)
    return found or part_of_word(words, length, orthography, labels) or text


def in_range(
    bases: Sequence[Base],
    words: Sequence[str],
    length: Length,
    least: int,
    orthography: Orthography,
    labels: Sequence[str],
) -> str | None:
    """A text of a range of length, from the first of the bases that can be brought into it; None if none can be.

    Args:
        bases: Texts to try; the last ones have no mark, for a range that has no room for one.
        words: Words of the label, to fill a text up.
        length: The range.
        least: Length from which on a text is preferred, where the range has no lower bound.
        orthography: Of the language.
        labels: Labels that must not appear.
    """
    bounds = dict.fromkeys((max(least, length.least), length.least))
    texts = (fitted(bases, words, length._replace(least=bound), orthography, labels) for bound in bounds)
    return next((text for text in texts if text is not None), None)


def part_of_word(words: Sequence[str], length: Length, orthography: Orthography, labels: Sequence[str]) -> str | None:
    """The beginning of the words, for a range of so few characters that no word has; None for another range."""
    if length.unit != CHARACTERS or length.most is None:
        return None
    part = cut_to((word for word in words if not leaks(word, labels, orthography.code)), length.most)
    return part if part and is_in(part, length, orthography) else None


def is_of_length(text: str, grammar: Grammar, num_words: str) -> bool:
    """Whether a text has the length that is asked for, and one of an own range that is preferred.

    For the method's values words are counted by spaces, which is faster, unless they are not set apart.
    """
    length, orthography = length_of(num_words), grammar.orthography
    if length is None:
        return True
    if num_words in LENGTHS and not orthography.is_unspaced:
        return length.least <= orthography.words(text) <= (length.most or LONGEST)
    least = length.least if num_words in LENGTHS else bounds_of(grammar, num_words).low
    return is_in(text, length._replace(least=least), orthography)


def _sentences(grammar: Grammar, plan: Plan, draws: SeededDraws, labels: tuple[str, ...]) -> list[str]:
    units = [] if is_short(plan.num_words) else _units(grammar, plan, draws, labels)
    joined = joined_units(units, grammar, plan, draws) if units else [_short_text(grammar, plan, draws, labels)]
    return list(map(grammar.orthography.sentence, joined))


class Bounds(NamedTuple):
    """Bounds of a text's length.

    Attributes:
        low, high: Minimum and maximum.
        spare: How far before its upper bound a text may end, so that the last sentence still fits.
        marks: Length of the grammar's mark.
        measure: Length of a text, in words or characters.
    """

    low: int
    high: int
    spare: int
    marks: int
    measure: Callable[[str], int]


def is_short(num_words: str) -> bool:
    """Whether a text of this length is a single statement."""
    if num_words in LENGTHS:
        return num_words == SHORT
    length = length_of(num_words)
    if length is None or length.upper is None:
        return False
    return length.upper <= _LONGEST_SHORT * (1 if length.unit == WORDS else _CHARACTERS_A_WORD)


def bounds_of(grammar: Grammar, num_words: str) -> Bounds:
    """Bounds of the length of a text of a grammar."""
    known, length = LENGTHS.get(num_words), length_of(num_words)
    words = grammar.orthography.words
    marks = sum(map(words, marked(grammar)))
    if known is not None or length is None:
        return Bounds(*(known or LENGTHS[SHORT]), _SPARE, marks, words)
    scale = 1.0 if length.unit == WORDS else _CHARACTERS_A_WORD
    spare = round(_SPARE * scale)
    high = int(length.least * _LONGER) + spare if length.most is None else length.most
    low = length.least or min(high, round(LENGTHS[SHORT][0] * scale))
    spare = min(spare, (high - low) // 2)
    if length.unit == WORDS:
        return Bounds(low, high, spare, marks, words)
    return Bounds(low, high, spare, sum(len(mark) + 1 for mark in marked(grammar)), characters)


def marked(grammar: Grammar) -> tuple[str, ...]:
    """The grammar's mark, if it has one."""
    return (grammar.mark,) if grammar.mark else ()


def _short_text(grammar: Grammar, plan: Plan, draws: SeededDraws, labels: tuple[str, ...]) -> str:
    """One statement, with an opener or a hedge if it stays short enough."""
    slots = grammar.labels[plan.label].slots[plan.difficulty]
    text = _short_statement(grammar, plan, draws, labels)
    hedged = plan.clarity == "ambiguous" and text[-1:] not in _ASKS and draws.happens(_HEDGE_ODDS)
    opening = draws.pick(grammar.register.short_hedges) if hedged else expand(draws.pick(grammar.openers), slots, draws)
    opened = grammar.orthography.join(opening, text)
    fits = _fits(opened, bounds_of(grammar, plan.num_words), grammar, labels) and (
        hedged or draws.happens(_OPENER_ODDS)
    )
    return opened if fits else text


def _short_statement(grammar: Grammar, plan: Plan, draws: SeededDraws, labels: tuple[str, ...]) -> str:
    voice, bounds = grammar.labels[plan.label], bounds_of(grammar, plan.num_words)
    text = longest = ""
    for _ in range(_MOST_PASSES):
        for template in draws.shuffled(voice.short):
            text = expand(template, voice.slots[plan.difficulty], draws)
            if _fits(text, bounds, grammar, labels):
                return text
            if bounds.measure(text) > bounds.measure(longest) and _fits(text, bounds._replace(low=0), grammar, labels):
                longest = text
    return longest or text


def _fits(text: str, bounds: Bounds, grammar: Grammar, labels: tuple[str, ...]) -> bool:
    length = bounds.measure(text) + bounds.marks
    return bounds.low <= length <= bounds.high and not leaks(text, labels, grammar.orthography.code)


def _units(grammar: Grammar, plan: Plan, draws: SeededDraws, labels: tuple[str, ...]) -> list[str]:
    """Sentences without their final full stop, up to the drawn length."""
    low, high, spare, marks, measure = bounds_of(grammar, plan.num_words)
    target = draws.pick(range(low, high - spare + 1))
    kept, joint = _kept(grammar, plan, draws), longest_joint(grammar, plan, measure)
    units: list[str] = []
    said: set[str] = set()
    words = marks
    for template, voice in _templates(grammar, plan, draws, max(_MOST_PASSES, target // _WORDS_A_PASS)):
        plain = expand(template, {**voice.slots[plan.difficulty], **kept}, draws)
        unit = dressed(plain, grammar, plan, draws)
        count = measure(unit)
        if (
            words + count + (len(units) + 1) * joint > high
            or plain in said
            or leaks(unit, labels, grammar.orthography.code)
        ):
            continue
        said.add(plain)
        units.append(unit)
        words += count
        if words >= target:
            break
    return units


def longest_joint(grammar: Grammar, plan: Plan, measure: Callable[[str], int]) -> int:
    """Most words or characters that joining may add to each unit."""
    connectives = grammar.register.connectives[plan.difficulty]
    return max(measure("."), 1, *(measure(f"x{connective} ") - measure("x") for connective in connectives))


def _kept(grammar: Grammar, plan: Plan, draws: SeededDraws) -> dict[str, tuple[Template, ...]]:
    slots = grammar.labels[plan.label].slots[plan.difficulty]
    return {name: (draws.pick(slots[name]),) for name in grammar.keep if name in slots}


def _templates(
    grammar: Grammar, plan: Plan, draws: SeededDraws, passes: int
) -> Iterator[tuple[Template, LabelGrammar]]:
    """Alternates two templates of the label and one filler; starts over with new slot values when all were used."""
    voice = grammar.labels[plan.label]
    fillers = iter(draws.shuffled(grammar.fillers))
    other = grammar.labels.get(plan.misleading_label or "") if plan.clarity == "ambiguous" else None
    place = 0
    for turn in range(passes):
        for template in draws.shuffled(voice.sentences if turn == 0 else (*voice.sentences, *voice.short)):
            place += 1
            yield template, voice
            if place == _MIXED_POSITION and other is not None:
                yield draws.pick(other.sentences), other
            if place % 2 == 0 and (filler := next(fillers, None)) is not None:
                yield filler, voice


def dressed(text: str, grammar: Grammar, plan: Plan, draws: SeededDraws) -> str:
    """Adds an opener, hedge or aside to a statement; questions and exclamations are left unchanged."""
    if text[-1] in ASKS_OR_EXCLAIMS:
        return text
    register, join = grammar.register, grammar.orthography.join
    if plan.clarity == "ambiguous" and draws.happens(_HEDGE_ODDS):
        return join(draws.pick(register.hedges), text)
    if plan.clarity == "understandable with some effort" and draws.happens(_ASIDE_ODDS):
        text = join(text, draws.pick(register.asides))
    if draws.happens(_LEAD_IN_ODDS[plan.difficulty]):
        text = join(draws.pick(register.lead_ins[plan.difficulty]), text)
    return text


def joined_units(units: Sequence[str], grammar: Grammar, plan: Plan, draws: SeededDraws) -> Iterator[str]:
    """Joins units to longer sentences at higher difficulty, as readability formulas measure it."""
    connectives = grammar.register.connectives[plan.difficulty]
    current, joined = "", 0
    for unit in units:
        asks = any(text[-1:] in ASKS_OR_EXCLAIMS for text in (current, unit) if text)
        mergeable = current and joined < _MOST_JOINED and not asks
        if mergeable and draws.happens(_JOIN_ODDS[plan.difficulty]):
            current, joined = grammar.orthography.join(f"{current}{draws.pick(connectives)}", unit), joined + 1
            continue
        if current:
            yield current
        current, joined = unit, 1
    yield current
