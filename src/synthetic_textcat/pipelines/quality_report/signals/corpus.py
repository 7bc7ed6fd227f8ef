"""The corpus that signals measure, and the form of their results: metrics, tables, worst rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypedDict

import pandas as pd

from synthetic_textcat.pipelines.quality_report.checks.verdicts import split_flags
from synthetic_textcat.pipelines.quality_report.ledger import Ledger, Metrics, count
from synthetic_textcat.pipelines.quality_report.signals.learning import Learning, learn
from synthetic_textcat.pipelines.quality_report.signals.word_counts import counted
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.rows import REJECTED, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.diversity_sample import Pool, Sample, pool_of_examples, size_for
from synthetic_textcat.text.label_samples import LabelRows, label_rows

WORST = 20
"""Rows shown of each signal."""


def is_among(ids: pd.Series, others: pd.Series) -> pd.Series:
    """Which of the ids are in the others; of a million strings `Series.isin` takes six times as long."""
    return pd.Series(pd.Index(others.unique()).get_indexer(pd.Index(ids)) >= 0, ids.index)


@dataclass(frozen=True)
class Corpus:
    """The rows of a run and what is known of them. Signals read it and change nothing.

    Attributes:
        examples: The accepted rows, in plan order; columns `EXAMPLES` and the own attributes.
        requests: The plan; columns `REQUESTS` and the own attributes.
        findings: One row a candidate; columns `FINDINGS`.
        tasks: By task id.
        settings: Parameters of the report.
        seed: For samples and folds: the same rows give the same numbers.
        rejected: The candidates that are no examples; columns `REJECTED` and the own attributes.
        ledger: Where every planned row ended.
        reference_texts: The user's own real texts, if there are any.
        last_diversity: What the run before left of its diversity, if it did.
    """

    examples: pd.DataFrame
    requests: pd.DataFrame
    findings: pd.DataFrame
    tasks: Mapping[str, Task] = field(default_factory=dict)
    settings: QualityReportParameters = field(default_factory=QualityReportParameters)
    seed: int = 42
    rejected: pd.DataFrame = field(default_factory=lambda: to_frame([], REJECTED))
    ledger: Ledger = field(default_factory=lambda: count((), (), {}, {}))
    reference_texts: Sequence[str] | None = None
    last_diversity: Mapping[str, Any] | None = None

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """The findings, with task_id, task and language of the plan."""
        planned = self.requests[["request_id", "task_id", "task", "language"]]
        return self.findings.merge(planned, on="request_id", how="left")

    @cached_property
    def hits(self) -> pd.DataFrame:
        """All that checks found: request_id, reason, detail, of rejected and of flagged rows."""
        columns = ["request_id", "reason", "detail"]
        flagged = self.findings[self.findings["flags"].fillna("") != ""]
        flags = [
            (request_id, reason, detail)
            for request_id, reasons, details in flagged[["request_id", "flags", "detail"]].itertuples(index=False)
            for reason, detail in split_flags(reasons, details)
        ]
        rejected = self.rejected.rename(columns={"reject_reason": "reason"})[columns]
        return pd.concat([rejected, pd.DataFrame(flags, columns=columns).astype("str")], ignore_index=True)

    @cached_property
    def word_counts(self) -> pd.DataFrame:
        """Words, long words and sentences of each example; columns `COUNTS`, the index of `examples`."""
        return counted(self.examples["input_text"])

    @cached_property
    def label_rows(self) -> LabelRows:
        """Tasks and labels of the examples as numbers."""
        return label_rows(self.examples)

    @cached_property
    def learning(self) -> Learning:
        """What models learn of the examples: some signals ask for it, and it takes long."""
        return learn(self.label_rows, self.examples, self.seed)

    @cached_property
    def pool(self) -> Pool:
        """The examples that a sample of equal length is taken from."""
        return pool_of_examples(self.examples)

    @cached_property
    def sample(self) -> Sample:
        """The examples on which diversity is measured."""
        cut = self.pool.cut
        return self.pool.sample(cut, size_for(len(self.pool.with_words(cut))))


class WorstRow(TypedDict):
    """A row that a signal points at.

    Attributes:
        request_id: An accepted row's, or a rejected one's where the signal is about these.
        detail: What is wrong with it, in a few words.
    """

    request_id: str
    detail: str


class SignalResult(NamedTuple):
    """Of one signal, or of several.

    Attributes:
        metrics: By name, grouped by `/`; null where it can't be computed.
        tables: By name, rows of plain values: what the page and the plots show.
        worst: By signal, at most `WORST` rows, the worst first.
    """

    metrics: Metrics
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = {}
    worst: Mapping[str, Sequence[WorstRow]] = {}


def merge_results(parts: Iterable[SignalResult]) -> SignalResult:
    """All parts in one."""
    metrics: Metrics = {}
    tables: dict[str, Sequence[Mapping[str, Any]]] = {}
    worst: dict[str, Sequence[WorstRow]] = {}
    for part in parts:
        metrics |= part.metrics
        tables |= part.tables
        worst |= part.worst
    return SignalResult(metrics, tables, worst)


def slug(value: str) -> str:
    """A value of an attribute as part of a metric's name: `less_than_10`."""
    return value.casefold().replace(" ", "_")
