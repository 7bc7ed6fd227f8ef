"""What signals are measured on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from synthetic_textcat.pipelines.quality_report.signals.label_rows import LabelRows, label_rows
from synthetic_textcat.pipelines.quality_report.signals.learning.learning import Learning, learn
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
    """

    examples: pd.DataFrame
    requests: pd.DataFrame
    findings: pd.DataFrame
    tasks: Mapping[str, Task] = field(default_factory=dict)
    settings: QualityReportParameters = field(default_factory=QualityReportParameters)
    seed: int = 42

    @cached_property
    def closed(self) -> pd.DataFrame:
        """The examples of tasks with a label set."""
        with_set = [task_id for task_id, task in self.tasks.items() if task.label_names]
        return self.examples[self.examples["task_id"].isin(with_set)]

    @cached_property
    def label_rows(self) -> LabelRows:
        """Tasks and labels of the examples as numbers."""
        return label_rows(self.examples)

    @cached_property
    def learning(self) -> Learning:
        """What models learn of the examples: some signals ask for it, and it takes long."""
        return learn(self.label_rows, self.examples, self.seed)
