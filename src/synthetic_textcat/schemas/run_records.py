"""Run records: the part of a run kept for comparisons, and the hash of a prompt template."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from synthetic_textcat.hashing import sha256_of


@dataclass(frozen=True)
class Evaluation:
    """What was learnt from the rows of a run, by a run of `evaluate`.

    Attributes:
        name: Of that run.
        metrics: By name.
        model: The embedding model that read the texts, as given.
        real_rows: The hash of the evaluation set; empty where there was none.
    """

    name: str
    metrics: Mapping[str, float]
    model: str
    real_rows: str


@dataclass(frozen=True)
class RunRecord:
    """A finished run.

    Attributes:
        run_id, name: As MLflow has them.
        started: ISO 8601, UTC.
        params: By their full names, as logged.
        tags: All.
        metrics: By name; those that were null are missing.
        outcomes: Columns `OUTCOMES`.
        prompts: File name to text.
        tasks: Columns of `tasks`; None where the run did not keep them.
        evaluation: What its rows train; None where nobody tried.
    """

    run_id: str
    name: str
    started: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    outcomes: pd.DataFrame
    prompts: Mapping[str, str] = field(default_factory=dict)
    tasks: pd.DataFrame | None = None
    evaluation: Evaluation | None = None


def prompt_sha256(prompt: Any) -> str:
    """Hex sha256 of the canonical JSON of a template's messages, as pairs of role and text with placeholders."""
    messages = getattr(prompt, "messages", None)
    if messages is None:
        return sha256_of(prompt.template)
    return sha256_of([[type(message).__name__, _text_of(message)] for message in messages])


def _text_of(message: Any) -> str:
    return str(getattr(getattr(message, "prompt", message), "template", message))
