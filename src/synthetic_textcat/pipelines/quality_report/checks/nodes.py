"""Nodes of the checks: single rows, then verdicts of a judge and comparisons of rows, and the tables of their outcomes.

Between the two stands the judge (pipeline `label_check`): it is asked about rows that pass the checks of single rows,
near duplicates included. So where a row is rejected for its verdict, its next duplicate has one already.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from langchain_core.prompts import BasePromptTemplate

from synthetic_textcat.llm.prompts.messages import instructions_of
from synthetic_textcat.pipelines.quality_report.checks.compared_rows import ComparedRows, TextColumn
from synthetic_textcat.pipelines.quality_report.checks.row_checks import known_of
from synthetic_textcat.pipelines.quality_report.checks.tables import (
    candidate_rows,
    checked_table,
    findings_of,
    joined_details,
    judgements_in,
    reading_notes,
)
from synthetic_textcat.pipelines.quality_report.checks.verdicts import check_each, compare_rows
from synthetic_textcat.pipelines.quality_report.quota_standing import beyond_target_mask
from synthetic_textcat.schemas.parameters import LabelCheckParameters, QualityReportParameters
from synthetic_textcat.schemas.quota import counted
from synthetic_textcat.schemas.rows import EXAMPLES, REJECTED, own_of, plain, records_of, with_columns, with_own
from synthetic_textcat.schemas.tasks import tasks_of


class CheckedRows(NamedTuple):
    """Candidates by verdict in three tables, and the findings of all candidates."""

    examples: pd.DataFrame
    surplus: pd.DataFrame
    rejected: pd.DataFrame
    findings: pd.DataFrame


def check_rows(
    candidates: pd.DataFrame,
    requests: pd.DataFrame,
    tasks: pd.DataFrame,
    settings: QualityReportParameters,
    *prompts: BasePromptTemplate[Any],
) -> pd.DataFrame:
    """Checks of single rows: the candidates with their first reject reason and flags; columns `CHECKED_ROWS`.

    Labels of a closed set are in the spelling of the set. `prompts` are those that ask for rows: `prompt_echo` looks
    for their words.
    """
    words = instructions_of(prompts)
    by_id = {task.task_id: known_of(task, settings.text_checks, words) for task in tasks_of(tasks)}
    rows = candidate_rows(candidates, requests, by_id)
    return checked_table(candidates, check_each(rows, settings.flag_only, len(candidates)))


def check_candidates(
    checked_rows: pd.DataFrame,
    requests: pd.DataFrame,
    tasks: pd.DataFrame,
    label_verdicts: pd.DataFrame | None,
    settings: QualityReportParameters,
    label_check: LabelCheckParameters,
    quota_slots: pd.DataFrame,
) -> CheckedRows:
    """Verdict on every candidate: `examples`, `surplus` and `rejected`, each in plan order.

    A rejected row has its first reject reason and the detail, followed by how it was read from a reply of several
    objects. `surplus` holds the good rows for which the quota has no slot. `findings` has every candidate with the
    reasons flagged by `settings.flag_only`, `label_check.on_dispute` or `label_check.on_ambiguous`, and its language
    verdict.

    Args:
        checked_rows: Candidates after the checks of single rows.
        requests: The plan.
        tasks: Its tasks.
        label_verdicts: Verdicts of a judge; None or empty if there are none.
        settings: Reasons that reject no row, and what counts as alike.
        label_check: What becomes of disputed and ambiguous rows.
        quota_slots: Accepted rows that the quota asks for.
    """
    settings = settings.model_copy(update={"flag_only": (*settings.flag_only, *label_check.flagged)})
    judgements = compare_rows(judgements_in(checked_rows), _compared(checked_rows, tasks, label_verdicts), settings)
    own = own_of(requests)
    is_good = np.array([judgement.verdict is None for judgement in judgements], bool)
    is_surplus = beyond_target_mask(is_good, requests, checked_rows, quota_slots)
    verdicts = [judgement.verdict for judgement in judgements if judgement.verdict is not None]
    notes = reading_notes(checked_rows)
    details = joined_details([verdict.detail for verdict in verdicts], notes[~is_good])
    columns = with_own(EXAMPLES, own)
    rows = with_columns(checked_rows, columns)  # shares the memory of its columns; masks copy all that a frame has
    rejected = rows[~is_good].assign(reject_reason=[verdict.reason for verdict in verdicts], detail=details)
    return CheckedRows(
        with_columns(rows[is_good & ~is_surplus], columns),
        with_columns(rows[is_surplus], columns),
        with_columns(rejected, with_own(REJECTED, own)),
        findings_of(checked_rows["request_id"], judgements, notes),
    )


def _compared(checked_rows: pd.DataFrame, tasks: pd.DataFrame, label_verdicts: pd.DataFrame | None) -> ComparedRows:
    """The rows that passed the checks of single rows, with their verdicts."""
    seed_texts = {task.task_id: known_of(task).seed_texts for task in tasks_of(tasks)}
    passed = np.flatnonzero(checked_rows["reject_reason"].isna())
    disputed, ambiguous = {}, {}
    if label_verdicts is not None and len(label_verdicts):
        misleading = dict(zip(plain(checked_rows["request_id"]), plain(checked_rows["misleading_label"]), strict=True))
        for verdict in records_of(label_verdicts):
            row = verdict["request_id"]
            if (dispute := _dispute(verdict)) is not None:
                disputed[row] = dispute
            if verdict["ambiguous"]:
                ambiguous[row] = f"the judge accepts {misleading.get(row)!r} too"
        disputed |= dict(_disputed_copies(checked_rows.iloc[passed], label_verdicts, disputed))
    return ComparedRows(
        TextColumn(checked_rows["request_id"], passed),
        TextColumn(checked_rows["comparison_text"], passed),
        list(seed_texts.values()),
        pd.Index(list(seed_texts)).get_indexer(pd.Index(checked_rows["task_id"]))[passed],
        disputed,
        ambiguous,
    )


def _disputed_copies(
    rows: pd.DataFrame, label_verdicts: pd.DataFrame, disputed: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Details of the rows without a verdict that have text and label of a disputed row, by request id.

    If a share of the rows is judged, such a copy would take the place of the row that is rejected.
    """
    columns = ["task_id", "comparison_text", "label"]
    texts = rows.loc[rows["request_id"].isin(disputed), "comparison_text"]
    alike = rows.loc[rows["comparison_text"].isin(texts), ["request_id", *columns]]
    judged = frozenset(label_verdicts["request_id"])
    firsts: dict[tuple[str, ...], str] = {}
    for row in records_of(alike):
        if row["request_id"] in disputed:
            firsts.setdefault(tuple(row[name] for name in columns), row["request_id"])
    for row in records_of(alike):
        first = firsts.get(tuple(row[name] for name in columns))
        if first is not None and row["request_id"] not in judged:
            yield row["request_id"], f"same text and label as {first}: {disputed[first]}"


def _dispute(found: Mapping[str, Any]) -> str | None:
    """The judge's verdict with its votes, if it is another label than the row's; None if it agrees or is undecided."""
    if found["agrees"] or found["verdict"] is None:
        return None
    return f"the judge says {found['verdict']!r} ({counted(found['votes'], 'vote')})"
