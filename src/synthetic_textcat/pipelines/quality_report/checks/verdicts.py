"""Verdicts: the first reject reason of each row and its flags."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from synthetic_textcat.pipelines.quality_report.checks.compared_rows import ComparedRows, Hits, Mask
from synthetic_textcat.pipelines.quality_report.checks.comparisons import COMPARISONS, Comparison
from synthetic_textcat.pipelines.quality_report.checks.row_checks import (
    PREPARATIONS,
    ROW_CHECKS,
    Candidate,
    Check,
    wrong_language,
)
from synthetic_textcat.schemas.outcomes import REJECT_REASONS
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.work_pool import THIS_MACHINE, WorkPool

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


_NOTHING_FOUND = Judgement()
_LANGUAGE_SEEN = {verdict: Judgement(language=verdict) for verdict in ("agrees", "wrong", "not verifiable")}
"""Judgements of most rows: one object each, whatever their number."""


class Compared(NamedTuple):
    """Result of the checks that compare rows.

    Attributes:
        hits: The rows to which each reason applies, in the order in which they were tried.
        stands: Mask of the rows that no reason rejects.
    """

    hits: Mapping[str, Hits]
    stands: Mask


class CheckedRow(NamedTuple):
    """A row after the checks that need no other row.

    Attributes:
        labels, misleading_label: In the spelling of the closed set.
        has_several: Whether its task has several labels a text.
        judgement: Result of the checks.
        text: Its text, normalised, if it passed; else None.
    """

    labels: tuple[str, ...]
    misleading_label: str
    judgement: Judgement
    text: str | None
    has_several: bool = False


def check_together(rows: Sequence[Candidate], flag_only: Collection[str]) -> list[CheckedRow]:
    """Checks each row by itself.

    Args:
        rows: The candidates.
        flag_only: Reasons that are noted and reject no row.
    """
    pairs = zip(rows, judge_together(rows, flag_only), strict=True)
    return [
        CheckedRow(
            row.own_labels,
            row.misleading_label,
            judgement,
            row.text if judgement.verdict is None else None,
            row.labels is not None,
        )
        for row, judgement in pairs
    ]


def compare_rows(standing: ComparedRows, settings: QualityReportParameters, pool: WorkPool = THIS_MACHINE) -> Compared:
    """The checks that need more than the row.

    A reason of `settings.flag_only` rejects no row: it is noted, and the row goes on to the next checks and stands
    next to later rows as any other does.

    Args:
        standing: The rows that passed the checks of single rows, in plan order, so that the first of two alike stays.
        settings: What counts as alike, and what is only noted.
        pool: Processes that share what is costly.
    """
    hits: dict[str, Hits] = {}
    for reason, comparison in _COMPARISONS.items():
        standing = replace(standing, doing=f"Checking for {reason}")
        hits[reason] = standing.hits(comparison(standing, settings, pool))
        if reason not in settings.flag_only:
            standing = standing.without(hits[reason].places)
    return Compared(hits, standing.stands)


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
    judgements = [_NOTHING_FOUND] * len(rows)
    places, standing = list(range(len(rows))), list(rows)
    for reason, check in _ROW_CHECKS.items():
        if reason in PREPARATIONS:
            PREPARATIONS[reason](standing)
        details = zip(places, map(check, standing), strict=True)
        found = [(place, detail) for place, detail in details if detail is not None]
        if check is wrong_language:
            for place, row in zip(places, standing, strict=True):
                judgements[place] = _with_language(judgements[place], row)
        for place, detail in found:
            judgements[place] = _with(judgements[place], Verdict(reason, detail), flag_only)
        if found:
            places = [place for place in places if judgements[place].verdict is None]
            standing = [rows[place] for place in places]
    return judgements


def _checked(judgement: Judgement, row: Candidate, reason: str, check: Check, flag_only: Collection[str]) -> Judgement:
    """The judgement with what one more check finds."""
    detail = check(row)
    if check is wrong_language:
        judgement = _with_language(judgement, row)
    return judgement if detail is None else _with(judgement, Verdict(reason, detail), flag_only)


def _with_language(judgement: Judgement, row: Candidate) -> Judgement:
    """The judgement with the verdict on the row's language, if it was asked for in one."""
    seen = row.in_language
    if judgement is _NOTHING_FOUND and seen is not None:
        return _LANGUAGE_SEEN[seen.verdict]
    return judgement if seen is None else Judgement(judgement.verdict, judgement.flags, seen.verdict)


def _with(judgement: Judgement, found: Verdict, flag_only: Collection[str]) -> Judgement:
    if found.reason in flag_only:
        return judgement._replace(flags=(*judgement.flags, found))
    return judgement._replace(verdict=found)
