"""The signals by group. To add one: write its module, and name its function here."""

from collections.abc import Callable

from synthetic_textcat.pipelines.quality_report.signals.attribute_fidelity import length
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.coverage import coverage
from synthetic_textcat.pipelines.quality_report.signals.diversity import diversity
from synthetic_textcat.pipelines.quality_report.signals.growth import diversity_growth
from synthetic_textcat.pipelines.quality_report.signals.label_noise import label_noise
from synthetic_textcat.pipelines.quality_report.signals.labels import label_balance
from synthetic_textcat.pipelines.quality_report.signals.language_agreement import language_agreement
from synthetic_textcat.pipelines.quality_report.signals.learnability import learnability
from synthetic_textcat.pipelines.quality_report.signals.losses import losses
from synthetic_textcat.pipelines.quality_report.signals.measured import Measured
from synthetic_textcat.pipelines.quality_report.signals.open_labels import open_labels
from synthetic_textcat.pipelines.quality_report.signals.rates import reject_rates
from synthetic_textcat.pipelines.quality_report.signals.readability import readability
from synthetic_textcat.pipelines.quality_report.signals.repetition import repeated_4grams
from synthetic_textcat.pipelines.quality_report.signals.shortcuts import shortcuts

Signal = Callable[[Corpus], Measured]

FIDELITY: tuple[Signal, ...] = (losses, reject_rates, language_agreement, length, readability, coverage)
"""Whether rows are what was asked for."""

LABELS: tuple[Signal, ...] = (open_labels, label_balance, shortcuts, learnability, label_noise)
"""Whether labels can be learnt, and only by reading."""

DIVERSITY: tuple[Signal, ...] = (diversity, repeated_4grams, diversity_growth)
"""Whether rows differ from one another."""
