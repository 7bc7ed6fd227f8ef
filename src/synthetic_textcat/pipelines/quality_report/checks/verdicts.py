"""Verdicts: the first reject reason of each row and its flags; tables in, tables out."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.console import track
from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.quality_report.checks.comparisons import COMPARISONS, Compared, Comparison
from synthetic_textcat.pipelines.quality_report.checks.row_checks import (
    PREPARATIONS,
    ROW_CHECKS,
    Candidate,
    Check,
    Known,
    wrong_language,
)
from synthetic_textcat.process_pool import parallel_map, processes_for
from synthetic_textcat.schemas.completions import READ_FROM
from synthetic_textcat.schemas.outcomes import REJECT_REASONS
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.rows import FINDINGS, plain

_AT_ONCE = 20_000  # rows that are Python objects at a time
_FIELDS = ("request_id", "input_text", "label", "misleading_label", "task_id", "language", "num_words")


Registered = tuple[dict[str, Check], dict[str, Comparison]]


def in_public_order(row_checks: Mapping[str, Check], comparisons: Mapping[str, Comparison]) -> Registered:
    """Both registries in the order of `REJECT_REASONS`.

    Raises:
        ValueError: If a check and a reason lack one another, or a comparison precedes a check of one row.
    """
    registered = {*row_checks, *comparisons}
    if unlisted := sorted(registered.difference(REJECT_REASONS)):
        raise ValueError(f"schemas.outcomes.REJECT_REASONS lacks the checks {', '.join(unlisted)}")
    if without := [reason for reason in REJECT_REASONS if reason not in registered]:
        raise ValueError(f"No function in row_checks or comparisons is registered as {', '.join(without)}")
    if any(reason in row_checks for reason in REJECT_REASONS[len(row_checks) :]):
        raise ValueError("REJECT_REASONS names a comparison before a check of one row")
    return (
        {reason: row_checks[reason] for reason in REJECT_REASONS if reason in row_checks},
        {reason: comparisons[reason] for reason in REJECT_REASONS if reason in comparisons},
    )


_ROW_CHECKS, _COMPARISONS = in_public_order(ROW_CHECKS, COMPARISONS)


class Verdict(NamedTuple):
    """A reason that applies to a row."""

    reason: str
    detail: str


class Judgement(NamedTuple):
    """Result of the checks of a row.

    Attributes:
        verdict: Why it is rejected; None for an example.
        flags: Reasons that apply and, by the settings, reject no row; in the order of the checks.
        language: The verdict on its language; None where that check was not reached.
    """

    verdict: Verdict | None = None
    flags: tuple[Verdict, ...] = ()
    language: str | None = None


class CheckedRow(NamedTuple):
    """A row after the checks that need no other row.

    Attributes:
        label, misleading_label: In the spelling of the closed set.
        judgement: Result of the checks.
        text: Its text, normalised, if it passed; else None.
    """

    label: str
    misleading_label: str
    judgement: Judgement
    text: str | None


def check_each(rows: Iterable[Candidate], flag_only: Collection[str], total: int = 0) -> Iterator[CheckedRow]:
    """Checks each row by itself; results in the order of the rows.

    Args:
        rows: The candidates.
        flag_only: Reasons that are noted and reject no row.
        total: How many rows they are. If many, processes share the work, and it is shown how far it is.
    """
    check = partial(_check_share, flag_only=flag_only)
    return track(parallel_map(check, rows, processes_for(total)), total, "Checking rows")


def compare_rows(
    judgements: Sequence[Judgement], standing: Iterable[Compared], settings: QualityReportParameters
) -> list[Judgement]:
    """The judgements after the checks that need more than the row.

    A reason of `settings.flag_only` rejects no row: it is noted, and the row goes on to the next checks and stands
    next to later rows as any other does.

    Args:
        judgements: Of all rows, by the checks of single rows, in plan order, so that the first of two alike stays.
        standing: The rows of these that passed, in the same order.
        settings: What counts as alike, and what is only noted.
    """
    found = list(judgements)
    passed = (place for place, judgement in enumerate(found) if judgement.verdict is None)
    compared = dict(zip(passed, standing, strict=True))
    for reason, comparison in _COMPARISONS.items():
        places = [place for place in compared if found[place].verdict is None]
        details = comparison([compared[place] for place in places], settings)
        told = track(details, len(places), f"Checking for {reason}")
        for place, detail in zip(places, told, strict=True):
            if detail is not None:
                found[place] = _with(found[place], Verdict(reason, detail), settings.flag_only)
    return found


def judge_alone(row: Candidate, flag_only: Collection[str] = ()) -> Judgement:
    """The judgement of the checks that need no other row."""
    judgement = Judgement()
    for reason, check in _ROW_CHECKS.items():
        judgement = _checked(judgement, row, reason, check, flag_only)
        if judgement.verdict is not None:
            break
    return judgement


def judge_together(rows: Sequence[Candidate], flag_only: Collection[str] = ()) -> list[Judgement]:
    """The judgements of `judge_alone`, check by check, so that a costly fact of all rows is found at once."""
    judgements = [Judgement()] * len(rows)
    standing = list(range(len(rows)))
    for reason, check in _ROW_CHECKS.items():
        if reason in PREPARATIONS:
            PREPARATIONS[reason]([rows[place] for place in standing])
        for place in standing:
            judgements[place] = _checked(judgements[place], rows[place], reason, check, flag_only)
        standing = [place for place in standing if judgements[place].verdict is None]
    return judgements


def _checked(judgement: Judgement, row: Candidate, reason: str, check: Check, flag_only: Collection[str]) -> Judgement:
    """The judgement with what one more check finds."""
    detail = check(row)
    if check is wrong_language and row.in_language is not None:
        judgement = judgement._replace(language=row.in_language.verdict)
    return judgement if detail is None else _with(judgement, Verdict(reason, detail), flag_only)


def _with(judgement: Judgement, found: Verdict, flag_only: Collection[str]) -> Judgement:
    if found.reason in flag_only:
        return judgement._replace(flags=(*judgement.flags, found))
    return judgement._replace(verdict=found)


def _check_share(rows: Sequence[Candidate], flag_only: Collection[str]) -> list[CheckedRow]:
    pairs = zip(rows, judge_together(rows, flag_only), strict=True)
    return [
        CheckedRow(row.label, row.misleading_label, judgement, row.text if judgement.verdict is None else None)
        for row, judgement in pairs
    ]


def candidate_rows(candidates: pd.DataFrame, requests: pd.DataFrame, known: Mapping[str, Known]) -> Iterator[Candidate]:
    """The candidates with their plan, in their order.

    Args:
        candidates: Columns `CANDIDATES`.
        requests: The plan.
        known: What is known of each task, by its id.

    Raises:
        StaleTableError: If a candidate is of no known task.
    """
    planned = dict(zip(requests["request_id"], plain(requests["label"]), strict=True))
    for start in range(0, len(candidates), _AT_ONCE):
        part = candidates.iloc[start : start + _AT_ONCE]
        columns = (plain(part[name]) for name in _FIELDS)
        for request_id, text, label, misleading, task_id, language, num_words in zip(*columns, strict=True):
            yield Candidate(
                request_id=request_id,
                input_text=text,
                label=label,
                misleading_label=misleading,
                planned_label=planned.get(request_id),
                known=_known_of(task_id, known),
                language=language,
                num_words=num_words,
            )


def reading_notes(candidates: pd.DataFrame) -> "pd.Series[str]":
    """How each candidate was read from a reply of several objects; empty for others, and in tables without notes."""
    notes = candidates.get("detail", pd.Series(pd.NA, candidates.index, dtype="str"))
    return notes.fillna("")


def joined_details(details: Sequence[str], notes: Iterable[str]) -> list[str]:
    """The detail of each row, followed by its note if there is one."""
    return ["; ".join(filter(None, pair)) for pair in zip(details, notes, strict=True)]


def checked_table(candidates: pd.DataFrame, checked: Iterable[CheckedRow]) -> pd.DataFrame:
    """The candidates with what the checks of single rows found; columns `CHECKED_ROWS` and the own attributes."""
    rows = list(checked)
    verdicts = [row.judgement.verdict for row in rows]
    columns = {
        "label": [row.label for row in rows],
        "misleading_label": [row.misleading_label for row in rows],
        "detail": plain(candidates["detail"]) if "detail" in candidates else [None] * len(rows),
        "reject_reason": [verdict and verdict.reason for verdict in verdicts],
        "check_detail": [verdict and verdict.detail for verdict in verdicts],
        **_flag_columns([row.judgement for row in rows]),
        "language_verdict": [row.judgement.language for row in rows],
        "comparison_text": [row.text for row in rows],
    }
    return candidates.assign(**{name: pd.array(values, dtype="str") for name, values in columns.items()})


def judgements_in(checked_rows: pd.DataFrame) -> list[Judgement]:
    """The judgements that `checked_table` stored; all flags of a row as one, in the form of `findings`."""
    columns = ("reject_reason", "check_detail", "flags", "flag_details", "language_verdict")
    values = zip(*(plain(checked_rows[name]) for name in columns), strict=True)
    return [
        Judgement(
            None if reason is None else Verdict(reason, detail),
            (Verdict(flags, flag_details),) if flags else (),
            language,
        )
        for reason, detail, flags, flag_details, language in values
    ]


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
