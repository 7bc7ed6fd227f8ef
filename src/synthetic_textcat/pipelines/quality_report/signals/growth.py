"""Diversity against the size of the sample: a curve that has gone flat says that more rows bring nothing new."""

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.measured import Measured
from synthetic_textcat.text.diversity import rounded
from synthetic_textcat.text.diversity_sample import SIZES
from synthetic_textcat.text.repetition import compression_ratio, distinct_2
from synthetic_textcat.text.spread import vendi


def diversity_growth(corpus: Corpus) -> Measured:
    """Measures of the first rows of the sample, for each of `SIZES` that it has, else for all of it.

    Table `diversity_growth`: rows, compression_ratio, distinct_2, vendi (as in `diversity`).
    """
    sample = corpus.sample
    count = len(sample.rows)
    sizes = [size for size in SIZES if size <= count] or [count]
    table = [
        {
            "rows": size,
            "compression_ratio": rounded(compression_ratio(sample.head(size))),
            "distinct_2": rounded(distinct_2(sample.head(size))),
            "vendi": rounded(vendi(sample.vectors[:size])),
        }
        for size in sizes
        if size > 1
    ]
    return Measured({}, {"diversity_growth": table})
