"""Texts on disk with their MinHash sketches, and the LSH buckets that they share.

Three passes, none of which holds more than some bytes a text: sketches of portions of the texts, in any processes;
then the buckets, band by band, of which only those with two texts or more count; then a walk in order (the modules
that use this one).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.temporary_files import ArrayFile, TextFile
from synthetic_textcat.text.minhash import PERMUTATIONS, Sketches, applied, bands_for, sketches_of

ALONE = 0
"""Bucket number of a text that is alone in its bucket, as most are."""

_CHEAPER = 10
"""Times that a sketch costs less than the checks of a row, for which other processes are started."""

_BANDS_AT_ONCE = 2  # each holds 8 bytes a text
_AT_ONCE = 1 << 16  # texts whose buckets are read at once, some 5 MB
_PLACES_A_KEY = 8  # of a table of the first bits of keys, which spares most texts the search for theirs
_MOST_BITS = 24

Places = NDArray[np.intp]
Numbers = NDArray[np.int32]
SketchParts = Callable[[Callable[[Sequence[str]], Sketches], Iterable[Sequence[str]]], Iterable[Sketches]]


class Shared(NamedTuple):
    """Texts with others in their buckets, among some texts that follow one another.

    Attributes:
        stop: Position after the last of the texts.
        places: Positions of those with others, ascending.
        numbers: Their bucket numbers, by text and band; `ALONE` where they have no other.
    """

    stop: int
    places: Places
    numbers: Numbers


class SketchedTexts:
    """Texts and their sketches in temporary files.

    Args:
        parts: Normalised texts, in portions of any size, which are read once.
        threshold: Jaccard similarity that is looked for, above 0.
        sketch_parts: Applies a function to the texts, in their order and in any portions: `map`, or a pool's own way.

    Attributes:
        sizes: Number of texts in each bucket, by number; of `ALONE` it is 0.
    """

    def __init__(self, parts: Iterable[Sequence[str]], threshold: float, sketch_parts: SketchParts = map) -> None:
        bands = bands_for(threshold)
        self._texts = TextFile()
        self._digests = ArrayFile(np.uint8, PERMUTATIONS)
        keys = [ArrayFile(np.uint64) for _ in range(bands)]
        for sketches in sketch_parts(partial(sketches_of, bands=bands), self._kept(parts)):
            self._digests.add(sketches.digests)
            for file, own in zip(keys, sketches.keys, strict=True):
                file.add(own)
        with ThreadPoolExecutor(_BANDS_AT_ONCE) as threads:
            self._bands = [*threads.map(_band_of, (keys.pop(0) for _ in range(bands)))]
        sizes = [band.sizes for band in self._bands]
        self._before = np.cumsum([0, *map(len, sizes[:-1])], dtype=np.int32)
        self.sizes = np.concatenate((np.zeros(1, np.int32), *sizes))

    def _kept(self, parts: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
        for texts in parts:
            self._texts.add(texts)
            yield texts

    def __len__(self) -> int:
        """Number of texts."""
        return len(self._texts)

    def shared(self) -> Iterator[Shared]:
        """All texts that are not alone in each of their buckets, in order."""
        for start in range(0, len(self), _AT_ONCE):
            stop = min(start + _AT_ONCE, len(self))
            numbers = np.full((stop - start, len(self._bands)), ALONE, np.int32)
            for number, (band, before) in enumerate(zip(self._bands, self._before.tolist(), strict=True)):
                part = start // _AT_ONCE
                entries = band.entries.read(*band.ends[part : part + 2])
                numbers[entries[:, 0] - start, number] = entries[:, 1] + before
            places = np.flatnonzero((numbers != ALONE).any(axis=1))
            yield Shared(stop, places + start, numbers[places])

    def text(self, place: int) -> str:
        """The text at a position."""
        return self._texts[place]

    def digests(self, places: Places) -> NDArray[np.uint8]:
        """The digests of some texts, at ascending positions."""
        return self._digests.at(places)


class _Band(NamedTuple):
    """Buckets of a band that have two texts or more.

    Attributes:
        entries: Position of each text in such a bucket, ascending, and the number of the bucket, from 1 on.
        ends: Entries up to the end of each `_AT_ONCE` texts, after a 0.
        sizes: Number of texts in each bucket.
    """

    entries: ArrayFile
    ends: list[int]
    sizes: Numbers


def _band_of(keys: ArrayFile) -> _Band:
    """Bucket numbers of the texts by their keys in a band. NumPy needs no lock of the interpreter for most of it."""
    repeated, sizes = _repeated(keys.read(0, len(keys)))
    bits = min(_MOST_BITS, (_PLACES_A_KEY * len(repeated)).bit_length())
    shift = np.uint64(64 - bits)
    may_be_shared = np.zeros(1 << bits, bool)
    may_be_shared[(repeated >> shift).astype(np.intp)] = True
    entries, ends = ArrayFile(np.int32, 2), [0]
    for start in range(0, len(keys), _AT_ONCE):
        own = keys.read(start, start + _AT_ONCE)
        places = np.flatnonzero(may_be_shared[(own >> shift).astype(np.intp)])
        asked = own[places]
        found = np.searchsorted(repeated[:-1], asked)
        is_shared = repeated[found] == asked if len(repeated) else np.zeros(len(places), bool)
        entries.add(np.stack((places[is_shared] + start, found[is_shared] + 1), axis=1))
        ends.append(len(entries))
    return _Band(entries, ends, sizes)


def _repeated(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], Numbers]:
    """The keys that occur twice or more, ascending, and how often each does; the array is sorted."""
    keys.sort()
    again = np.flatnonzero(keys[1:] == keys[:-1])
    firsts = np.flatnonzero(np.diff(again, prepend=-2) != 1)
    return keys[again[firsts]], (np.diff(firsts, append=len(again)) + 1).astype(np.int32)


def sketched(texts: Sequence[str] | SketchedTexts, threshold: float) -> SketchedTexts:
    """The texts with their sketches, which are made of a sequence by this process.

    Args:
        texts: Normalised texts.
        threshold: Jaccard similarity that is looked for, above 0.
    """
    if isinstance(texts, SketchedTexts):
        return texts
    return SketchedTexts((texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE)), threshold)


def sketched_by(share: Callable[..., Iterator[Sketches]], rows: int) -> SketchParts:
    """Sketches of the texts of many rows, made by several processes.

    Args:
        share: Applies a function to lists of texts, for so many rows: the `map` of a work pool.
        rows: How many rows have texts.
    """

    def sketch_parts(sketch: Callable[[Sequence[str]], Sketches], parts: Iterable[Sequence[str]]) -> Iterator[Sketches]:
        return share(partial(applied, sketch), chain.from_iterable(parts), rows // _CHEAPER)

    return sketch_parts
