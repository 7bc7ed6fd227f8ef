"""Diversity of accepted rows, next to the previous run and real texts; growth curve, repeated 4-grams."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from synthetic_textcat.pipelines.quality_report.signals.corpus import WORST, Corpus, SignalResult, WorstRow
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.text.diversity import (
    FACTS,
    MEASURES,
    Gram,
    compression_ratio,
    distinct_2,
    rounded,
    rows_with_4grams,
    shared_4grams,
    values_of,
)
from synthetic_textcat.text.diversity_sample import (
    OTHER_MIX,
    SIZES,
    Pool,
    Sample,
    mixes_differ,
    pool_of_texts,
    size_for,
    vendi,
)

MOST_LISTED = 10

NAME = "diversity/"
"""Prefix of the metrics' names."""


def diversity(corpus: Corpus) -> SignalResult:
    """Diversity of the sample, next to the previous run and the user's real texts, if there are any.

    No measure has a threshold: it depends on language, length and kind of text as much as on the model.
    Metrics: `diversity/<fact or measure>` (see `text.diversity`); `diversity/vs_previous/<measure>` and
    `diversity/vs_reference/<measure>`, ours / theirs, null if there is nothing to compare or it would mislead.
    Table `diversity`: measure, value, previous, reference, better (`higher` or `lower`, empty for a fact), note.
    """
    sample, reference = corpus.sample, corpus.reference_texts
    own = values_of(sample)
    earlier = compare_with_earlier(sample, own, baseline_for(sample, corpus.last_diversity))
    real = compare_with_reference(
        corpus.pool, own, None if reference is None else pool_of_texts(reference, corpus.seed)
    )
    table = [
        {
            "measure": name,
            "value": own[name],
            "previous": earlier.values.get(name),
            "reference": real.values.get(name),
            "better": MEASURES[name].better if name in MEASURES else "",
            "note": "; ".join(side.notes[name] for side in (earlier, real) if name in side.notes),
        }
        for name in (*FACTS, *MEASURES)
    ]
    metrics = {NAME + name: value for name, value in own.items()}
    for kind, side in (("previous", earlier), ("reference", real)):
        metrics |= {f"{NAME}vs_{kind}/{name}": value for name, value in side.ratios.items()}
    return SignalResult(metrics, {"diversity": table})


def diversity_growth(corpus: Corpus) -> SignalResult:
    """Growth curve: measures of the first rows of the sample, for each of `SIZES` it reaches, or for all rows.

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
    return SignalResult({}, {"diversity_growth": table})


def repeated_4grams(corpus: Corpus) -> SignalResult:
    """Word 4-grams that recur across rows of the sample.

    Table `repeated_4grams`: words, rows (of the sample that contain them), for the `MOST_LISTED` most frequent.
    Worst `self_repetition`: the rows of the sample that share the most 4-grams with other rows.
    """
    rows_with = rows_with_4grams(corpus.sample)
    most = sorted(((-rows, gram) for gram, rows in rows_with.items() if rows > 1))[:MOST_LISTED]
    table = [{"words": " ".join(gram), "rows": -rows} for rows, gram in most]
    return SignalResult({}, {"repeated_4grams": table}, {"self_repetition": _worst(corpus.sample, rows_with)})


def _worst(sample: Sample, rows_with: Counter[Gram]) -> list[WorstRow]:
    shared = list(shared_4grams(sample, rows_with))
    places = sorted((at for at, grams in enumerate(shared) if grams), key=lambda at: (-len(shared[at]), at))[:WORST]
    return [WorstRow(request_id=sample.rows[at].request_id, detail=_detail(shared[at], rows_with)) for at in places]


def _detail(grams: Sequence[Gram], rows_with: Counter[Gram]) -> str:
    rows, most = min((-rows_with[gram], gram) for gram in grams)
    return f"{len(grams)} of its 4-grams are in other rows; {' '.join(most)!r} in {-rows - 1}"


@dataclass(frozen=True)
class ComparisonSide:
    """Other side of a comparison.

    Attributes:
        values: Facts and measures, by short name.
        ratios: Ours / theirs, by measure; None if not comparable.
        notes: Notes on the comparison, by measure; may be missing.
    """

    values: Metrics = field(default_factory=dict)
    ratios: Metrics = field(default_factory=lambda: dict.fromkeys(MEASURES))
    notes: dict[str, str] = field(default_factory=dict)


class EarlierDiversity(TypedDict):
    """Diversity of an earlier run.

    Attributes:
        metrics: By full name.
        languages: Share of the sample by language.
    """

    metrics: Metrics
    languages: dict[str, float]


def compare_with_earlier(sample: Sample, own: Metrics, earlier: EarlierDiversity | None) -> ComparisonSide:
    """Comparison with the previous run, if its sample had the same number of rows, cut to the same length."""
    if earlier is None:
        return ComparisonSide()
    theirs = {name: earlier["metrics"].get(NAME + name) for name in (*FACTS, *MEASURES)}
    if any(own[name] != theirs[name] for name in ("rows", "words_cut")):
        return ComparisonSide(theirs, notes=dict.fromkeys(MEASURES, "previous: not comparable: other n or length"))
    other_mix = mixes_differ(sample.languages, earlier["languages"], by=OTHER_MIX)
    notes = dict.fromkeys(MEASURES, "previous: another mix of languages") if other_mix else {}
    return ComparisonSide(theirs, _ratios(own, theirs), notes)


def compare_with_reference(pool: Pool, own: Metrics, reference: Pool | None) -> ComparisonSide:
    """Comparison with real texts, on equally many rows of both sides, cut to the shorter of both median lengths.

    If that differs from our own sample, ours are measured again for the ratio; a note gives the number.
    """
    if reference is None:
        return ComparisonSide()
    cut = min(pool.cut, reference.cut)
    rows = size_for(min(len(pool.with_words(cut)), len(reference.with_words(cut))))
    theirs = values_of(reference.sample(cut, rows))
    if (rows, cut) == (own["rows"], own["words_cut"]):
        return ComparisonSide(theirs, _ratios(own, theirs))
    matched = values_of(pool.sample(cut, rows))
    at = f"reference: on {rows} rows of {cut} words"
    return ComparisonSide(
        theirs, _ratios(matched, theirs), {name: f"{at}, here {_shown(matched[name])}" for name in MEASURES}
    )


def _ratios(ours: Metrics, theirs: Metrics) -> Metrics:
    return {name: _ratio(ours[name], theirs[name]) for name in MEASURES}


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or not theirs else rounded(ours / theirs)


def _shown(value: float | None) -> str:
    return "not measurable" if value is None else f"{value:.4g}"


class DiversityRecord(TypedDict):
    """Record stored with the metrics, for the next run's comparison.

    Attributes:
        sample_sha256: Hash of the sampled texts: separates new data from the same data measured again.
        languages: Share of the sample by language.
        previous: Run that this run was compared with.
    """

    sample_sha256: str
    languages: dict[str, float]
    previous: EarlierDiversity | None


def baseline_for(sample: Sample, last: Mapping[str, Any] | None) -> EarlierDiversity | None:
    """Baseline of the comparison: the last recorded run, or its own baseline if the data is the same.

    Args:
        sample: Sample of this run.
        last: Content of the recorded file: `SignalResult` as JSON with a `DiversityRecord`; None if there is none.
    """
    if not last or "sample_sha256" not in last:  # none, or written by a version that did not compare
        return None
    if last["sample_sha256"] == sample.sha256:
        previous: EarlierDiversity | None = last["previous"]
        return previous
    return EarlierDiversity(metrics=last["metrics"], languages=last["languages"])


def diversity_record(sample: Sample, last: Mapping[str, Any] | None) -> DiversityRecord:
    """Record of this run for the next run's comparison."""
    return DiversityRecord(sample_sha256=sample.sha256, languages=sample.languages, previous=baseline_for(sample, last))
