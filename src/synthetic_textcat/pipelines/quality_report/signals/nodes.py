"""Nodes that measure signals, and the registry of signals by group. To add a signal, name its function here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.quality_report.ledger import Ledger
from synthetic_textcat.pipelines.quality_report.row_ends import read_ends
from synthetic_textcat.pipelines.quality_report.signals.agreement import label_agreement
from synthetic_textcat.pipelines.quality_report.signals.attribute_fidelity import length, readability
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus, SignalResult, merge_results
from synthetic_textcat.pipelines.quality_report.signals.coverage import coverage
from synthetic_textcat.pipelines.quality_report.signals.diversity import (
    diversity,
    diversity_growth,
    diversity_record,
    repeated_4grams,
)
from synthetic_textcat.pipelines.quality_report.signals.label_sets import label_sets
from synthetic_textcat.pipelines.quality_report.signals.labels import label_balance, open_labels
from synthetic_textcat.pipelines.quality_report.signals.learnability import label_noise, learnability, shortcuts
from synthetic_textcat.pipelines.quality_report.signals.rates import language_agreement, losses, reject_rates
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, QualityReportParameters
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import RowTable

Signals = dict[str, Any]
"""Result of a group of signals as JSON: `metrics`, `tables` and `worst`, as in `SignalResult`."""

Signal = Callable[[Corpus], SignalResult]

FIDELITY: tuple[Signal, ...] = (losses, reject_rates, language_agreement, length, readability, coverage)
"""Agreement of the rows with the plan."""

LABELS: tuple[Signal, ...] = (open_labels, label_balance, label_sets, shortcuts, learnability, label_noise)
"""Learnability of the labels, and shortcuts that avoid reading the text."""

DIVERSITY: tuple[Signal, ...] = (diversity, repeated_4grams, diversity_growth)
"""Differences between the rows."""


def gather_corpus(
    examples: RowTable,
    rejected: RowTable,
    requests: RowTable,
    findings: RowTable,
    outcomes: RowTable,
    tasks: pd.DataFrame,
    ledger: Ledger,
    settings: QualityReportParameters,
    seed: int,
    attribute_sampling: AttributeSamplingParameters,
    quota_slots: pd.DataFrame | None = None,
) -> Corpus:
    """Corpus for the signals."""
    by_id = tasks_of(tasks).by_id
    slots = pd.DataFrame() if quota_slots is None else quota_slots
    ends = read_ends(outcomes)
    return Corpus(
        examples,
        requests,
        findings,
        rejected,
        ends,
        by_id,
        settings,
        seed,
        ledger=ledger,
        quota_slots=slots,
        own_attributes=attribute_sampling.extra,
    )


def measure_fidelity(corpus: Corpus) -> Signals:
    """Signals of the rows' agreement with the plan."""
    return _signals(FIDELITY, corpus)


def measure_labels(corpus: Corpus) -> Signals:
    """Signals of label quality: balance, learnability, shortcuts, probable errors."""
    return _signals(LABELS, corpus)


def measure_agreement(
    examples: RowTable,
    surplus: RowTable,
    rejected: RowTable,
    label_verdicts: RowTable | None,
    unjudged: RowTable,
    tasks: pd.DataFrame,
) -> Signals:
    """Agreement of a judge with the labels, mixed-up labels and disputed rows; nothing if no row was to be judged."""
    by_id = tasks_of(tasks).by_id
    return label_agreement((examples, surplus, rejected), label_verdicts, by_id, len(unjudged))._asdict()


def count_reference_texts(reference_texts: Sequence[str] | None) -> int:
    """Number of real texts. The node depends on no other, so that an invalid file is reported before any call."""
    return len(reference_texts or ())


def measure_diversity(
    corpus: Corpus, reference_texts: Sequence[str] | None, previous_diversity: dict[str, Any] | None
) -> Signals:
    """Signals of diversity, next to the last run and real texts, with the record that the next run compares with."""
    compared = replace(corpus, reference_texts=reference_texts, last_diversity=previous_diversity)
    return {**_signals(DIVERSITY, compared), **diversity_record(compared.sample, previous_diversity)}


def _signals(signals: Iterable[Signal], corpus: Corpus) -> Signals:
    return merge_results(signal(corpus) for signal in signals)._asdict()


def tables_of(signals: Iterable[Signals]) -> dict[str, Sequence[Mapping[str, Any]]]:
    """The tables of all groups, by name."""
    return {name: rows for part in signals for name, rows in part["tables"].items()}
