"""Streams of draws in flat arrays, with independent draws and shuffled cycles."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.hashing import Keys, random_bits, uniform

Ints = NDArray[Any]
"""Counts, places or codes: integers of any width."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Streams(NamedTuple):
    """Sequences of rows of different lengths.

    Attributes:
        keys, counts: For each sequence.
        offsets: How many rows of its key come before its first one; a piece of a sequence does not begin at 0.
    """

    keys: Keys
    counts: Ints
    offsets: Ints

    def cut(self, size: int) -> "Streams":
        """Pieces of this size of the same flat rows; the last piece of a sequence may be shorter."""
        pieces = -(-self.counts // size)
        whole, before = np.repeat(np.arange(len(pieces)), pieces), size * ranges(pieces)
        return Streams(self.keys[whole], np.minimum(self.counts[whole] - before, size), self.offsets[whole] + before)

    def longest_first(self) -> tuple["Streams", Ints]:
        """The sequences by falling length, and the place of each one's first row in the flat array as it was."""
        order = np.argsort(-self.counts, kind="stable")
        return Streams(*(values[order] for values in self)), (np.cumsum(self.counts) - self.counts)[order]

    def in_step(self, most: int) -> Iterator[tuple[int, int]]:
        """Step by step how many sequences still have a row, if they are sorted by falling length."""
        for step in range(min(most, int(self.counts.max(initial=0)))):
            yield step, int(np.searchsorted(-self.counts, -step))


def streams_of(keys: Keys, counts: Ints) -> Streams:
    """Sequences from their beginning."""
    return Streams(keys, counts, np.zeros(len(counts), np.int64))


def ranges(counts: Ints) -> Ints:
    """0, 1, … for each count, flat."""
    return np.arange(counts.sum(), dtype=np.int32) - np.repeat((np.cumsum(counts) - counts).astype(np.int32), counts)


def independent(streams: Streams, shares: tuple[Fraction, ...]) -> Ints:
    """Independent draws by the shares, flat."""
    ends = [float(end) for end in accumulate(shares)]  # the last one is 1 exactly
    drawn = uniform(np.repeat(streams.keys, streams.counts), ranges(streams.counts))
    return np.searchsorted(ends, drawn, side="right").astype(np.int32)


def permuted(streams: Streams, size: int) -> Ints:
    """Cycles of all numbers below a size, each cycle in a random order, flat: Fisher-Yates as far as there are rows."""
    flat = np.zeros(int(streams.counts.sum()), np.int32)
    if size == 1:
        return flat
    cycles, starts = streams.cut(size).longest_first()
    rest = np.repeat(np.arange(size, dtype=np.min_scalar_type(size))[:, None], len(starts), axis=1)
    for step, active in cycles.in_step(size):
        drawn = random_bits(cycles.keys[:active], cycles.offsets[:active] + step) >> np.uint64(32)
        place = step + (drawn * np.uint64(size - step) >> np.uint64(32)).astype(np.int64)
        column = np.arange(active)
        flat[starts[:active] + step] = rest[place, column]
        rest[place, column] = rest[step, :active]
    return flat
