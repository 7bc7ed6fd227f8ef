"""Fitting of texts to own ranges of length: words of the label's grammar fill up a text that is too short. Pure.

The sentences of a grammar rarely add up to a narrow range, such as `exactly 12`. The ranges of the method need no
fitting.
"""

from collections.abc import Iterable, Sequence

from synthetic_textcat.llm.offline.grammar import LabelGrammar, Template
from synthetic_textcat.llm.offline.orthography import Orthography, leaks
from synthetic_textcat.schemas.lengths import CHARACTERS, Length
from synthetic_textcat.text.segments import characters, words_by_icu
from synthetic_textcat.text.words import COUNTS, counts_of

_MOST_ADDED = 40  # words


def fitted(text: str, length: Length, words: Iterable[str], orthography: Orthography, labels: Sequence[str]) -> str:
    """The text, with a list of words as its last sentence if it is shorter than the range.

    Args:
        text: A text, or the marks that come before one.
        length: The range.
        words: Words to take from, in this order.
        orthography: Of the language.
        labels: Labels that must not appear.
    """
    best, added = text, list[str]()
    for word in words:
        if len(added) == _MOST_ADDED or measured(best, length, orthography) >= length.least:
            break
        listed = f"{orthography.comma}{orthography.space}".join([*added, word])
        longer = orthography.join(*filter(None, [text]), orthography.sentence(listed))
        if not is_too_long(longer, length, orthography) and not leaks(word, labels, orthography.code):
            best, added = longer, [*added, word]
    return best


def is_too_long(text: str, length: Length, orthography: Orthography) -> bool:
    """Whether the text is beyond the upper bound of the range."""
    return length.most is not None and measured(text, length, orthography) > length.most


def measured(text: str, length: Length, orthography: Orthography) -> int:
    """Length of a text in the range's unit, as the report counts it."""
    if length.unit == CHARACTERS:
        return characters(text)
    if orthography.letters_a_word is not None:
        return words_by_icu([text])[0]
    return int(counts_of([text])[0, COUNTS.index("words")])


def single_words(parts: Iterable[LabelGrammar], difficulty: str) -> list[str]:
    """The words that stand alone in the slots of parts of a grammar."""
    fillings = (filling for part in parts for own in part.slots[difficulty].values() for filling in own)
    return list(dict.fromkeys(filling[0][0] for filling in fillings if _is_word(filling)))


def _is_word(filling: Template) -> bool:
    return len(filling) == 1 and not filling[0][1] and len(filling[0][0].split()) == 1
