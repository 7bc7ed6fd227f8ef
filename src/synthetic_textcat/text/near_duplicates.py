"""Near duplicates within a set of texts: MinHash LSH candidates, exact Jaccard similarity.

Candidates depend on hashes with a fixed seed, and the similarity on the sets of 5-grams alone: the result is the same
on any machine and for any division of the texts into parts, and a pair below the threshold is never reported. Texts
and sketches are in temporary files (`sketched_texts`), so that millions need some tens of bytes of memory each.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from synthetic_textcat.text.bucket_members import NONE, BucketMembers, FirstSimilar, Likeness
from synthetic_textcat.text.sketched_texts import ALONE, Numbers, Places, SketchedTexts, sketched

_AT_ONCE = 512  # texts in shared buckets that are compared with earlier ones at once, then with one another


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
    texts = sketched(texts, threshold)
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
    places: Places, numbers: Numbers, found: FirstSimilar, likeness: Likeness, all_stay: bool
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
            rows = np.array(candidates, np.intp)
            promising = likeness.promising(digests, rows, digests, np.full(len(rows), number)).tolist()
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
