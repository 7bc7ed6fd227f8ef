"""Corpus of a run, which signals measure, and the type of their results: metrics, tables, worst rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.checks.text_length import measured_lengths
from synthetic_textcat.pipelines.quality_report.ledger import Ledger, count
from synthetic_textcat.pipelines.quality_report.row_ends import NO_ENDS, RowEnds
from synthetic_textcat.pipelines.quality_report.signals.check_results import CheckResults, check_results
from synthetic_textcat.pipelines.quality_report.signals.label_classifiers import Learning, learn
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.label_sets import LABELS, label_set_of
from synthetic_textcat.schemas.own_attributes import OwnChoice
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowTable, filtered
from synthetic_textcat.text.batches import ValueCodes
from synthetic_textcat.text.diversity_sample import Pool, Sample, pool_of_examples, size_for
from synthetic_textcat.text.label_samples import LabelRows, label_rows
from synthetic_textcat.text.label_set_samples import LabelSetRows, label_set_rows
from synthetic_textcat.text.words import COUNTS, counted

_PLANNED = ("language", "difficulty", "num_words")

WORST = 20
"""Maximum of worst rows listed by each signal."""


@dataclass(frozen=True)
class Corpus:
    """Rows of a run with plan, findings and derived samples. Signals read it and change nothing.

    Its tables are walked in record batches; what it keeps of each row are numbers and codes.

    Attributes:
        examples: Accepted rows, in plan order; columns `EXAMPLES` and user-defined attributes.
        requests: The plan; columns `REQUESTS` and user-defined attributes.
        findings: One row per candidate; columns `FINDINGS`.
        rejected: Rejected candidates; columns `REJECTED` and user-defined attributes.
        ends: End of each planned row. Surplus rows are in no signal, but where rows are counted.
        tasks: By task id.
        settings: Parameters of the report.
        seed: Seed of samples and folds: the same rows give the same numbers.
        ledger: Counts of all planned rows by outcome.
        reference_texts: The user's real texts, if given.
        last_diversity: Diversity record of the previous run, if it has one.
        quota_slots: Rows that a quota asks for; empty without one.
        own_attributes: Those of the parameters.
    """

    examples: RowTable
    requests: RowTable
    findings: RowTable
    rejected: RowTable
    ends: RowEnds
    tasks: Mapping[str, Task] = field(default_factory=dict)
    settings: QualityReportParameters = field(default_factory=QualityReportParameters)
    seed: int = 42
    ledger: Ledger = field(default_factory=lambda: count(NO_ENDS))
    reference_texts: Sequence[str] | None = None
    last_diversity: Mapping[str, Any] | None = None
    quota_slots: pd.DataFrame = field(default_factory=pd.DataFrame)
    own_attributes: Mapping[str, OwnChoice] = field(default_factory=dict)

    @cached_property
    def check_results(self) -> CheckResults:
        """Counts of what the checks found."""
        return check_results(self.requests, self.findings, self.rejected, self.ends, self.seed, WORST)

    @cached_property
    def measured_texts(self) -> pd.DataFrame:
        """Planned values and counts of each example's text: language, difficulty, num_words (categories), `COUNTS`.

        `length` is in the unit of num_words, `UNKNOWN` where words can't be counted.
        """
        return measured_texts(self.examples)

    @cached_property
    def multi_label_tasks(self) -> frozenset[str]:
        """Ids of the tasks with several labels a text."""
        return frozenset(task_id for task_id, task in self.tasks.items() if task.task_type == "multi_label")

    @cached_property
    def set_rows(self) -> LabelSetRows:
        """Tasks and label sets of the examples with several labels, as integer codes."""
        return label_set_rows(self.examples, self.multi_label_tasks)

    @cached_property
    def planned_sets(self) -> Mapping[str, Mapping[tuple[str, ...], int]]:
        """Planned rows of each label set, by task id; surplus rows do not count. With a quota, the rows it asks for."""
        if LABELS in self.quota_slots:
            return self._sets_in_quota()
        return label_set_rows(self.requests, self.multi_label_tasks, ~self.ends.has_outcome("surplus")).counts

    def _sets_in_quota(self) -> Mapping[str, Mapping[tuple[str, ...], int]]:
        slots, ids = self.quota_slots, {task.task: task_id for task_id, task in self.tasks.items()}
        task_ids = slots["task_id"] if "task_id" in slots else slots["task"].map(ids)
        found: dict[str, dict[tuple[str, ...], int]] = {task_id: {} for task_id in self.multi_label_tasks}
        for task_id, code in zip(task_ids.tolist(), slots[LABELS].tolist(), strict=True):
            if task_id in found:
                labels = label_set_of(code)
                found[task_id][labels] = found[task_id].get(labels, 0) + 1
        return {task_id: sets for task_id, sets in found.items() if sets}

    @cached_property
    def single_label_examples(self) -> RowTable:
        """The examples with one label each."""
        if not len(self.set_rows.places):
            return self.examples
        is_single = np.ones(len(self.examples), np.bool_)
        is_single[self.set_rows.places] = False
        return filtered(self.examples, is_single)

    @cached_property
    def label_rows(self) -> LabelRows:
        """Tasks and labels of the examples with one label each, as integer codes."""
        return label_rows(self.single_label_examples)

    @cached_property
    def learning(self) -> Learning:
        """Classifiers fitted on the examples; cached, since several signals use them and fitting is slow."""
        sentences = [self.tasks[task_id].task for task_id in self.set_rows.task_ids]
        return learn(
            self.label_rows, self.single_label_examples, self.set_rows, self.examples, sentences, seed=self.seed
        )

    @cached_property
    def pool(self) -> Pool:
        """Examples from which the sample of equal length is drawn."""
        return pool_of_examples(self.examples)

    @cached_property
    def sample(self) -> Sample:
        """Sample of examples on which diversity is measured."""
        cut = self.pool.cut
        return self.pool.sample(cut, size_for(len(self.pool.with_words(cut))))


def measured_texts(examples: RowTable) -> pd.DataFrame:
    """Length, words, long words and sentences of each text, next to what was planned: some 20 bytes a row."""
    planned = {name: ValueCodes() for name in _PLANNED}
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in (*planned, *COUNTS, "length")}
    for frame in examples.frames([*_PLANNED, "input_text"]):
        counts = counted(frame["input_text"])
        for name, values in planned.items():
            parts[name].append(values.add(frame[name]).astype(np.int16))
        for name in COUNTS:
            parts[name].append(counts[name].to_numpy(np.int32))
        texts, languages, asked = (plain(frame[name]) for name in ("input_text", "language", "num_words"))
        lengths = measured_lengths(texts, languages, asked, counts["words"].to_numpy(np.int64))
        parts["length"].append(lengths.astype(np.int32))
    columns = {name: np.concatenate([np.empty(0, np.int16), *parts.pop(name)]) for name in list(parts)}
    categories = {
        name: pd.Categorical.from_codes(columns[name], pd.Index(values.values, dtype="str"))
        for name, values in planned.items()
    }
    return pd.DataFrame({**columns, **categories})


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
