"""Nodes of the checks: single rows, then verdicts of a judge and comparisons of rows, and the tables of their outcomes.

Between the two stands the judge (pipeline `label_check`): it is asked about rows that pass the checks of single rows,
near duplicates included. So where a row is rejected for its verdict, its next duplicate has one already.

Both walk their tables in record batches. What is held of a row between two walks is a mask, or its place and details
if it is not like most.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from langchain_core.prompts import BasePromptTemplate

from synthetic_textcat.console import track
from synthetic_textcat.llm.prompts.messages import instructions_for, instructions_of
from synthetic_textcat.pipelines.quality_report.checks.compared_rows import ComparedRows, Mask
from synthetic_textcat.pipelines.quality_report.checks.row_checks import known_of
from synthetic_textcat.pipelines.quality_report.checks.tables import (
    CandidatePart,
    FinishedRows,
    checked_parts,
    checked_table,
)
from synthetic_textcat.pipelines.quality_report.checks.verdicts import compare_rows
from synthetic_textcat.pipelines.quality_report.quota_standing import beyond_target_mask
from synthetic_textcat.schemas.label_sets import LabelSet, label_set_of, labels_of
from synthetic_textcat.schemas.label_verdicts import set_difference
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    LabelCheckParameters,
    QualityReportParameters,
)
from synthetic_textcat.schemas.quota import counted
from synthetic_textcat.schemas.rows import EXAMPLES, REJECTED, own_of, plain, records_of, with_own
from synthetic_textcat.schemas.run_records import ASKING_PROMPTS
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import RowTable, as_table
from synthetic_textcat.text.equal_texts import hashes_of
from synthetic_textcat.work_pool import WorkPool

_COPIED = ("request_id", "task_id", "label", "labels", "comparison_text")


class CheckedRows(NamedTuple):
    """Candidates by verdict in three tables, and the findings of all candidates."""

    examples: RowTable
    surplus: RowTable
    rejected: RowTable
    findings: RowTable


class Judged(NamedTuple):
    """Details of a judge's verdicts by position in the table, of the rows to which they apply."""

    disputed: dict[int, str]
    ambiguous: dict[int, str]


def check_rows(
    candidates: RowTable,
    requests: RowTable,
    tasks: pd.DataFrame,
    settings: QualityReportParameters,
    pool: WorkPool,
    *prompts: BasePromptTemplate[Any],
) -> RowTable:
    """Checks of single rows: the candidates with their first reject reason and flags; columns `CHECKED_ROWS`.

    Labels of a closed set are in the spelling of the set. `pool` shares the work. `prompts` are those that ask for
    rows: `prompt_echo` looks for their words.
    """
    usual = len(ASKING_PROMPTS)
    words = instructions_of(prompts[:usual]), instructions_of(prompts[usual:])
    known = tasks_of(tasks).each(lambda task: known_of(task, settings.text_checks, instructions_for(task, *words)))
    candidates = as_table(candidates)
    check = partial(checked_parts, flag_only=settings.flag_only)

    def checked(parts: Iterable[CandidatePart]) -> Iterator[pd.DataFrame]:
        found = pool.map(check, parts, len(candidates), at_once=1)
        return track(found, len(candidates), "Checking rows", of=len)

    return checked_table(candidates, as_table(requests), known, checked)


def check_candidates(
    checked_rows: RowTable,
    requests: RowTable,
    tasks: pd.DataFrame,
    label_verdicts: RowTable | None,
    settings: QualityReportParameters,
    label_check: LabelCheckParameters,
    quota_slots: pd.DataFrame,
    attribute_sampling: AttributeSamplingParameters,
    pool: WorkPool,
) -> CheckedRows:
    """Verdict on every candidate: `examples`, `surplus` and `rejected`, each in plan order.

    A rejected row has its first reject reason and the detail, followed by how it was read from a reply of several
    objects. `surplus` holds the good rows for which the quota has no place. `findings` has every candidate with the
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
        attribute_sampling: Target of the quota, and the columns of a cell.
        pool: Shares the work.
    """
    checked_rows, requests = as_table(checked_rows), as_table(requests)
    settings = settings.model_copy(update={"flag_only": (*settings.flag_only, *label_check.flagged)})
    passed = np.concatenate(
        [np.zeros(0, bool), *(frame["reject_reason"].isna() for frame in checked_rows.frames(["reject_reason"]))]
    )
    seed_texts = {task.task_id: known_of(task).seed_texts for task in tasks_of(tasks).with_seed_examples}
    judged = _judged(checked_rows, passed, as_table(label_verdicts))
    standing = ComparedRows(checked_rows, passed, seed_texts, judged.disputed, judged.ambiguous)
    compared = compare_rows(standing, settings, pool)
    is_surplus = beyond_target_mask(compared.stands, requests, checked_rows, quota_slots, attribute_sampling)
    rows = FinishedRows(checked_rows, compared, settings.flag_only)
    own = own_of(requests.empty())
    columns = with_own(EXAMPLES, own)
    return CheckedRows(
        rows.rows(compared.stands & ~is_surplus, columns),
        rows.rows(is_surplus, columns),
        rows.rows(~compared.stands, with_own(REJECTED, own)),
        rows.findings(),
    )


def _judged(checked_rows: RowTable, passed: Mask, label_verdicts: RowTable | None) -> Judged:
    """Details of the disputed and the ambiguous rows."""
    verdicts = dict[str, dict[str, Any]]()
    for frame in label_verdicts.frames() if label_verdicts is not None else ():
        for verdict in records_of(frame[~frame["agrees"] & frame["verdict"].notna() | frame["ambiguous"]]):
            verdicts[verdict["request_id"]] = verdict
    found, disputes = Judged({}, {}), dict[str, str]()
    if label_verdicts is None or not verdicts:
        return found
    start = 0
    for frame in checked_rows.frames(["request_id", "label", "labels", "misleading_label"]):
        places = np.flatnonzero(frame["request_id"].isin(verdicts.keys()))
        for place, row in zip((places + start).tolist(), records_of(frame.iloc[places]), strict=True):
            verdict = verdicts[row["request_id"]]
            if (dispute := _dispute(verdict, row)) is not None:
                found.disputed[place] = disputes[row["request_id"]] = dispute
            if verdict["ambiguous"]:
                found.ambiguous[place] = f"the judge accepts {row['misleading_label']!r} too"
        start += len(frame)
    found.disputed.update(_disputed_copies(ComparedRows(checked_rows, passed), label_verdicts, disputes))
    return found


def _disputed_copies(
    rows: ComparedRows, label_verdicts: RowTable, disputes: Mapping[str, str]
) -> Iterator[tuple[int, str]]:
    """Details of the rows without a verdict that have text and label of a disputed row, by position.

    If a share of the rows is judged, such a copy would take the place of the row that is rejected.
    """
    firsts: dict[tuple[str, LabelSet | None, bytes], str] = {}
    for _, frame in rows.walk(*_COPIED) if disputes else ():
        for row, key in _keys(frame[frame["request_id"].isin(disputes)]):
            firsts.setdefault(key, row)
    copies: dict[str, tuple[int, str]] = {}
    for places, frame in rows.walk(*_COPIED) if firsts else ():
        for place, (row, key) in zip(places.tolist(), _keys(frame), strict=True):
            if key in firsts and row not in disputes:
                copies[row] = place, firsts[key]
    for frame in label_verdicts.frames(["request_id"]) if copies else ():
        for judged in plain(frame["request_id"][frame["request_id"].isin(copies)]):
            del copies[judged]
    for place, first in copies.values():
        yield place, f"same text and label as {first}: {disputes[first]}"


def _keys(rows: pd.DataFrame) -> Iterator[tuple[str, tuple[str, LabelSet | None, bytes]]]:
    """Request id of each row, and its task, labels and hash of the text."""
    hashes = map(bytes, hashes_of(plain(rows["comparison_text"])))
    ids, tasks, labels = plain(rows["request_id"]), plain(rows["task_id"]), labels_of(rows)
    return zip(ids, zip(tasks, labels, hashes, strict=True), strict=True)


def _dispute(found: Mapping[str, Any], row: Mapping[str, Any]) -> str | None:
    """The judge's verdict with its votes, if it is another label than the row's; None if it agrees or is undecided."""
    if found["agrees"] or found["verdict"] is None:
        return None
    if row["label"] is None:
        said = set_difference(row["labels"], label_set_of(found["verdict"]))
    else:
        said = f"says {found['verdict']!r}"
    return f"the judge {said} ({counted(found['votes'], 'vote')})"
