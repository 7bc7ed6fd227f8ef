"""Which runs of words come back in row after row."""

from collections import Counter
from collections.abc import Sequence

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.measured import WORST, Measured, WorstRow
from synthetic_textcat.text.diversity_sample import Sample
from synthetic_textcat.text.repetition import Gram, rows_with_4grams, shared_4grams

MOST_LISTED = 10


def repeated_4grams(corpus: Corpus) -> Measured:
    """Which runs of four words come back in row after row of the sample.

    Table `repeated_4grams`: words, rows (of the sample, that have them), of the `MOST_LISTED` that most rows share.
    Worst `self_repetition`: the rows of the sample with the most 4-grams that another row has too.
    """
    rows_with = rows_with_4grams(corpus.sample)
    most = sorted(((-rows, gram) for gram, rows in rows_with.items() if rows > 1))[:MOST_LISTED]
    table = [{"words": " ".join(gram), "rows": -rows} for rows, gram in most]
    return Measured({}, {"repeated_4grams": table}, {"self_repetition": _worst(corpus.sample, rows_with)})


def _worst(sample: Sample, rows_with: Counter[Gram]) -> list[WorstRow]:
    shared = list(shared_4grams(sample, rows_with))
    places = sorted((at for at, grams in enumerate(shared) if grams), key=lambda at: (-len(shared[at]), at))[:WORST]
    return [WorstRow(request_id=sample.rows[at].request_id, detail=_detail(shared[at], rows_with)) for at in places]


def _detail(grams: Sequence[Gram], rows_with: Counter[Gram]) -> str:
    rows, most = min((-rows_with[gram], gram) for gram in grams)
    return f"{len(grams)} of its 4-grams are in other rows; {' '.join(most)!r} in {-rows - 1}"
