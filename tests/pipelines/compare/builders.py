"""Outcomes and runs to compare."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from synthetic_textcat.schemas.rows import OUTCOMES, to_frame
from synthetic_textcat.schemas.run_records import RunRecord

_ROW: dict[str, Any] = {
    "outcome": "accepted",
    "reason": None,
    "attempts": 1,
    "tokens": 100,
    "cost": 0.001,
    "input_text": "They forgot the sauce.",
    "label": "bad",
    "misleading_label": "good",
    "task_id": "t0",
    "language": "English",
    "language_verdict": "agrees",
}


def outcomes(rows: Iterable[dict[str, Any]], first: int = 0) -> pd.DataFrame:
    """One row for each set of changes; ids count from `first`."""
    return to_frame(
        ({**_ROW, "request_id": f"r{number:04}", **changes} for number, changes in enumerate(rows, first)), OUTCOMES
    )


def leaked(**changes: Any) -> dict[str, Any]:
    """Changes of a row that was rejected."""
    return {"outcome": "rejected", "reason": "label_leaked", **changes}


def run(**fields: Any) -> RunRecord:
    """A run."""
    made = {
        "run_id": "a1",
        "name": "generate-a",
        "started": "2026-11-22T10:00:00+00:00",
        "params": {"seed": "42", "llm.model": "model-1"},
        "tags": {"plan_sha256": "p", "version.openai": "3.54.0"},
        "metrics": {"yield/all": 0.9},
        "outcomes": outcomes([{}] * 4),
        "prompts": {"closed_labels.yml": "one\ntwo\n"},
    }
    return RunRecord(**{**made, **fields})
