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
            numbers = np.stack([band.numbers.read(start, start + _AT_ONCE) for band in self._bands], axis=1)
            places = np.flatnonzero((numbers != ALONE).any(axis=1))
            own = numbers[places]
            yield Shared(start + len(numbers), places + start, np.where(own == ALONE, ALONE, own + self._before))

    def text(self, place: int) -> str:
        """The text at a position."""
        return self._texts[place]

    def digests(self, places: Places) -> NDArray[np.uint8]:
        """The digests of some texts, at ascending positions."""
        return self._digests.at(places)


class _Band(NamedTuple):
    """Buckets of a band that have two texts or more.

    Attributes:
        numbers: Number of the bucket of each text, from 1 on within the band; or `ALONE`.
        sizes: Number of texts in each bucket.
    """

    numbers: ArrayFile
    sizes: Numbers


def _band_of(keys: ArrayFile) -> _Band:
    """Bucket numbers of the texts by their keys in a band. NumPy needs no lock of the interpreter for most of it."""
    in_order = keys.read(0, len(keys))
    in_order.sort()
    repeated = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
    sizes = np.searchsorted(in_order, repeated, "right") - np.searchsorted(in_order, repeated, "left")
    del in_order
    numbers = ArrayFile(np.int32)
    for start in range(0, len(keys), _AT_ONCE):
        own = keys.read(start, start + _AT_ONCE)
        found = np.searchsorted(repeated, own)
        is_shared = np.append(repeated, 0)[found] == own
        is_shared &= found < len(repeated)
        numbers.add(np.where(is_shared, found + 1, ALONE))
    return _Band(numbers, sizes.astype(np.int32))


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
