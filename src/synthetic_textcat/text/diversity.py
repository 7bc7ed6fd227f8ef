"""The measures of diversity, and what a sample comes to in each."""

from collections.abc import Callable
from typing import NamedTuple

from synthetic_textcat.text.diversity_sample import Sample
from synthetic_textcat.text.repetition import compression_ratio, distinct_2, distinct_3, self_repetition
from synthetic_textcat.text.self_bleu import self_bleu
from synthetic_textcat.text.spread import aps, vendi

FACTS = ("rows", "mean_words", "words_cut", "languages")
"""What a sample is, beside its measures."""

_DIGITS = 6  # further ones depend on the machine


class Measure(NamedTuple):
    """A measure.

    Attributes:
        of: Its function, which defines it.
        better: `higher` or `lower`.
    """

    of: Callable[[Sample], float | None]
    better: str


MEASURES = {
    "compression_ratio": Measure(compression_ratio, "lower"),
    "distinct_2": Measure(distinct_2, "higher"),
    "distinct_3": Measure(distinct_3, "higher"),
    "self_repetition": Measure(self_repetition, "lower"),
    "self_bleu": Measure(self_bleu, "lower"),
    "aps": Measure(lambda sample: aps(sample.vectors), "lower"),
    "vendi": Measure(lambda sample: vendi(sample.vectors), "higher"),
}


def values_of(sample: Sample) -> dict[str, float | None]:
    """The sample's `FACTS` and `MEASURES`; a measure is None of fewer than two texts.

    `rows`; `mean_words` of the texts before they are cut; `words_cut`, the words they are cut to; `languages`, how many
    there are, or None of texts whose language is not known.
    """
    return {
        "rows": len(sample.rows),
        "mean_words": rounded(sample.mean_words),
        "words_cut": sample.cut,
        "languages": len(sample.languages.keys() - {""}) or None,
        **{name: rounded(measure.of(sample)) for name, measure in MEASURES.items()},
    }


def rounded(value: float | None) -> float | None:
    """To the digits that are the same on any machine."""
    return None if value is None else round(float(value), _DIGITS)
