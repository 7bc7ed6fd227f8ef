"""How much the rows differ, in numbers that mean something beside others only: the last run's, or real texts'."""

from synthetic_textcat.pipelines.quality_report.signals.comparing import NAME, beside_earlier, beside_reference
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.earlier import earlier_than
from synthetic_textcat.pipelines.quality_report.signals.measured import Measured
from synthetic_textcat.text.diversity import FACTS, MEASURES, values_of
from synthetic_textcat.text.diversity_sample import pool_of_texts


def diversity(corpus: Corpus) -> Measured:
    """The measures of the sample, beside those of the run before and of the user's real texts, if there are any.

    No measure has a threshold of its own: it depends on language, length and kind of text as much as on the model.
    Metrics: `diversity/<fact or measure>` (see `measures`); `diversity/vs_previous/<measure>` and
    `diversity/vs_reference/<measure>`, ours / theirs, null where there is nothing to compare or it would mislead.
    Table `diversity`: measure, value, previous, reference, better (`higher` or `lower`, empty for a fact), note.
    """
    sample, reference = corpus.sample, corpus.reference_texts
    own = values_of(sample)
    earlier = beside_earlier(sample, own, earlier_than(sample, corpus.last_diversity))
    real = beside_reference(corpus.pool, own, None if reference is None else pool_of_texts(reference, corpus.seed))
    table = [
        {
            "measure": name,
            "value": own[name],
            "previous": earlier.values.get(name),
            "reference": real.values.get(name),
            "better": MEASURES[name].better if name in MEASURES else "",
            "note": "; ".join(beside.notes[name] for beside in (earlier, real) if name in beside.notes),
        }
        for name in (*FACTS, *MEASURES)
    ]
    metrics = {NAME + name: value for name, value in own.items()}
    for kind, beside in (("previous", earlier), ("reference", real)):
        metrics |= {f"{NAME}vs_{kind}/{name}": value for name, value in beside.ratios.items()}
    return Measured(metrics, {"diversity": table})
