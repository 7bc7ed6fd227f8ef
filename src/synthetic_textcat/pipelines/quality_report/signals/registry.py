"""The signals by group. To add one: write its module, and name its function here."""

from collections.abc import Callable

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.diversity import diversity
from synthetic_textcat.pipelines.quality_report.signals.growth import diversity_growth
from synthetic_textcat.pipelines.quality_report.signals.measured import Measured
from synthetic_textcat.pipelines.quality_report.signals.open_labels import open_labels
from synthetic_textcat.pipelines.quality_report.signals.repetition import repeated_4grams

Signal = Callable[[Corpus], Measured]

FIDELITY: tuple[Signal, ...] = ()
"""Whether rows are what was asked for."""

LABELS: tuple[Signal, ...] = (open_labels,)
"""Whether labels can be learnt, and only by reading."""

DIVERSITY: tuple[Signal, ...] = (diversity, repeated_4grams, diversity_growth)
"""Whether rows differ from one another."""
