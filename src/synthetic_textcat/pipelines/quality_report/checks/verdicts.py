"""From checks to verdicts: one reason a row, the first that applies; and what is noted of it beside."""

from collections.abc import Collection, Iterable
from functools import partial
from typing import NamedTuple

from synthetic_textcat.pipelines.quality_report.checks.comparisons import COMPARISONS, Compared
from synthetic_textcat.pipelines.quality_report.checks.parallel import processes_for, shared_out
from synthetic_textcat.pipelines.quality_report.checks.row_checks import ROW_CHECKS, Candidate, wrong_language
from synthetic_textcat.pipelines.quality_report.checks.watch import watched
from synthetic_textcat.schemas.parameters import QualityReportParameters


class Verdict(NamedTuple):
    """A reason that applies to a row."""

    reason: str
    detail: str


class Judgement(NamedTuple):
    """What the checks make of a row.

    Attributes:
        verdict: Why it is rejected; None for an example.
        flags: Reasons that apply and, by the settings, reject no row; in the order of the checks.
        language: The verdict on its language; None where that check was not reached.
    """

    verdict: Verdict | None = None
    flags: tuple[Verdict, ...] = ()
    language: str | None = None


class _Alone(NamedTuple):
    """A row after the checks that need no other row; compared only if it stands."""

    judgement: Judgement
    compared: Compared | None


def judge(rows: Iterable[Candidate], settings: QualityReportParameters, total: int = 0) -> list[Judgement]:
    """A judgement for each row. Rows come in plan order, so that the first of two alike stays.

    A reason of `settings.flag_only` rejects no row: it is noted, and the row goes on to the next checks and stands
    beside later rows as any other does.

    Args:
        rows: Looked at once, one after the other.
        settings: What counts as alike, and what is only noted.
        total: How many rows they are. If many, processes share the work, and it is shown how far it is.
    """
    check = partial(_judge_alone, flag_only=settings.flag_only)
    alone = list(watched(shared_out(check, rows, processes_for(total)), total, "Checking rows"))
    judgements = [row.judgement for row in alone]
    for reason, comparison in COMPARISONS.items():
        standing = [place for place, judgement in enumerate(judgements) if judgement.verdict is None]
        compared = [row for place in standing if (row := alone[place].compared) is not None]
        details = watched(comparison(compared, settings), len(standing), f"Looking for {reason.replace('_', ' ')}s")
        for place, detail in zip(standing, details, strict=True):
            if detail is not None:
                judgements[place] = _with(judgements[place], Verdict(reason, detail), settings.flag_only)
    return judgements


def judge_alone(row: Candidate, flag_only: Collection[str] = ()) -> Judgement:
    """The judgement of the checks that need no other row."""
    judgement = Judgement()
    for reason, check in ROW_CHECKS.items():
        detail = check(row)
        if check is wrong_language and row.in_language is not None:
            judgement = judgement._replace(language=row.in_language.verdict)
        if detail is not None:
            judgement = _with(judgement, Verdict(reason, detail), flag_only)
            if judgement.verdict is not None:
                break
    return judgement


def _with(judgement: Judgement, found: Verdict, flag_only: Collection[str]) -> Judgement:
    if found.reason in flag_only:
        return judgement._replace(flags=(*judgement.flags, found))
    return judgement._replace(verdict=found)


def _judge_alone(row: Candidate, flag_only: Collection[str]) -> _Alone:
    judgement = judge_alone(row, flag_only)
    stands = judgement.verdict is None
    return _Alone(judgement, Compared(row.request_id, row.text, row.known.seed_texts) if stands else None)
