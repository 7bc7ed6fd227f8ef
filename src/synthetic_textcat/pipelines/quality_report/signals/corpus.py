"""Corpus of a run, which signals measure, and the type of their results: metrics, tables, worst rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypedDict

import pandas as pd

from synthetic_textcat.pipelines.quality_report.checks.tables import split_flags, without_note
from synthetic_textcat.pipelines.quality_report.ledger import Ledger, Metrics, count
from synthetic_textcat.pipelines.quality_report.signals.label_classifiers import Learning, learn
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.rows import REJECTED, REQUESTS, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.diversity_sample import Pool, Sample, pool_of_examples, size_for
from synthetic_textcat.text.label_samples import LabelRows, label_rows
from synthetic_textcat.text.words import counted

WORST = 20
"""Maximum of worst rows listed by each signal."""


def is_among(ids: pd.Series, others: pd.Series) -> pd.Series:
    """Mask of the ids that are in `others`; on a million strings `Series.isin` takes six times as long."""
    return pd.Series(pd.Index(others.unique()).get_indexer(pd.Index(ids)) >= 0, ids.index)


@dataclass(frozen=True)
class Corpus:
    """Rows of a run with plan, findings and derived samples. Signals read it and change nothing.

    Attributes:
        examples: Accepted rows, in plan order; columns `EXAMPLES` and user-defined attributes.
        requests: The plan; columns `REQUESTS` and user-defined attributes.
        findings: One row per candidate; columns `FINDINGS`.
        tasks: By task id.
        settings: Parameters of the report.
        seed: Seed of samples and folds: the same rows give the same numbers.
        rejected: Rejected candidates; columns `REJECTED` and user-defined attributes.
        ledger: Counts of all planned rows by outcome.
        reference_texts: The user's real texts, if given.
        last_diversity: Diversity record of the previous run, if it has one.
        quota_slots: Rows that a quota asks for; empty without one.
        surplus: Planned rows that are surplus, which are not in `requests`; columns of `requests`.
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
    quota_slots: pd.DataFrame = field(default_factory=pd.DataFrame)
    surplus: pd.DataFrame = field(default_factory=lambda: to_frame([], REQUESTS))

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """Findings with task_id, task and language of the plan."""
        planned = self.requests[["request_id", "task_id", "task", "language"]]
        return self.findings.merge(planned, on="request_id", how="left")

    @cached_property
    def hits(self) -> pd.DataFrame:
        """Reasons found by the checks in rejected and flagged rows: request_id, reason, detail."""
        columns = ["request_id", "reason", "detail"]
        flagged = self.findings[self.findings["flags"].fillna("") != ""]
        flags = [
            (request_id, reason, detail)
            for request_id, reasons, details in flagged[["request_id", "flags", "detail"]].itertuples(index=False)
            for reason, detail in split_flags(reasons, details)
        ]
        rejected = self.rejected.rename(columns={"reject_reason": "reason"})[columns]
        rejected = rejected.assign(detail=rejected["detail"].map(without_note))
        return pd.concat([rejected, pd.DataFrame(flags, columns=columns).astype("str")], ignore_index=True)

    @cached_property
    def word_counts(self) -> pd.DataFrame:
        """Words, long words and sentences of each example; columns `COUNTS`, the index of `examples`."""
        return counted(self.examples["input_text"])

    @cached_property
    def label_rows(self) -> LabelRows:
        """Tasks and labels of the examples, as integer codes."""
        return label_rows(self.examples)

    @cached_property
    def learning(self) -> Learning:
        """Classifiers fitted on the examples; cached, since several signals use them and fitting is slow."""
        return learn(self.label_rows, self.examples, self.seed)

    @cached_property
    def pool(self) -> Pool:
        """Examples from which the sample of equal length is drawn."""
        return pool_of_examples(self.examples)

    @cached_property
    def sample(self) -> Sample:
        """Sample of examples on which diversity is measured."""
        cut = self.pool.cut
        return self.pool.sample(cut, size_for(len(self.pool.with_words(cut))))


class WorstRow(TypedDict):
    """Row with one of the worst values of a signal.

    Attributes:
        request_id: Id of an accepted row, or of a rejected row if the signal is about rejected rows.
        detail: Short description of the problem.
    """

    request_id: str
    detail: str


class SignalResult(NamedTuple):
    """Result of one or more signals.

    Attributes:
        metrics: By name, grouped by `/`; null if a metric can't be computed.
        tables: By name, rows of plain values for the page and the plots.
        worst: By signal, at most `WORST` rows, the worst first.
    """

    metrics: Metrics
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = {}
    worst: Mapping[str, Sequence[WorstRow]] = {}


def merge_results(parts: Iterable[SignalResult]) -> SignalResult:
    """Results of several signals merged into one."""
    metrics: Metrics = {}
    tables: dict[str, Sequence[Mapping[str, Any]]] = {}
    worst: dict[str, Sequence[WorstRow]] = {}
    for part in parts:
        metrics |= part.metrics
        tables |= part.tables
        worst |= part.worst
    return SignalResult(metrics, tables, worst)


def slug(value: str) -> str:
    """Attribute value as part of a metric's name: `less_than_10`."""
    return value.casefold().replace(" ", "_")
