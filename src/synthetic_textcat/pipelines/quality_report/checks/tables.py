"""Tables of the checks: candidates as rows to check, the results of the checks as columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

import pandas as pd

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, Known
from synthetic_textcat.pipelines.quality_report.checks.verdicts import CheckedRow, Judgement, Verdict
from synthetic_textcat.schemas.completions import READ_FROM
from synthetic_textcat.schemas.rows import FINDINGS, plain

_AT_ONCE = 20_000  # rows that are Python objects at a time
_FIELDS = ("request_id", "input_text", "label", "misleading_label", "task_id", "language", "num_words")


def candidate_rows(candidates: pd.DataFrame, requests: pd.DataFrame, known: Mapping[str, Known]) -> Iterator[Candidate]:
    """The candidates with their plan, in their order.

    Args:
        candidates: Columns `CANDIDATES`.
        requests: The plan.
        known: What is known of each task, by its id.

    Raises:
        StaleTableError: If a candidate is of no known task.
    """
    planned = _planned_labels(candidates["request_id"], requests)
    for start in range(0, len(candidates), _AT_ONCE):
        part = candidates.iloc[start : start + _AT_ONCE]
        columns = (*(plain(part[name]) for name in _FIELDS), plain(planned.iloc[start : start + _AT_ONCE]))
        for request_id, text, label, misleading, task_id, language, num_words, own in zip(*columns, strict=True):
            yield Candidate(
                request_id=request_id,
                input_text=text,
                label=label,
                misleading_label=misleading,
                planned_label=own,
                known=_known_of(task_id, known),
                language=language,
                num_words=num_words,
            )


def _planned_labels(request_ids: "pd.Series[Any]", requests: pd.DataFrame) -> "pd.Series[Any]":
    """The planned label of each row; missing for rows without one, and for rows that are not in the plan."""
    places = pd.Index(requests["request_id"]).get_indexer(pd.Index(request_ids))
    labels = requests["label"].reset_index(drop=True)
    return labels.reindex(places).reset_index(drop=True)


def reading_notes(candidates: pd.DataFrame) -> "pd.Series[str]":
    """How each candidate was read from a reply of several objects; empty for others, and in tables without notes."""
    notes = candidates.get("detail", pd.Series(pd.NA, candidates.index, dtype="str"))
    return notes.fillna("")


def joined_details(details: Sequence[str], notes: Iterable[str]) -> list[str]:
    """The detail of each row, followed by its note if there is one."""
    return ["; ".join(filter(None, pair)) for pair in zip(details, notes, strict=True)]


def checked_table(candidates: pd.DataFrame, checked: Iterable[CheckedRow]) -> pd.DataFrame:
    """The candidates with what the checks of single rows found; columns `CHECKED_ROWS` and the own attributes."""
    source = iter(checked)
    parts = [_columns_of(some) for some in iter(lambda: list(islice(source, _AT_ONCE)), [])]
    found = pd.concat(parts, ignore_index=True) if parts else _columns_of([])
    notes = candidates["detail"] if "detail" in candidates else pd.array([None] * len(candidates), dtype="str")
    return candidates.assign(detail=notes, **{str(name): column.array for name, column in found.items()})


def _columns_of(rows: Sequence[CheckedRow]) -> pd.DataFrame:
    verdicts = [row.judgement.verdict for row in rows]
    columns = {
        "label": [row.label for row in rows],
        "misleading_label": [row.misleading_label for row in rows],
        "reject_reason": [verdict and verdict.reason for verdict in verdicts],
        "check_detail": [verdict and verdict.detail for verdict in verdicts],
        **_flag_columns([row.judgement for row in rows]),
        "language_verdict": [row.judgement.language for row in rows],
        "comparison_text": [row.text for row in rows],
    }
    return pd.DataFrame(columns, dtype="str")


def judgements_in(checked_rows: pd.DataFrame) -> list[Judgement]:
    """The judgements that `checked_table` stored; all flags of a row as one, in the form of `findings`."""
    columns = ("reject_reason", "check_detail", "flags", "flag_details", "language_verdict")
    return [
        judgement
        for start in range(0, len(checked_rows), _AT_ONCE)
        for judgement in map(
            _judgement, *(plain(checked_rows[name].iloc[start : start + _AT_ONCE]) for name in columns)
        )
    ]


def _judgement(
    reason: str | None, detail: str | None, flags: str, flag_details: str, language: str | None
) -> Judgement:
    if reason is None and not flags:
        return _passed(language)
    verdict = None if reason is None else Verdict(reason, detail or "")
    return Judgement(verdict, (Verdict(flags, flag_details),) if flags else (), language)


@cache
def _passed(language: str | None) -> Judgement:
    """One object for all rows that passed, as most do."""
    return Judgement(language=language)


def findings_of(request_ids: "pd.Series[Any]", judgements: Sequence[Judgement], notes: Iterable[str]) -> pd.DataFrame:
    """One row a candidate, columns `FINDINGS`; several reasons are joined by `, `, their details and a note by `; `."""
    flags = _flag_columns(judgements)
    columns = {
        "request_id": request_ids.to_numpy(),
        "flags": flags["flags"],
        "language_verdict": [judgement.language for judgement in judgements],
        "detail": joined_details(flags["flag_details"], notes),
    }
    return pd.DataFrame(columns, columns=list(FINDINGS)).astype(FINDINGS)


def _flag_columns(judgements: Sequence[Judgement]) -> dict[str, list[str]]:
    return {
        "flags": [", ".join(flag.reason for flag in judgement.flags) for judgement in judgements],
        "flag_details": ["; ".join(flag.detail for flag in judgement.flags) for judgement in judgements],
    }


def without_note(detail: str) -> str:
    """The detail of a check, without the note on how the row was read from its reply."""
    return detail.partition(f"; {READ_FROM}")[0]


def split_flags(reasons: str, details: str) -> list[tuple[str, str]]:
    """The reasons of a row in `findings`, each with its detail; with all of them where a detail holds a `; ` itself."""
    details = without_note(details)
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
