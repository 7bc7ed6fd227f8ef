"""A corpus of made rows: the plan, the findings and the ledger follow from where each row is said to end."""

from collections.abc import Iterable, Sequence
from typing import Any

from synthetic_textcat.pipelines.quality_report.ledger import count
from synthetic_textcat.pipelines.quality_report.row_ends import find_ends
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.schemas.rows import EXAMPLES, FAILED, FINDINGS, REJECTED, REQUESTS, to_frame, with_own
from synthetic_textcat.tables import RowTable, as_table
from tests.pipelines.quality_report.builders import ROW

_UNSAID = {"replicate": 0, "seed": 0, "flags": "", "language_verdict": None, "detail": "because", "attempts": 1}
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
    candidates = [row for row in full if row.keys().isdisjoint({"failure_cause", "not_run"})]
    plan, tables = _table(full, REQUESTS, own), {"examples": _table(accepted, EXAMPLES, own)}
    tables |= {"rejected": _table(rejected, REJECTED, own), "failed": _table(failed, FAILED, own)}
    ends = find_ends(plan, tables)
    return Corpus(
        examples=tables["examples"],
        requests=plan,
        findings=_table(candidates, FINDINGS),
        rejected=tables["rejected"],
        ends=ends,
        seed=seed,
        ledger=count(ends),
    )


def _table(rows: Iterable[dict[str, Any]], columns: dict[str, str], own: Sequence[str] = ()) -> RowTable:
    columns = with_own(columns, own) if own else columns
    return as_table(to_frame(_kept(rows, columns), columns))


def _kept(rows: Iterable[dict[str, Any]], columns: Iterable[str]) -> list[dict[str, Any]]:
    return [{name: row.get(name) for name in columns} for row in rows]
