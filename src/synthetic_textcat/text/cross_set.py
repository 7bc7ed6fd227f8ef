"""Near duplicates between two sets of texts: MinHash LSH candidates, exact Jaccard similarity.

With the number of texts grow the false candidates of a text, since at a low threshold bands are short: of a million
texts two or three each at 0.6. So candidates are compared by the hundred thousand, a block of digests at a time.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.temporary_files import ArrayFile
from synthetic_textcat.text.bucket_members import BucketMembers, Likeness
from synthetic_textcat.text.minhash import PERMUTATIONS
from synthetic_textcat.text.sketched_texts import ALONE, Numbers, Places, SketchedTexts, sketched

_MOST_IN_A_BUCKET = 64
_BLOCK = 1 << 16  # digests that are in memory at once, 8 MB

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
    """Texts that others are compared with: numbered one after another, in buckets, with a file of their digests.

    Args:
        texts: All texts.
        mask: Which of them these are.
        likeness: Compares two texts.
    """

    def __init__(self, texts: SketchedTexts, mask: Mask, likeness: Likeness) -> None:
        self._texts, self._likeness = texts, likeness
        sizes = np.zeros(len(texts.sizes), np.int32)
        for _, numbers in _among(texts, mask):
            np.add.at(sizes, numbers.ravel(), 1)
        sizes[ALONE] = 0
        self._buckets = BucketMembers(np.minimum(sizes, _MOST_IN_A_BUCKET))
        self._digests = ArrayFile(np.uint8, PERMUTATIONS)
        parts = [np.empty(0, np.int32)]
        for places, numbers in _among(texts, mask):
            self._buckets.add(np.arange(len(places)) + len(self._digests), numbers)
            self._digests.add(texts.digests(places))
            parts.append(places.astype(np.int32))
        self._places = np.concatenate(parts)

    def have_similar(self, places: Places, numbers: Numbers) -> Mask:
        """Whether each text is similar to one of these.

        Args:
            places: Positions of the texts, ascending.
            numbers: Their bucket numbers, by text and band.
        """
        found = np.zeros(len(places), bool)
        digests = self._texts.digests(places)
        for owners, members in self._buckets.candidates(numbers, found):
            promising = self._promising(digests, owners, members)
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

    def _promising(self, digests: NDArray[np.uint8], owners: Places, members: NDArray[np.int32]) -> Mask:
        """Mask of the pairs with sufficient estimated similarity, block by block of the members' digests."""
        result = np.empty(len(owners), bool)
        blocks = members // _BLOCK
        order = np.argsort(blocks.astype(np.int16), kind="stable")
        ends = np.cumsum(np.bincount(blocks))
        for block in np.unique(blocks).tolist():
            pairs = order[ends[block - 1] if block else 0 : ends[block]]
            own = members[pairs] - block * _BLOCK
            is_wanted = np.zeros(_BLOCK, bool)
            is_wanted[own] = True
            others = self._digests.at(np.flatnonzero(is_wanted) + block * _BLOCK)
            which = np.cumsum(is_wanted)[own] - 1
            result[pairs] = self._likeness.promising(digests, owners[pairs], others, which)
        return result


def _among(texts: SketchedTexts, mask: Mask) -> Iterator[tuple[Places, Numbers]]:
    """Positions and bucket numbers of the texts in shared buckets that a mask selects, in portions."""
    for shared in texts.shared():
        wanted = np.flatnonzero(mask[shared.places])
        if len(wanted):
            yield shared.places[wanted], shared.numbers[wanted]
