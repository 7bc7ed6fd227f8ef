"""Hash draws over arrays, and the ragged streams of rows that they are made for.

Hashed, and never to be changed: a task's key is blake2b-64 of seed and task id. A stream's key is SplitMix64's mixer of
the task's key plus blake2b-64 of the attribute's name (and of the label, if that has a stream of its own). Draw n of a
stream is output n of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators") begun at
its key: a function of key and n, so all draws are computed at once, and each is the same in any company.
"""

from collections.abc import Iterator
from fractions import Fraction
from hashlib import blake2b
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[Any]
"""Counts, positions or codes: integers of any width."""

Keys = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def hash64(*parts: object) -> int:
    """64 bits of the parts."""
    return int.from_bytes(blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest(), "big")


def stream_keys(keys: Keys, *names: object) -> Keys:
    """For each key another one, by names."""
    return _mixed(keys + np.uint64(hash64(*names)))


def bits(keys: Keys, places: Ints) -> Keys:
    """64 random bits for each key and place."""
    return _mixed(keys + (places.astype(np.uint64) + np.uint64(1)) * _GOLDEN)


def uniform(drawn: Keys) -> NDArray[np.float64]:
    """Bits as numbers in [0, 1): multiples of 2^-52, so that a product with a total stays below the total."""
    return (drawn >> np.uint64(12)) * 2.0**-52


def _mixed(values: Keys) -> Keys:
    values = (values ^ (values >> np.uint64(30))) * _FIRST
    values = (values ^ (values >> np.uint64(27))) * _SECOND
    return values ^ (values >> np.uint64(31))


class Streams(NamedTuple):
    """Sequences of different lengths, laid end to end in flat arrays.

    Attributes:
        keys, counts: For each sequence.
        offsets: How many rows of its key come before its first one; a piece of a sequence does not begin at 0.
    """

    keys: Keys
    counts: Ints
    offsets: Ints

    @property
    def starts(self) -> Ints:
        """The place of each sequence's first row in a flat array."""
        return np.cumsum(self.counts) - self.counts

    def cut(self, size: int) -> "Streams":
        """The same flat rows in pieces of this size; the last piece of a sequence may be shorter."""
        pieces = -(-self.counts // size)
        whole, before = np.repeat(np.arange(len(pieces)), pieces), size * ranges(pieces)
        return Streams(self.keys[whole], np.minimum(self.counts[whole] - before, size), self.offsets[whole] + before)

    def longest_first(self) -> tuple["Streams", Ints]:
        """The sequences by falling length, and the place of each one's first row in the flat array as it was."""
        order = np.argsort(-self.counts, kind="stable")
        return Streams(*(values[order] for values in self)), self.starts[order]

    def in_step(self, most: int) -> Iterator[tuple[int, int]]:
        """Step by step how many sequences still have a row, if they are sorted by falling length."""
        for step in range(min(most, int(self.counts.max(initial=0)))):
            yield step, int(np.searchsorted(-self.counts, -step))


def streams_of(keys: Keys, counts: Ints) -> Streams:
    """Sequences from their beginning."""
    return Streams(keys, counts, np.zeros(len(counts), np.int64))


def ranges(counts: Ints) -> Ints:
    """0, 1, … for each count, flat."""
    starts = (np.cumsum(counts) - counts).astype(np.int32)
    return np.arange(counts.sum(), dtype=np.int32) - np.repeat(starts, counts)


def independent(streams: Streams, shares: tuple[Fraction, ...]) -> Ints:
    """Each row drawn for itself by the shares, flat."""
    ends = [float(end) for end in accumulate(shares)]  # the last one is 1 exactly
    drawn = uniform(bits(np.repeat(streams.keys, streams.counts), ranges(streams.counts)))
    return np.searchsorted(ends, drawn, side="right").astype(np.int32)


def permuted(streams: Streams, size: int) -> Ints:
    """Cycles of all numbers below a size, each cycle in a random order, flat: Fisher-Yates as far as there are rows."""
    flat = np.zeros(int(streams.counts.sum()), np.int32)
    if size == 1:
        return flat
    cycles, starts = streams.cut(size).longest_first()
    rest = np.repeat(np.arange(size, dtype=np.min_scalar_type(size))[:, None], len(starts), axis=1)
    for step, active in cycles.in_step(size):
        drawn = bits(cycles.keys[:active], cycles.offsets[:active] + step) >> np.uint64(32)
        place = step + (drawn * np.uint64(size - step) >> np.uint64(32)).astype(np.int64)
        column = np.arange(active)
        flat[starts[:active] + step] = rest[place, column]
        rest[place, column] = rest[step, :active]
    return flat
