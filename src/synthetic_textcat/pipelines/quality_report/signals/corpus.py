"""What signals are measured on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.quality_report.signals.sampling import Pool, Sample, pool_of_examples, size_for
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.tasks import Task


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
        reference_texts: The user's own real texts, if there are any.
        last_diversity: What the run before left of its diversity, if it did.
    """

    examples: pd.DataFrame
    requests: pd.DataFrame
    findings: pd.DataFrame
    tasks: Mapping[str, Task] = field(default_factory=dict)
    settings: QualityReportParameters = field(default_factory=QualityReportParameters)
    seed: int = 42
    reference_texts: Sequence[str] | None = None
    last_diversity: Mapping[str, Any] | None = None

    @cached_property
    def closed(self) -> pd.DataFrame:
        """The examples of tasks with a label set."""
        with_set = [task_id for task_id, task in self.tasks.items() if task.label_names]
        return self.examples[self.examples["task_id"].isin(with_set)]

    @cached_property
    def pool(self) -> Pool:
        """The examples that a sample of equal length is taken from."""
        return pool_of_examples(self.examples)

    @cached_property
    def sample(self) -> Sample:
        """The examples on which diversity is measured."""
        cut = self.pool.cut
        return self.pool.sample(cut, size_for(len(self.pool.with_words(cut))))
