"""Near duplicates within a set of texts and between two sets: MinHash LSH candidates, exact Jaccard similarity.

Candidates depend on hashes with a fixed seed, and the similarity on the sets of 5-grams alone: the result is the same
on any machine and for any division of the texts into parts, and a pair below the threshold is never reported. Texts
and sketches are in temporary files (`sketched_texts`), so that millions need some tens of bytes of memory each.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.bucket_members import NONE, BucketMembers, Found, Likeness
from synthetic_textcat.text.sketched_texts import ALONE, Numbers, Places, SketchedTexts

_AT_ONCE = 512  # texts in shared buckets that are compared with earlier ones at once, then with one another
_ASKED = 4096  # texts in shared buckets that are compared with another set at once
_MOST_IN_A_BUCKET = 64
_PART = 50_000  # texts sketched at once

Mask = NDArray[np.bool_]


class Like(NamedTuple):
    """An earlier near duplicate.

    Attributes:
        place: Position of the earlier text.
        similarity: Jaccard similarity of the two sets of 5-grams.
    """

    place: int
    similarity: float


def like_earlier(
    texts: Sequence[str] | SketchedTexts, threshold: float, all_stay: bool = False
) -> Iterator[Like | None]:
    """The first earlier text that is at least as similar to each text as the threshold, or None.

    Args:
        texts: Normalised texts.
        threshold: Jaccard similarity, above 0.
        all_stay: Whether near duplicates are kept as earlier texts. True if they are only flagged; False if they are
            rejected, so that a rejected text does not reject others.
    """
    texts = _sketched(texts, threshold)
    likeness = Likeness(texts, threshold)
    standing = BucketMembers(texts.sizes)
    answered = 0
    for shared in texts.shared():
        for start in range(0, len(shared.places), _AT_ONCE):
            places, numbers = shared.places[start : start + _AT_ONCE], shared.numbers[start : start + _AT_ONCE]
            found = standing.first_similar(places, numbers, likeness)
            _compare_with_one_another(places, numbers, found, likeness, all_stay)
            stays = np.full(len(places), True) if all_stay else found.places == NONE
            standing.add(places[stays], numbers[stays])
            for place, like, similarity in zip(places.tolist(), *(each.tolist() for each in found), strict=True):
                yield from repeat(None, place - answered)  # no text shares a band with those between
                yield None if like == NONE else Like(like, similarity)
                answered = place + 1
        yield from repeat(None, shared.stop - answered)
        answered = shared.stop


def _compare_with_one_another(
    places: Places, numbers: Numbers, found: Found, likeness: Likeness, all_stay: bool
) -> None:
    """Fills in the first similar text for texts whose first one is among the same few."""
    buckets, counts = np.unique(numbers, return_counts=True)
    is_common = np.isin(numbers, buckets[(counts > 1) & (buckets != ALONE)])
    asked = np.flatnonzero(is_common.any(axis=1))
    if not len(asked):
        return
    digests = likeness.texts.digests(places)
    standing: dict[int, list[int]] = defaultdict(list)
    for number in asked.tolist():
        own = numbers[number][is_common[number]].tolist()
        if found.places[number] == NONE:
            candidates = sorted({earlier for bucket in own for earlier in standing.get(bucket, ())})
            promising = likeness.promising(digests[candidates], digests[number]) if candidates else ()
            for earlier, is_promising in zip(candidates, promising, strict=True):
                if not is_promising:
                    continue
                similarity = likeness.exact(int(places[earlier]), int(places[number]))
                if similarity >= likeness.threshold:
                    found.places[number], found.similarities[number] = places[earlier], similarity
                    break
        if all_stay or found.places[number] == NONE:
            for bucket in own:
                standing[bucket].append(number)


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
        self._texts = _sketched(texts, threshold)
        self._likeness = Likeness(self._texts, threshold)

    def near(self, asked: Mask, others: Mask) -> Mask:
        """Mask of the asked texts that are near duplicates of one of the others; the masks must be disjoint."""
        sizes = np.zeros(len(self._texts.sizes), np.int32)
        for _, numbers in self._among(others):
            np.add.at(sizes, numbers.ravel(), 1)
        sizes[ALONE] = 0
        members = BucketMembers(np.minimum(sizes, _MOST_IN_A_BUCKET))
        for places, numbers in self._among(others):
            members.add(places, numbers)
        found = np.zeros(len(self._texts), bool)
        for places, numbers in self._among(asked):
            found[places] = members.first_similar(places, numbers, self._likeness).places != NONE
        return found

    def _among(self, mask: Mask) -> Iterator[tuple[Places, Numbers]]:
        """Positions and bucket numbers of the texts in shared buckets that a mask selects, in portions."""
        for shared in self._texts.shared():
            wanted = np.flatnonzero(mask[shared.places])
            for start in range(0, len(wanted), _ASKED):
                some = wanted[start : start + _ASKED]
                yield shared.places[some], shared.numbers[some]


def _sketched(texts: Sequence[str] | SketchedTexts, threshold: float) -> SketchedTexts:
    if isinstance(texts, SketchedTexts):
        return texts
    return SketchedTexts((texts[start : start + _PART] for start in range(0, len(texts), _PART)), threshold)
