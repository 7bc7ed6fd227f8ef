"""Fitting of texts to a range of length: sentences are left out, and a list of words fills the rest. Pure.

The sentences of a grammar rarely add up to a narrow range, such as `exactly 12`, and in scripts without spaces words
are counted by dictionaries, which no template knows.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from synthetic_textcat.llm.offline.grammar import LabelGrammar, Template
from synthetic_textcat.llm.offline.orthography import Orthography, leaks
from synthetic_textcat.schemas.lengths import CHARACTERS, Length
from synthetic_textcat.text.segments import GRAPHEME, characters, words_by_icu
from synthetic_textcat.text.words import COUNTS, counts_of

_MOST_LISTED = 60  # words that a list is chosen from
_SPARE = 20  # how far a list may go beyond the lower bound, where there is no upper one
_MOST_STARTS = 8
_FEWEST_WORDS = 12


class Base(NamedTuple):
    """A text, or the marks before one, that a list of words may be added to.

    Attributes:
        text: The text.
        first: Words with which the list has to begin.
        is_whole: Whether it is a text without a list, too.
    """

    text: str
    first: Sequence[str] = ()
    is_whole: bool = False


def fitted(
    bases: Iterable[Base], words: Iterable[str], length: Length, orthography: Orthography, labels: Sequence[str]
) -> str | None:
    """The first of the bases that is in the range, by itself or with a list of words; None if none can be.

    Args:
        bases: Texts to try.
        words: Words for a list, in the order of preference.
        length: The range.
        orthography: Of the language.
        labels: Labels that must not appear.
    """
    usable: list[str] | None = None
    for base in bases:
        [size] = measured([base.text], length, orthography)
        if length.most is not None and size > length.most:
            continue
        if base.is_whole and size >= length.least:
            return base.text
        if usable is None:
            kept = (word for word in words if not leaks(word, labels, orthography.code))
            usable = [word for word, _ in zip(kept, range(_MOST_LISTED), strict=False)]
        text = _with_list(base, size, usable, length, orthography)
        if text is not None:
            return text
    return None


def cut_to(words: Iterable[str], most: int) -> str:
    """The beginning of the words, as many characters as fit; no further words are taken."""
    begun = ""
    for word in words:
        begun = f"{begun} {word}" if begun else word
        if characters(begun) > most:
            break
    return "".join(GRAPHEME.findall(begun)[:most]).strip()


def measured(texts: Sequence[str], length: Length, orthography: Orthography) -> list[int]:
    """Length of each text in the range's unit, as the report counts it."""
    if length.unit == CHARACTERS:
        return list(map(characters, texts))
    if orthography.is_unspaced:
        return words_by_icu(texts)
    counted: list[int] = counts_of(texts)[:, COUNTS.index("words")].tolist()
    return counted


def is_in(text: str, length: Length, orthography: Orthography) -> bool:
    """Whether the length of a text is in the range."""
    [size] = measured([text], length, orthography)
    return size >= length.least and (length.most is None or size <= length.most)


def single_words(parts: Iterable[LabelGrammar], difficulty: str) -> list[str]:
    """The words that stand alone in slots of parts of a grammar; all words where those are few, as in Vietnamese."""
    fillings = [filling for part in parts for own in part.slots[difficulty].values() for filling in own]
    phrases = [filling[0][0].split() for filling in fillings if _is_plain(filling)]
    words = list(dict.fromkeys(phrase[0] for phrase in phrases if len(phrase) == 1))
    if len(words) >= _FEWEST_WORDS:
        return words
    return list(dict.fromkeys([*words, *filter(str.isalpha, chain.from_iterable(phrases))]))


def _is_plain(filling: Template) -> bool:
    return len(filling) == 1 and not filling[0][1]


def _with_list(base: Base, size: int, words: Sequence[str], length: Length, orthography: Orthography) -> str | None:
    """The text with a list of words as its last sentence that brings it into the range; None if no list does."""
    separator = f"{orthography.comma}{orthography.space}"
    every = [*base.first, *words]
    sizes = dict(zip(every, measured(every, length, orthography), strict=True))
    between = characters(separator) if length.unit == CHARACTERS else 0
    around = characters(orthography.space * bool(base.text) + orthography.stop) if between else 0
    known = size + around - between + sum(sizes[word] + between for word in base.first)
    low = max(length.least - known, 0 if base.first else 1)
    high = length.most - known if length.most is not None else low + _SPARE
    others = [word for word in words if word not in base.first]
    for start in range(min(_MOST_STARTS, len(others) + 1)):
        rotated = [*others[start:], *others[:start]]
        places = _adding_up([sizes[word] + between for word in rotated], low, high)
        if places is None:
            return None
        listed = [*base.first, *(rotated[place] for place in places)]
        text = orthography.join(*filter(None, [base.text]), orthography.sentence(separator.join(listed)))
        if is_in(text, length, orthography):
            return text
    return None


def _adding_up(sizes: Sequence[int], low: int, high: int) -> list[int] | None:
    """Places of sizes that add up to a number within these bounds, the first ones that do; None if none do."""
    if high < max(low, 0):
        return None
    reachable = [1]  # bit n is set if some of the sizes so far add up to n
    for size in sizes:
        reachable.append((reachable[-1] | reachable[-1] << size) & ((2 << high) - 1))
    total = next((total for total in range(max(low, 0), high + 1) if reachable[-1] >> total & 1), None)
    if total is None:
        return None
    places: list[int] = []
    for place in reversed(range(len(sizes))):
        if not reachable[place] >> total & 1:
            places.append(place)
            total -= sizes[place]
    return places[::-1]
