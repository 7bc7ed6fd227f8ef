"""When two sentences describe one task: equal but for words that say nothing, endings and word order, or nearly so."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from synthetic_textcat.schemas.tasks import normalise

if TYPE_CHECKING:
    from rensa import RMinHash

NEAR = 0.75
"""Jaccard similarity from which on two sentences count as one task.

Measured on character 5-grams of the content words, without endings and in alphabetical order: 18 rewordings lie at 0.78
and above (16 of them at 1), 16 pairs of honest neighbours (another thing sorted, or another criterion) at 0.69 and
below, and all pairs of the offline model's stock of 402 at 0.73 and below. On 5-grams of the sentences as they are, the
two kinds overlap: rewordings 0.36 to 0.79, neighbours 0.47 to 0.76.
"""

_PERMUTATIONS, _BANDS = 128, 32  # four rows a band: finds 99.999 % of the pairs at 0.75, and the exact check decides
_SEED = 42
_GRAM = 5
_WORD = re.compile(r"\w+")
_GENITIVE = re.compile(r"['\u2019]s?\b")
_SHORTEST_STEM = 3
_FILLERS = """
a an the of to in on at by for from with and or that which who what this these those their its his her it they
is are was were be been being as into about do does
sort classify categorize categorise group identify determine tell decide label assign judge recognise recognize find
detect predict assess
"""
_SAYS_NOTHING = frozenset(_FILLERS.split())


class DistinctTasks:
    """Sentences of which no two describe one task, thousands of them fast.

    Args:
        taken: Sentences that are there already.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        from rensa import RMinHashLSH  # only where tasks are thought of

        self._index = RMinHashLSH(NEAR, _PERMUTATIONS, _BANDS)
        self._grams: list[frozenset[str]] = []
        for sentence in taken:
            self.add(sentence)

    def __contains__(self, sentence: str) -> bool:
        """Whether a sentence that is there describes the same task."""
        grams = _grams(sentence)
        return any(_jaccard(grams, self._grams[key]) >= NEAR for key in self._index.query(_minhash(grams)))

    def add(self, sentence: str) -> bool:
        """Takes a sentence in, if it describes a new task; whether it does."""
        if sentence in self:
            return False
        grams = _grams(sentence)
        self._index.insert(len(self._grams), _minhash(grams))
        self._grams.append(grams)
        return True


def _grams(sentence: str) -> frozenset[str]:
    text = _content(sentence)
    return frozenset(text[start : start + _GRAM] for start in range(max(1, len(text) - _GRAM + 1)))


def _content(sentence: str) -> str:
    """The content words by their stems, in alphabetical order; all words of a sentence that has none."""
    words = _WORD.findall(_GENITIVE.sub(" ", normalise(sentence)))
    stems = sorted(_stem(word) for word in words if word not in _SAYS_NOTHING)
    return f" {' '.join(stems or words)} "


def _stem(word: str) -> str:
    """The word without plural, -ing, -ed and closing e: crude, but alike for all forms of a word."""
    if word.endswith("ies") and len(word) > _SHORTEST_STEM + 1:
        word = f"{word[:-3]}y"
    elif word.endswith("s") and not word.endswith("ss"):
        word = _without(word, "s")
    for ending in ("ing", "ed", "e"):
        word = _without(word, ending)
    return word


def _without(word: str, ending: str) -> str:
    return word.removesuffix(ending) if len(word) - len(ending) >= _SHORTEST_STEM else word


def _minhash(grams: frozenset[str]) -> "RMinHash":
    from rensa import RMinHash

    minhash = RMinHash(_PERMUTATIONS, _SEED)
    minhash.update(sorted(grams))
    return minhash


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
