"""A sample beside another one: what the run before measured, or real texts. Only at equal rows and equal length."""

from dataclasses import dataclass, field

from synthetic_textcat.pipelines.quality_report.metrics import Metrics
from synthetic_textcat.pipelines.quality_report.signals.earlier import Earlier
from synthetic_textcat.text.diversity import FACTS, MEASURES, rounded, values_of
from synthetic_textcat.text.diversity_sample import OTHER_MIX, Pool, Sample, mixes_differ, size_for

NAME = "diversity/"
"""How the names of the metrics begin."""


@dataclass(frozen=True)
class Beside:
    """The other side of a comparison.

    Attributes:
        values: Its facts and measures, by short name.
        ratios: Ours / its, by measure; None where they are not comparable.
        notes: By measure, what to know of the comparison; may be missing.
    """

    values: Metrics = field(default_factory=dict)
    ratios: Metrics = field(default_factory=lambda: dict.fromkeys(MEASURES))
    notes: dict[str, str] = field(default_factory=dict)


def beside_earlier(sample: Sample, own: Metrics, earlier: Earlier | None) -> Beside:
    """The run before: compared if its sample had as many rows, cut to as many words."""
    if earlier is None:
        return Beside()
    theirs = {name: earlier["metrics"].get(NAME + name) for name in (*FACTS, *MEASURES)}
    if any(own[name] != theirs[name] for name in ("rows", "words_cut")):
        return Beside(theirs, notes=dict.fromkeys(MEASURES, "previous: not comparable: other n or length"))
    other_mix = mixes_differ(sample.languages, earlier["languages"], by=OTHER_MIX)
    notes = dict.fromkeys(MEASURES, "previous: another mix of languages") if other_mix else {}
    return Beside(theirs, _ratios(own, theirs), notes)


def beside_reference(pool: Pool, own: Metrics, reference: Pool | None) -> Beside:
    """Real texts: both sides measured on as many rows as both have, cut to as many words as half of either have.

    Where that is not our own sample, ours are measured again, for the ratio; a note gives the number.
    """
    if reference is None:
        return Beside()
    cut = min(pool.cut, reference.cut)
    rows = size_for(min(len(pool.with_words(cut)), len(reference.with_words(cut))))
    theirs = values_of(reference.sample(cut, rows))
    if (rows, cut) == (own["rows"], own["words_cut"]):
        return Beside(theirs, _ratios(own, theirs))
    matched = values_of(pool.sample(cut, rows))
    at = f"reference: on {rows} rows of {cut} words"
    return Beside(theirs, _ratios(matched, theirs), {name: f"{at}, here {_shown(matched[name])}" for name in MEASURES})


def _ratios(ours: Metrics, theirs: Metrics) -> Metrics:
    return {name: _ratio(ours[name], theirs[name]) for name in MEASURES}


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or not theirs else rounded(ours / theirs)


def _shown(value: float | None) -> str:
    return "not measurable" if value is None else f"{value:.4g}"
