"""A corpus of made rows: the plan, the findings and the ledger follow from where each row is said to end."""

from collections.abc import Iterable
from typing import Any

from synthetic_textcat.pipelines.quality_report.ledger import count
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.schemas.rows import EXAMPLES, FINDINGS, REJECTED, REQUESTS, to_frame, with_own
from tests.pipelines.quality_report.builders import ROW

_UNSAID = {"replicate": 0, "seed": 0, "flags": "", "language_verdict": None, "detail": "because"}
_COLUMNS = {*EXAMPLES, *REJECTED, *FINDINGS, *_UNSAID, "failure_cause"}


def corpus_of(*rows: dict[str, Any], seed: int = 42) -> Corpus:
    """Each row is `ROW` with changes, accepted unless it has reject_reason, failure_cause or not_run.

    Columns that no table has are own attributes. Rows are r0, r1, … where they are not named.
    """
    full = [{**ROW, **_UNSAID, "request_id": f"r{place}", **row} for place, row in enumerate(rows)]
    own = sorted({name for row in rows for name in row} - _COLUMNS - {"not_run"})
    rejected = [row for row in full if "reject_reason" in row]
    failed = [row for row in full if "failure_cause" in row]
    accepted = [row for row in full if row.keys().isdisjoint({"reject_reason", "failure_cause", "not_run"})]
    return Corpus(
        examples=to_frame(_kept(accepted, with_own(EXAMPLES, own)), with_own(EXAMPLES, own)),
        requests=to_frame(_kept(full, with_own(REQUESTS, own)), with_own(REQUESTS, own)),
        findings=to_frame(_kept([*accepted, *rejected], FINDINGS), FINDINGS),
        seed=seed,
        rejected=to_frame(_kept(rejected, with_own(REJECTED, own)), with_own(REJECTED, own)),
        ledger=count(
            [row["request_id"] for row in full],
            [row["request_id"] for row in accepted],
            {row["request_id"]: row["reject_reason"] for row in rejected},
            {row["request_id"]: row["failure_cause"] for row in failed},
        ),
    )


def _kept(rows: Iterable[dict[str, Any]], columns: Iterable[str]) -> list[dict[str, Any]]:
    return [{name: row.get(name) for name in columns} for row in rows]
