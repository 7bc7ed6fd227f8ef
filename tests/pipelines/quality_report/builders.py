"""Rows of the tables, with the columns that a test does not care for filled in."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from synthetic_textcat.llm.journal.plan_positions import PlanPositions
from synthetic_textcat.pipelines.quality_report.checks.compared_rows import ComparedRows
from synthetic_textcat.pipelines.quality_report.checks.nodes import check_candidates, check_rows
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, Known
from synthetic_textcat.pipelines.quality_report.checks.verdicts import Judgement, Verdict, check_together, compare_rows
from synthetic_textcat.pipelines.quality_report.ledger import Ledger
from synthetic_textcat.pipelines.quality_report.row_ends import RowEnds, find_ends
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.outcomes import FAILURE_CAUSES, REJECT_REASONS
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    LabelCheckParameters,
    QualityReportParameters,
)
from synthetic_textcat.schemas.rows import EXAMPLES, to_frame
from synthetic_textcat.tables import RowTable, as_table
from synthetic_textcat.work_pool import THIS_MACHINE, WorkPool
from tests.llm.builders import paid_calls

ROW: dict[str, Any] = {
    "request_id": "r0",
    "task_id": "t0",
    "task": "Sort a review.",
    "input_text": "They forgot the sauce.",
    "label": "bad",
    "misleading_label": "good",
    "language": "English",
    "difficulty": "PhD",
    "clarity": "clear",
    "num_words": "less than 10",
    "model_name": "model-1",
}

NO_QUOTA = pd.DataFrame({"task": pd.array([], dtype="str")})
"""The slots of a plan without a quota."""

PRICES: dict[str, Any] = {
    "as_of": "2026-01-01",
    "usd_per_million_tokens": {"model-1": {"input": 2.0, "cached_input": 1.0, "output": 8.0}},
}
"""A price list that knows the model of `tests.llm.builders.completion`."""

COST = (6 * 2.0 + 4 * 1.0 + 5 * 8.0) / 1e6
"""USD of such a completion: 10 tokens read, 4 of them cached, and 5 written."""


def candidate(**changes: Any) -> Candidate:
    """A candidate of a closed task that passes every check."""
    fields = {
        "request_id": "r0",
        "input_text": "They forgot the sauce.",
        "label": "bad",
        "misleading_label": "good",
        "planned_label": "bad",
        "known": Known(frozenset({"good", "bad", "mixed"})),
        "language": "English",
    }
    return Candidate(**{**fields, **changes})


def open_candidate(**changes: Any) -> Candidate:
    """A candidate of a task without a label set that passes every check."""
    return candidate(**{"planned_label": None, "known": Known(), **changes})


def ledger(**changes: Any) -> Ledger:
    """A ledger that adds up."""
    counts: dict[str, Any] = {
        "planned": 10,
        "accepted": 6,
        "rejected": {"label_leaked": 2},
        "failed": {"invalid_json": 1},
        "not_run": 1,
        "in_batch": 0,
        "surplus": 0,
    }
    return Ledger(**{**counts, **changes})  # type: ignore[typeddict-item]


def end_tables(ends: Mapping[str, str]) -> dict[str, RowTable]:
    """Tables of outcomes of planned rows, by id and end: an outcome, a reject reason or a failure cause."""
    rows = pd.DataFrame({"request_id": list(ends), "end": list(ends.values())}, dtype="str")
    return {
        "examples": as_table(rows[rows["end"] == "accepted"]),
        "surplus": as_table(rows[rows["end"] == "surplus"]),
        "rejected": as_table(rows[rows["end"].isin(REJECT_REASONS)].rename(columns={"end": "reject_reason"})),
        "failed": as_table(rows[rows["end"].isin(FAILURE_CAUSES)].rename(columns={"end": "failure_cause"})),
    }


def ends_of(ends: Mapping[str, str]) -> RowEnds:
    """Ends of planned rows, likewise."""
    return find_ends(as_table(pd.DataFrame({"request_id": list(ends)}, dtype="str")), end_tables(ends))


def planned_calls_of(lines: Iterable[Completion], requests: pd.DataFrame, calls: pd.DataFrame) -> RowTable:
    """The paid calls of a journal with these lines, each with its planned row."""
    paid = paid_calls(lines)
    positions, is_configuration = PlanPositions(as_table(requests), as_table(calls)).of_calls(paid)
    return as_table(paid.assign(position=positions, is_configuration=is_configuration))


def example_frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Rows of `examples` or `candidates`, each `ROW` with changes; `labels` are those of `label` unless given."""
    made = ({**ROW, **changes} for changes in rows)
    return to_frame(({**row, "labels": row.get("labels", (row["label"],))} for row in made), EXAMPLES)


def judge(rows: Iterable[Candidate], settings: QualityReportParameters) -> list[Judgement]:
    """The judgement of each row by all checks, without a judge's verdicts."""
    rows = list(rows)
    checked = check_together(rows, settings.flag_only)
    table = pd.DataFrame(
        {
            "request_id": [row.request_id for row in rows],
            "task_id": [str(place) for place in range(len(rows))],
            "comparison_text": [found.text for found in checked],
        },
        dtype="str",
    )
    passed = np.array([found.judgement.verdict is None for found in checked], bool)
    seeds = {str(place): row.known.seed_texts for place, row in enumerate(rows)}
    judgements = [found.judgement for found in checked]
    for reason, hits in compare_rows(ComparedRows(as_table(table), passed, seeds), settings).hits.items():
        for place, detail in zip(hits.places.tolist(), hits.details.to_pylist(), strict=True):
            found = Verdict(reason, detail)
            if reason in settings.flag_only:
                judgements[place] = judgements[place]._replace(flags=(*judgements[place].flags, found))
            else:
                judgements[place] = judgements[place]._replace(verdict=found)
    return judgements


class CheckedFrames(NamedTuple):
    """`CheckedRows` as frames."""

    examples: pd.DataFrame
    surplus: pd.DataFrame
    rejected: pd.DataFrame
    findings: pd.DataFrame


def checked_tables(
    candidates: pd.DataFrame,
    requests: pd.DataFrame,
    tasks: pd.DataFrame,
    settings: QualityReportParameters,
    slots: pd.DataFrame = NO_QUOTA,
    verdicts: pd.DataFrame | None = None,
    label_check: LabelCheckParameters | None = None,
    pool: WorkPool = THIS_MACHINE,
) -> CheckedFrames:
    """The tables of outcomes of these candidates, as the two nodes make them."""
    plan = as_table(requests)
    rows = check_rows(as_table(candidates), plan, tasks, settings, pool)
    tables = check_candidates(
        rows,
        plan,
        tasks,
        as_table(verdicts),
        settings,
        label_check or LabelCheckParameters(),
        slots,
        AttributeSamplingParameters(),
        pool,
    )
    return CheckedFrames(*(table.to_pandas() for table in tables))
