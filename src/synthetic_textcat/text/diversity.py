"""Diversity of a sample of texts: compression, distinct n-grams, repetition, self-BLEU, cosine, Vendi score."""

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from synthetic_textcat.text.diversity_sample import Sample, aps, vendi
from synthetic_textcat.text.words import ngrams

FACTS = ("rows", "mean_words", "words_cut", "languages")
"""Facts of a sample that are reported with its measures."""

_DIGITS = 6  # further digits depend on the machine
_LEVEL = 9

Gram = tuple[str, ...]
_ROWS = 200
_REFERENCES = 50
_BLEU_GRAMS = (1, 2, 3, 4)


class DiversityMeasure(NamedTuple):
    """A measure of diversity.

    Attributes:
        of: The function that computes it.
        better: `higher` or `lower`.
    """

    of: Callable[[Sample], float | None]
    better: str


def compression_ratio(sample: Sample) -> float | None:
    """Compression ratio: bytes of the texts, one per line, / bytes when compressed; lower is more diverse.

    Shaib et al. (arXiv 2403.00553) use gzip; zlib is the same without gzip's header. It finds repeats within 32 kB.
    None for fewer than two texts.
    """
    if len(sample.rows) < 2:
        return None
    raw = "\n".join(sample.texts).encode("utf-8", "surrogatepass")
    return len(raw) / len(zlib.compress(raw, _LEVEL))


def distinct_2(sample: Sample) -> float | None:
    """Distinct-2: distinct bigrams of words / all bigrams of the sample, 0 to 1; higher is more diverse.

    Li et al. (arXiv 1510.03055). None for fewer than two texts.
    """
    return _distinct(sample, 2)


def distinct_3(sample: Sample) -> float | None:
    """Distinct-3: as `distinct_2`, for trigrams."""
    return _distinct(sample, 3)


def self_repetition(sample: Sample) -> float | None:
    """Self-repetition: mean over the rows of ln(1 + distinct 4-grams shared with another row); lower is more diverse.

    Salkar et al. (AACL 2022). None for fewer than two texts.
    """
    if len(sample.rows) < 2:
        return None
    return sum(math.log1p(len(shared)) for shared in shared_4grams(sample, rows_with_4grams(sample))) / len(sample.rows)


def shared_4grams(sample: Sample, rows_with: Counter[Gram]) -> Iterator[list[Gram]]:
    """The distinct 4-grams of each row that another row has too."""
    return ([gram for gram in set(ngrams(words, 4)) if rows_with[gram] > 1] for words in sample.words)


def rows_with_4grams(sample: Sample) -> Counter[Gram]:
    """Number of rows with each 4-gram."""
    return Counter(gram for words in sample.words for gram in set(ngrams(words, 4)))


def _distinct(sample: Sample, size: int) -> float | None:
    if len(sample.rows) < 2:
        return None
    grams = [gram for words in sample.words for gram in ngrams(words, size)]
    return len(set(grams)) / len(grams)


def self_bleu(sample: Sample) -> float | None:
    """Self-BLEU: mean BLEU of the first 200 texts against the 50 after each (circular); 0 to 1, lower is better.

    Zhu et al. (arXiv 1802.01886), here on words without punctuation, up to 4-grams, with sacrebleu's exponential
    smoothing. The n-grams of each text are counted once, where sacrebleu counts those of its references for each score.
    None for fewer than two texts.
    """
    if len(sample.rows) < 2:
        return None
    from sacrebleu.metrics.bleu import BLEU  # only where rows are measured

    texts = [" ".join(words).split() for words in sample.head(_ROWS).words]
    counted = [Counter(gram for size in _BLEU_GRAMS for gram in ngrams(words, size)) for words in texts]
    counts_of: defaultdict[Gram, list[tuple[int, int]]] = defaultdict(list)
    for at, grams in enumerate(counted):
        for gram, count in grams.items():
            counts_of[gram].append((at, count))
    references = min(_REFERENCES, len(texts) - 1)
    scores = []
    for at, words in enumerate(texts):
        correct = [0 for _ in _BLEU_GRAMS]
        for gram, count in counted[at].items():
            others = (other for place, other in counts_of[gram] if 0 < (place - at) % len(texts) <= references)
            correct[len(gram) - 1] += min(count, max(others, default=0))
        total = [max(0, len(words) - size + 1) for size in _BLEU_GRAMS]
        lengths = (len(texts[(at + step) % len(texts)]) for step in range(1, references + 1))
        closest = min(lengths, key=lambda length: (abs(length - len(words)), length))
        scores.append(BLEU.compute_bleu(correct, total, len(words), closest, "exp", effective_order=True).score)
    return float(sum(scores) / len(scores) / 100)


MEASURES = {
    "compression_ratio": DiversityMeasure(compression_ratio, "lower"),
    "distinct_2": DiversityMeasure(distinct_2, "higher"),
    "distinct_3": DiversityMeasure(distinct_3, "higher"),
    "self_repetition": DiversityMeasure(self_repetition, "lower"),
    "self_bleu": DiversityMeasure(self_bleu, "lower"),
    "aps": DiversityMeasure(lambda sample: aps(sample.vectors), "lower"),
    "vendi": DiversityMeasure(lambda sample: vendi(sample.vectors), "higher"),
}


def values_of(sample: Sample) -> dict[str, float | None]:
    """The sample's `FACTS` and `MEASURES`; a measure is None for fewer than two texts.

    `rows`; `mean_words` of the uncut texts; `words_cut`, the words that texts are cut to; `languages`, their number, or
    None if the languages are unknown.
    """
    return {
        "rows": len(sample.rows),
        "mean_words": rounded(sample.mean_words),
        "words_cut": sample.cut,
        "languages": len(sample.languages.keys() - {""}) or None,
        **{name: rounded(measure.of(sample)) for name, measure in MEASURES.items()},
    }


def rounded(value: float | None) -> float | None:
    """The value rounded to the digits that are the same on any machine."""
    return None if value is None else round(float(value), _DIGITS)
