"""Similarity search in LSH buckets: the first text that is similar enough to each, for a block of texts at once.

Members of a bucket are read a few at a time, in order, and no further than the first similar one: of a text that is
repeated a hundred thousand times, pairs are never listed.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.minhash import PERMUTATIONS, grams_of, jaccard, least_estimate
from synthetic_textcat.text.sketched_texts import ALONE, Numbers, Places, SketchedTexts

NONE = np.iinfo(np.int32).max
"""Place of a text that does not exist: after all others."""

_FIRST_READ = 4  # members of a bucket, and four times as many with each further read
_MOST_READ = 1 << 11
_BITS = 32
_PAIRS = 1 << 16  # whose digests are read at once, some 20 MB
_CANDIDATES = 1 << 20  # pairs that are listed at once, some 20 MB
_COMPARED = 1 << 12  # pairs whose digests are compared at once: they stay in the processor's cache
_GRAM_SETS = 1024  # kept: of texts of 300 characters some 30 kB each

_FIRST_BITS = np.uint64(0x5555555555555555)  # of each two

Digests = NDArray[np.uint8]
Outlines = NDArray[np.uint64]


class FirstSimilar(NamedTuple):
    """The first similar text of each text.

    Attributes:
        places: Its position; `NONE` if there is none.
        similarities: Jaccard similarity of the two sets of 5-grams.
    """

    places: NDArray[np.int32]
    similarities: NDArray[np.float64]


class Likeness:
    """Comparison of pairs of texts: an estimate by digests, then the exact similarity of the few that are promising.

    Args:
        texts: All texts.
        threshold: Jaccard similarity from which on two texts are similar.
    """

    def __init__(self, texts: SketchedTexts, threshold: float) -> None:
        self.texts, self.threshold = texts, threshold
        self._least = PERMUTATIONS * least_estimate(threshold)
        self._grams = lru_cache(maxsize=_GRAM_SETS)(lambda place: grams_of(texts.text(place)))

    def promising(self, one: Digests, ones: Places, other: Digests, others: Places) -> NDArray[np.bool_]:
        """Mask of the pairs with sufficient estimated similarity; the exact one takes a thousand times as long.

        Args:
            one: Digests.
            ones: Row of the first text of each pair there.
            other: Digests, of the same or of other texts.
            others: Row of the second text of each pair there.
        """
        alike = np.empty(len(ones), np.uint8)
        for start in range(0, len(ones), _COMPARED):
            rows = slice(start, start + _COMPARED)
            is_same = one.take(ones[rows], axis=0) == other.take(others[rows], axis=0)
            np.einsum("ij->i", is_same.view(np.uint8), out=alike[rows])  # a third of the time of a sum
        return alike >= self._least

    def possible(
        self, one: Outlines, ones: Places, other: Outlines, others: NDArray[np.integer[Any]]
    ) -> NDArray[np.bool_]:
        """Mask of the pairs that can be promising: all that are, and few others, in a part of the time.

        Args:
            one: Outlines of digests.
            ones: Row of the first text of each pair there.
            other: Outlines, of the same or of other texts.
            others: Row of the second text of each pair there.
        """
        differing = np.empty(len(ones), np.uint8)
        for start in range(0, len(ones), _COMPARED):
            rows = slice(start, start + _COMPARED)
            bits = one.take(ones[rows], axis=0) ^ other.take(others[rows], axis=0)
            bits |= bits >> np.uint64(1)
            np.einsum("ij->i", np.bitwise_count(bits & _FIRST_BITS), out=differing[rows])
        return PERMUTATIONS - differing.astype(np.int16) >= self._least

    def exact(self, one: int, other: int) -> float:
        """Jaccard similarity of two texts, by their positions."""
        return jaccard(self._grams(one), self._grams(other))


class BucketMembers:
    """Texts by bucket, each bucket in the order in which they were added.

    Args:
        sizes: The most texts of each bucket that are kept: the first ones.
    """

    def __init__(self, sizes: NDArray[np.int32]) -> None:
        whole = int(sizes.sum(dtype=np.int64))
        self._starts = np.zeros(len(sizes) + 1, np.int32 if whole < NONE else np.int64)
        np.cumsum(sizes, out=self._starts[1:])
        self._ends = self._starts[:-1].copy()
        self._members = np.empty(whole, np.int32)

    def add(self, places: Places, numbers: Numbers) -> None:
        """Adds texts by position, ascending, with their bucket numbers by text and band."""
        owners, bands = np.nonzero(numbers != ALONE)
        buckets = numbers[owners, bands]
        order = np.argsort(buckets, kind="stable")
        buckets, first, counts = np.unique(buckets[order], return_index=True, return_counts=True)
        rank = np.arange(len(order)) - np.repeat(first, counts)
        ends: NDArray[np.int64] = self._ends[buckets].astype(np.int64)
        slots = np.repeat(ends, counts) + rank
        has_room = slots < np.repeat(self._starts[buckets + 1], counts)
        self._members[slots[has_room]] = places[owners[order]][has_room]
        self._ends[buckets] = np.minimum(ends + counts, self._starts[buckets + 1])

    def first_similar(self, places: Places, numbers: Numbers, likeness: Likeness) -> FirstSimilar:
        """The first member that is similar to each text, in the order of positions.

        Args:
            places: Positions of the texts, ascending.
            numbers: Their bucket numbers, by text and band.
            likeness: Compares two texts.
        """
        found = FirstSimilar(np.full(len(places), NONE, np.int32), np.zeros(len(places)))
        digests = likeness.texts.digests(places)
        for owners, members in self._pairs(numbers, found):
            others, where = np.unique(members, return_inverse=True)
            hits = likeness.promising(digests, owners, likeness.texts.digests(others), where)
            for owner, member in zip(owners[hits].tolist(), members[hits].tolist(), strict=True):
                if found.places[owner] == NONE:
                    similarity = likeness.exact(member, int(places[owner]))
                    if similarity >= likeness.threshold:
                        found.places[owner], found.similarities[owner] = member, similarity
        return found

    def candidates(self, numbers: Numbers, is_found: NDArray[np.bool_]) -> Iterator[tuple[Places, NDArray[np.int32]]]:
        """Portions of the pairs of a text's number, ascending, and a member of a bucket of it, in no order.

        A pair that shares several buckets comes several times. Further members of a text's buckets come while it is
        not found.

        Args:
            numbers: Bucket numbers, by text and band.
            is_found: Whether a text needs no further member; to be changed meanwhile.
        """
        owners, at, ends = self._reading(numbers)
        most = _FIRST_READ
        while True:
            is_open = (at < ends) & ~is_found[owners]
            owners, at, ends = owners[is_open], at[is_open], ends[is_open]
            if not len(owners):
                return
            sizes = np.minimum(ends - at, most)
            before = np.cumsum(sizes) - sizes
            for start, stop in pairwise([*np.flatnonzero(np.diff(before // _CANDIDATES, prepend=-1)), len(owners)]):
                own = sizes[start:stop]
                places = np.arange(own.sum()) + np.repeat(at[start:stop] - before[start:stop] + before[start], own)
                yield np.repeat(owners[start:stop], own), self._members[places]
            at += sizes
            most = min(4 * most, _MOST_READ)

    def _pairs(self, numbers: Numbers, found: FirstSimilar) -> Iterator[tuple[Places, NDArray[np.int64]]]:
        """Portions of the pairs of a text's number and a member, while none is found for it.

        Each pair comes once, and those of a text in the order of its members.
        """
        owners, at, ends = self._reading(numbers)
        most = _FIRST_READ
        while True:
            is_open = (at < ends) & (found.places[owners] == NONE)
            owners, at, ends = owners[is_open], at[is_open], ends[is_open]
            if not len(owners):
                return
            firsts = np.flatnonzero(np.diff(owners, prepend=-1))
            portion = max(1, _PAIRS // (most * numbers.shape[1]))
            bounds = [*firsts[::portion].tolist(), len(owners)]
            for start, stop in pairwise(bounds):
                own, begin = owners[start:stop], at[start:stop]
                members, sizes = self._read(own, begin, ends[start:stop], most)
                at[start:stop] += sizes
                pairs = np.unique(np.repeat(own, sizes) << _BITS | members)
                yield pairs >> _BITS, pairs & NONE
            most = min(4 * most, _MOST_READ)

    def _reading(self, numbers: Numbers) -> tuple[Places, NDArray[np.int64], NDArray[np.int64]]:
        """Number of a text, and begin and end of the members, for each bucket of each text."""
        owners, bands = np.nonzero(numbers != ALONE)
        buckets = numbers[owners, bands]
        return owners, self._starts[buckets].astype(np.int64), self._ends[buckets].astype(np.int64)

    def _read(
        self, owners: Places, begin: NDArray[np.int64], ends: NDArray[np.int64], most: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The next members of buckets, and how many of each; none beyond the first that is not read of the same text.

        Args:
            owners: The number of the text that each bucket is read for, ascending.
            begin: Where the rest of each bucket begins; none is empty.
            ends: Where it ends.
            most: Members of a bucket that are read.
        """
        sizes = np.minimum(ends - begin, most)
        starts = np.cumsum(sizes) - sizes
        members = self._members[np.arange(sizes.sum()) + np.repeat(begin - starts, sizes)]
        last = np.where(begin + sizes < ends, members[starts + sizes - 1], NONE)
        firsts = np.flatnonzero(np.diff(owners, prepend=-1))
        horizon = np.repeat(np.minimum.reduceat(last, firsts), np.diff(firsts, append=len(owners)))
        is_next = members <= np.repeat(horizon, sizes)
        return members[is_next].astype(np.int64), np.add.reduceat(is_next, starts, dtype=np.int64)
