"""How much texts repeat: themselves, and one another. All but the compression ratio on words without punctuation."""

import math
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

from synthetic_textcat.text.diversity_sample import Sample

_LEVEL = 9

Gram = tuple[str, ...]


def compression_ratio(sample: Sample) -> float | None:
    """Bytes of the texts, a line each, / bytes when compressed; lower is more diverse.

    Shaib et al. (arXiv 2403.00553), there by gzip; here by zlib, which is gzip without its header. It sees repeats
    within 32 kB. None of fewer than two texts.
    """
    if len(sample.rows) < 2:
        return None
    raw = "\n".join(sample.texts).encode("utf-8", "surrogatepass")
    return len(raw) / len(zlib.compress(raw, _LEVEL))


def distinct_2(sample: Sample) -> float | None:
    """Different pairs of neighbouring words / all of them, over the sample, 0 to 1; higher is more diverse.

    Li et al. (arXiv 1510.03055). None of fewer than two texts.
    """
    return _distinct(sample, 2)


def distinct_3(sample: Sample) -> float | None:
    """As `distinct_2`, of three neighbouring words."""
    return _distinct(sample, 3)


def self_repetition(sample: Sample) -> float | None:
    """The mean over the rows of ln(1 + the row's different 4-grams that another row has too); lower is more diverse.

    Salkar et al. (AACL 2022). None of fewer than two texts.
    """
    if len(sample.rows) < 2:
        return None
    return sum(math.log1p(len(shared)) for shared in shared_4grams(sample, rows_with_4grams(sample))) / len(sample.rows)


def shared_4grams(sample: Sample, rows_with: Counter[Gram]) -> Iterator[list[Gram]]:
    """Of each row the 4-grams that another has too, each once."""
    return ([gram for gram in set(_grams(words, 4)) if rows_with[gram] > 1] for words in sample.words)


def rows_with_4grams(sample: Sample) -> Counter[Gram]:
    """How many rows have each 4-gram."""
    return Counter(gram for words in sample.words for gram in set(_grams(words, 4)))


def _distinct(sample: Sample, size: int) -> float | None:
    if len(sample.rows) < 2:
        return None
    grams = [gram for words in sample.words for gram in _grams(words, size)]
    return len(set(grams)) / len(grams)


def _grams(words: Sequence[str], size: int) -> Iterator[Gram]:
    return zip(*(words[start:] for start in range(size)), strict=False)
