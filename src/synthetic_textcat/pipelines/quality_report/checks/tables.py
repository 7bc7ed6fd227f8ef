"""From the tables to the rows that are checked, and back to what was found of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, Known
from synthetic_textcat.pipelines.quality_report.checks.verdicts import Judgement
from synthetic_textcat.schemas.rows import FINDINGS, plain

_AT_ONCE = 20_000  # rows that are Python objects at a time
_FIELDS = ("request_id", "input_text", "label", "misleading_label", "task_id", "language")


def candidate_rows(candidates: pd.DataFrame, requests: pd.DataFrame, known: Mapping[str, Known]) -> Iterator[Candidate]:
    """The candidates beside what was planned for them, in their order.

    Args:
        candidates: Columns `EXAMPLES`.
        requests: The plan.
        known: What is known of each task, by its id.

    Raises:
        StaleTableError: If a candidate is of no known task.
    """
    planned = dict(zip(requests["request_id"], plain(requests["label"]), strict=True))
    for start in range(0, len(candidates), _AT_ONCE):
        part = candidates.iloc[start : start + _AT_ONCE]
        columns = (plain(part[name]) for name in _FIELDS)
        for request_id, text, label, misleading, task_id, language in zip(*columns, strict=True):
            yield Candidate(
                request_id=request_id,
                input_text=text,
                label=label,
                misleading_label=misleading,
                planned_label=planned.get(request_id),
                known=_known_of(task_id, known),
                language=language,
            )


def findings_of(request_ids: "pd.Series[Any]", judgements: Sequence[Judgement]) -> pd.DataFrame:
    """One row a candidate, columns `FINDINGS`; several reasons are joined by `, `, their details by `; `."""
    columns = {
        "request_id": request_ids.to_numpy(),
        "flags": [", ".join(flag.reason for flag in judgement.flags) for judgement in judgements],
        "language_verdict": [judgement.language for judgement in judgements],
        "detail": ["; ".join(flag.detail for flag in judgement.flags) for judgement in judgements],
    }
    return pd.DataFrame(columns, columns=list(FINDINGS)).astype(FINDINGS)


def split_flags(reasons: str, details: str) -> list[tuple[str, str]]:
    """The reasons of a row in `findings`, each with its detail; with all of them where a detail holds a `; ` itself."""
    names, words = reasons.split(", "), details.split("; ")
    return list(zip(names, words if len(words) == len(names) else [details] * len(names), strict=True))


def _known_of(task_id: str, known: Mapping[str, Known]) -> Known:
    try:
        return known[task_id]
    except KeyError:
        raise StaleTableError(
            f"Task {task_id} of the dataset 'candidates' is not in 'tasks', which is newer. "
            "Next: run `kedro run --pipelines generate`"
        ) from None
