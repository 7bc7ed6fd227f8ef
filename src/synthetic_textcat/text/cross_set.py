"""Near duplicates between two sets of texts: MinHash LSH candidates, exact Jaccard similarity.

With the number of texts grow the false candidates of a text, since at a low threshold bands are short: of a million
texts two or three each at 0.6. So candidates are compared by the hundred thousand, by outlines of their digests that
are small enough for memory, and only a pair that passes by its digests.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.bucket_members import BucketMembers, Likeness
from synthetic_textcat.text.minhash import OUTLINE_WORDS, outlines_of
from synthetic_textcat.text.sketched_texts import ALONE, Numbers, Places, SketchedTexts, sketched

_MOST_IN_A_BUCKET = 64

Mask = NDArray[np.bool_]


class CrossSetMatcher:
    """Near-duplicate search between two subsets of texts.

    A pair is found if the texts share a MinHash band (98 % of the pairs at the threshold, nearly all above it) and the
    exact Jaccard similarity of their 5-grams reaches the threshold; so a pair below it is never reported. In a large
    bucket only the first 64 texts are compared, in each band.

    Args:
        texts: Normalised texts.
        threshold: Jaccard similarity, above 0.
    """

    def __init__(self, texts: Sequence[str] | SketchedTexts, threshold: float) -> None:
        self._texts = sketched(texts, threshold)
        self._likeness = Likeness(self._texts, threshold)

    def near(self, asked: Mask, others: Mask) -> Mask:
        """Mask of the asked texts that are near duplicates of one of the others; the masks must be disjoint."""
        compared = _ComparedTexts(self._texts, others, self._likeness)
        found = np.zeros(len(self._texts), bool)
        for places, numbers in _among(self._texts, asked):
            found[places] = compared.have_similar(places, numbers)
        return found


class _ComparedTexts:
    """Texts that others are compared with: numbered one after another, in buckets, with outlines of their digests.

    Args:
        texts: All texts.
        mask: Which of them these are.
        likeness: Compares two texts.
    """

    def __init__(self, texts: SketchedTexts, mask: Mask, likeness: Likeness) -> None:
        self._texts, self._likeness = texts, likeness
        sizes, rows = np.zeros(len(texts.sizes), np.int32), 0
        for places, numbers in _among(texts, mask):
            np.add.at(sizes, numbers[numbers != ALONE], 1)
            rows += len(places)
        self._buckets = BucketMembers(np.minimum(sizes, _MOST_IN_A_BUCKET))
        self._outlines = np.empty((rows, OUTLINE_WORDS), np.uint64)
        self._places = np.empty(rows, np.int32)
        start = 0
        for places, numbers in _among(texts, mask):
            end = start + len(places)
            self._buckets.add(np.arange(start, end), numbers)
            self._outlines[start:end] = outlines_of(texts.digests(places))
            self._places[start:end] = places
            start = end

    def have_similar(self, places: Places, numbers: Numbers) -> Mask:
        """Whether each text is similar to one of these.

        Args:
            places: Positions of the texts, ascending.
            numbers: Their bucket numbers, by text and band.
        """
        found = np.zeros(len(places), bool)
        digests = self._texts.digests(places)
        outlines = outlines_of(digests)
        for ones, others in self._buckets.candidates(numbers, found):
            pairs = np.flatnonzero(self._likeness.possible(outlines, ones, self._outlines, others))
            owners, members = ones[pairs], others[pairs]
            distinct, which = np.unique(members, return_inverse=True)
            theirs = self._texts.digests(self._places[distinct].astype(np.intp))
            promising = self._likeness.promising(digests, owners, theirs, which)
            self._confirm(places, owners[promising], members[promising], found)
        return found

    def _confirm(self, places: Places, owners: Places, members: NDArray[np.int32], found: Mask) -> None:
        """Notes the texts of pairs that are similar indeed: compares each text with the first, then with the next."""
        while len(owners):
            firsts = np.flatnonzero(np.diff(owners, prepend=-1))
            pairs = zip(owners[firsts].tolist(), self._places[members[firsts]].tolist(), strict=True)
            for owner, other in pairs:
                found[owner] = self._likeness.exact(other, int(places[owner])) >= self._likeness.threshold
            is_left = ~found[owners]
            is_left[firsts] = False
            owners, members = owners[is_left], members[is_left]


def _among(texts: SketchedTexts, mask: Mask) -> Iterator[tuple[Places, Numbers]]:
    """Positions and bucket numbers of the texts in shared buckets that a mask selects, in portions."""
    for shared in texts.shared():
        wanted = np.flatnonzero(mask[shared.places])
        if len(wanted):
            yield shared.places[wanted], shared.numbers[wanted]
