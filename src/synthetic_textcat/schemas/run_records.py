"""Run records: the part of a run that comparisons need, the names of row prompts, and the hash of a prompt template."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.tables import RowTable

REAL_PREDICTIONS = {
    "task_id": "str",
    "task": "str",
    "row": "str",
    "label": "str",
    "predicted": "str",
    "task_type": "str",
}
"""Columns of an evaluation's predictions on the user's real rows.

`row` is the sha256 of the normalised text. Where `task_type` is `multi_label`, `label` and `predicted` are JSON lists
of labels (`label_sets.label_set_code`). Evaluations of earlier versions have no `task_type`.
"""

ASKING_PROMPTS = ("closed_prompt", "open_prompt", "seed_examples_prompt")
"""Catalog names of the prompts of a row's first message, in the order in which nodes take them."""

ROW_PROMPT_NAMES = (*ASKING_PROMPTS, "retry_prompt")
"""Catalog names of the prompts that ask for rows."""

SEVERAL_LABELS_PROMPT = "several_labels_prompt"
"""Catalog name of the prompt of tasks with several labels a text, which nodes take after the others."""


@dataclass(frozen=True)
class Evaluation:
    """Result of a run of `evaluate` on the rows of another run.

    Attributes:
        name: Name of the `evaluate` run.
        metrics: Metrics by name.
        model: The embedding model, as given.
        real_rows: Hash of the evaluation set; empty without one.
        predictions: Columns `REAL_PREDICTIONS`; None if the run did not keep them.
    """

    name: str
    metrics: Mapping[str, float]
    model: str
    real_rows: str
    predictions: pd.DataFrame | None = None


@dataclass(frozen=True)
class RunRecord:
    """A finished run.

    Attributes:
        run_id, name: Id and name in MLflow.
        started: Start, ISO 8601, UTC.
        params: Parameters by full name, as logged.
        tags: All tags.
        metrics: Metrics by name, without null values.
        outcomes: Columns `OUTCOMES`.
        prompts: File name → text.
        tasks: Columns of `tasks`; None if the run did not keep them.
        evaluation: Evaluation of its rows; None if there is none.
        verdicts: A judge's verdicts on its labels, columns `LABEL_VERDICTS`; None if there are none.
    """

    run_id: str
    name: str
    started: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    outcomes: RowTable
    prompts: Mapping[str, str] = field(default_factory=dict)
    tasks: pd.DataFrame | None = None
    evaluation: Evaluation | None = None
    verdicts: RowTable | None = None

    @property
    def has_made_up_cost(self) -> bool:
        """Whether its amounts of money come from the made-up price of the offline model."""
        return bool(self.metrics.get("cost/made_up"))


def prompt_sha256(prompt: Any) -> str:
    """Hex sha256 of the canonical JSON of a template's messages, as pairs of role and text with placeholders."""
    messages = getattr(prompt, "messages", None)
    if messages is None:
        return sha256_of(prompt.template)
    return sha256_of([[type(message).__name__, _text_of(message)] for message in messages])


def _text_of(message: Any) -> str:
    return str(getattr(getattr(message, "prompt", message), "template", message))
