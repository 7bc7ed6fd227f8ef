"""From checks to verdicts: one reason a row, the first that applies."""

from collections.abc import Sequence
from typing import NamedTuple

from synthetic_textcat.pipelines.quality_report.checks.comparisons import COMPARISONS
from synthetic_textcat.pipelines.quality_report.checks.row_checks import ROW_CHECKS, Candidate
from synthetic_textcat.schemas.parameters import QualityReportParameters


class Verdict(NamedTuple):
    """Why a row is rejected."""

    reason: str
    detail: str


def judge(rows: Sequence[Candidate], settings: QualityReportParameters) -> list[Verdict | None]:
    """A verdict for each row, None for an example. Rows come in plan order, so that the first of two alike stays."""
    verdicts = [judge_alone(row) for row in rows]
    for reason, comparison in COMPARISONS.items():
        standing = [place for place, verdict in enumerate(verdicts) if verdict is None]
        for place, detail in zip(standing, comparison((rows[place] for place in standing), settings), strict=True):
            if detail is not None:
                verdicts[place] = Verdict(reason, detail)
    return verdicts


def judge_alone(row: Candidate) -> Verdict | None:
    """The verdict of the checks that need no other row."""
    for reason, check in ROW_CHECKS.items():
        if (detail := check(row)) is not None:
            return Verdict(reason, detail)
    return None
