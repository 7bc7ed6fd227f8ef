"""When two sentences describe one task: equal but for words that say nothing, endings and word order, or nearly so."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from synthetic_textcat.pipelines.task_ingest.brainstorm.content_words import content_words
from synthetic_textcat.text.unspaced import is_unspaced

if TYPE_CHECKING:
    from rensa import RMinHash

NEAR = 0.75
"""Jaccard similarity from which on two sentences count as one task.

Measured on character 5-grams of the content words, without endings and in alphabetical order: 18 rewordings lie at 0.78
and above (16 of them at 1), 16 pairs of honest neighbours (another thing sorted, or another criterion) at 0.69 and
below, and all pairs of the offline model's stock of 402 at 0.73 and below. On 5-grams of the sentences as they are, the
two kinds overlap: rewordings 0.36 to 0.79, neighbours 0.47 to 0.76. A character says more where no spaces are set: on
3-grams, 9 rewordings in Chinese, Japanese and Thai lie at 0.81 and above, 13 neighbours at 0.65 and below.
"""

_PERMUTATIONS, _BANDS = 128, 32  # four rows a band: finds 99.999 % of the pairs at 0.75, and the exact check decides
_SEED = 42
_GRAM, _UNSPACED_GRAM = 5, 3


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
    text = f" {' '.join(content_words(sentence))} "
    length = _UNSPACED_GRAM if is_unspaced(text) else _GRAM
    return frozenset(text[start : start + length] for start in range(max(1, len(text) - length + 1)))


def _minhash(grams: frozenset[str]) -> "RMinHash":
    from rensa import RMinHash

    minhash = RMinHash(_PERMUTATIONS, _SEED)
    minhash.update(sorted(grams))
    return minhash


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
