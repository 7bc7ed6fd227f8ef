"""Tables of the checks: candidates as rows to check, the results of the checks as columns, batch by batch."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.quality_report.checks.compared_rows import Places
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, Known
from synthetic_textcat.pipelines.quality_report.checks.verdicts import CheckedRow, Compared, check_together
from synthetic_textcat.schemas.completions import READ_FROM
from synthetic_textcat.schemas.label_sets import LABELS, LabelSet, labels_column, labels_of
from synthetic_textcat.schemas.rows import CHECKED_ROWS, FINDINGS, plain
from synthetic_textcat.tables import MadeTable, RowTable, Spool, in_plan_order
from synthetic_textcat.work_pool import AT_ONCE

_WALKED = 20_000  # rows of a part of the plan that is walked
_FIELDS = ("request_id", "input_text", "label", "misleading_label", "task_id", "language", "num_words")
_JUDGED = ("reject_reason", "check_detail", "flags", "flag_details")

Texts = NDArray[np.object_]
CandidatePart = tuple[pd.DataFrame, "pd.Series[Any]", Mapping[str, Known]]
"""Columns that checks read of some candidates, at most `AT_ONCE`; the planned label or label set of each, missing for
open label sets; and the facts of their tasks, by id: these alone go to another process."""


def checked_table(
    candidates: RowTable,
    requests: RowTable,
    known: Mapping[str, Known],
    check: Callable[[Iterable[CandidatePart]], Iterable[pd.DataFrame]],
) -> Spool:
    """The candidates with what the checks of single rows found; columns `CHECKED_ROWS` and the own attributes.

    Args:
        candidates: Columns `CANDIDATES`, in plan order.
        requests: The plan.
        known: What is known of each task, by its id.
        check: Applies `checked_parts` to parts of the candidates, in order; in any process, some ahead of others.

    Raises:
        StaleTableError: If a candidate is of no known task, or not in the plan.
    """
    own = {str(name): dtype for name, dtype in candidates.empty().dtypes.items()}
    checked = Spool({**own, "detail": "str", **{name: CHECKED_ROWS[name] for name in map(str, _columns_of([]))}})
    waiting = deque[pd.DataFrame]()  # another process would only send most of their columns back
    read = [name for name in (*_FIELDS, LABELS) if name in candidates]

    def parts() -> Iterator[CandidatePart]:
        for rows, planned_labels, of_tasks in _parts(candidates, requests, known):
            waiting.append(rows)
            yield rows[read], planned_labels, of_tasks

    for found in check(parts()):
        rows = waiting.popleft()
        found.index = rows.index
        detail = rows["detail"] if "detail" in rows else pd.Series(None, rows.index, dtype="str")
        checked.add(rows.assign(detail=detail, **{str(name): column for name, column in found.items()}))
    return checked


def _parts(candidates: RowTable, requests: RowTable, known: Mapping[str, Known]) -> Iterator[CandidatePart]:
    """All columns of some candidates, their planned labels, and the facts of their tasks."""
    walk = in_plan_order(requests, {"candidates": candidates}, {"requests": ["label", "labels"]}, _WALKED)
    for start, planned, subsets in walk:
        rows, places = subsets["candidates"]
        labels = _planned_labels(planned.iloc[places - start])
        for first in range(0, len(rows), AT_ONCE):
            own = rows.iloc[first : first + AT_ONCE]
            of_tasks = {task_id: _known_of(task_id, known) for task_id in plain(own["task_id"].drop_duplicates())}
            yield own, labels.iloc[first : first + AT_ONCE], of_tasks


def _planned_labels(planned: pd.DataFrame) -> "pd.Series[Any]":
    """The planned label of each row; of a row with several labels its set, a tuple."""
    label = planned["label"]
    has_none = label.isna()
    return label.astype(object).mask(has_none, planned["labels"]) if has_none.any() else label


def checked_parts(parts: Sequence[CandidatePart], flag_only: Collection[str]) -> list[pd.DataFrame]:
    """Findings of the checks of single rows in parts of the candidates: columns of `CHECKED_ROWS`.

    Args:
        parts: Frames, so that a process gets and gives columns: its rows as objects would cost half as much as a check.
        flag_only: Reasons that are noted and reject no row.
    """
    found = []
    for rows, planned_labels, of_tasks in parts:
        known = {task_id: _kept(own) for task_id, own in of_tasks.items()}
        found.append(_columns_of(check_together(list(candidate_rows(rows, planned_labels, known)), flag_only)))
    return found


@lru_cache(maxsize=1 << 12)
def _kept(known: Known) -> Known:
    """The first of equal facts: what they compute once, such as the index of a prompt, lasts from part to part."""
    return known


def candidate_rows(
    candidates: pd.DataFrame, planned_labels: "pd.Series[Any]", known: Mapping[str, Known]
) -> Iterator[Candidate]:
    """Some candidates with their plan.

    Args:
        candidates: Columns `CANDIDATES`.
        planned_labels: The planned label of each, a tuple of labels for a row with several; missing for open label
            sets.
        known: What is known of each task, by its id.
    """
    columns = (*(plain(candidates[name]) for name in _FIELDS), plain(planned_labels), _sets_of(candidates))
    for request_id, text, label, misleading, task_id, language, num_words, planned, labels in zip(
        *columns, strict=True
    ):
        has_several = isinstance(planned, tuple)
        yield Candidate(
            request_id=request_id,
            input_text=text,
            label=label or "",
            misleading_label=misleading,
            planned_label=None if has_several else planned,
            known=known[task_id],
            language=language,
            num_words=num_words,
            labels=labels if label is None else None,
            planned_labels=planned if has_several else None,
        )


def _sets_of(candidates: pd.DataFrame) -> Iterable[LabelSet | None]:
    """The label sets of the candidates; not read where each has one label."""
    return labels_of(candidates) if candidates["label"].isna().any() else repeat(None, len(candidates))


def _columns_of(rows: Sequence[CheckedRow]) -> pd.DataFrame:
    verdicts, of_rows = [row.judgement.verdict for row in rows], [row.judgement.flags for row in rows]
    columns = {
        "label": [None if row.has_several else row.labels[0] for row in rows],
        "misleading_label": [row.misleading_label for row in rows],
        "reject_reason": [verdict and verdict.reason for verdict in verdicts],
        "check_detail": [verdict and verdict.detail for verdict in verdicts],
        "flags": [", ".join([flag.reason for flag in flags]) if flags else "" for flags in of_rows],
        "flag_details": ["; ".join([flag.detail for flag in flags]) if flags else "" for flags in of_rows],
        "language_verdict": [row.judgement.language for row in rows],
        "comparison_text": [row.text for row in rows],
    }
    found = pd.DataFrame(columns, dtype="str")
    shared: dict[LabelSet, LabelSet] = {}  # one object for all equal sets
    sets = [shared.setdefault(row.labels, row.labels) for row in rows]
    found.insert(1, LABELS, labels_column(sets).set_axis(found.index))
    return found


class FinishedRows:
    """Checked rows with the results of the checks that compare them: tables that are made as they are walked.

    Args:
        checked_rows: After the checks of single rows.
        compared: Results of the others.
        flag_only: Reasons that are noted and reject no row.
    """

    def __init__(self, checked_rows: RowTable, compared: Compared, flag_only: Sequence[str]) -> None:
        self._checked_rows, self._compared, self._flag_only = checked_rows, compared, frozenset(flag_only)
        self._has_notes = "detail" in checked_rows.names

    def findings(self) -> MadeTable:
        """One row a candidate, columns `FINDINGS`; reasons are joined by `, `, their details and a note by `; `."""

        def make() -> Iterator[pd.DataFrame]:
            for frame in self._frames(["request_id", "language_verdict"]):
                details = _joined(frame["flag_details"], frame["detail"])
                yield frame.assign(detail=details)[list(FINDINGS)]

        return MadeTable(make, FINDINGS, len(self._checked_rows))

    def rows(self, mask: "np.ndarray[Any, np.dtype[np.bool_]]", columns: Mapping[str, str]) -> MadeTable:
        """The rows of a mask by position, with some columns; those that the table lacks are missing.

        `detail` is the detail of the reject reason and the note on how the row was read from its reply.
        """
        own = [name for name in columns if name in self._checked_rows.names and name not in (*_JUDGED, "detail")]

        def make() -> Iterator[pd.DataFrame]:
            if not mask.any():
                return
            start = 0
            is_judged = not columns.keys().isdisjoint(_JUDGED)
            for frame in self._frames(own) if is_judged else self._checked_rows.frames(own):
                wanted = mask[start : start + len(frame)]
                start += len(frame)
                if not wanted.any():
                    continue
                rows = frame if wanted.all() else frame[wanted]
                if is_judged:
                    rows = rows.assign(detail=_joined(rows["check_detail"], rows["detail"]))
                yield rows.reindex(columns=list(columns))

        return MadeTable(make, columns, int(np.count_nonzero(mask)))

    def _frames(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Batches with these columns, the judgement (`_JUDGED`), and `detail`: the note on how the row was read."""
        names = [*columns, *_JUDGED, *(["detail"] if self._has_notes else [])]
        start = 0
        for frame in self._checked_rows.frames(names):
            within = {reason: hits.within(start, start + len(frame)) for reason, hits in self._compared.hits.items()}
            start += len(frame)
            changed = np.unique(np.concatenate([np.empty(0, np.intp), *(places for places, _ in within.values())]))
            judged = {name: frame[name] for name in _JUDGED}
            if len(changed):
                values = self._changed(frame.iloc[changed], changed, within)
                judged = {name: _replaced(column, changed, values[name]) for name, column in judged.items()}
            notes = frame["detail"].fillna("") if self._has_notes else ""
            yield frame.assign(**judged, detail=notes)

    def _changed(
        self, rows: pd.DataFrame, changed: Places, within: Mapping[str, tuple[Places, Texts]]
    ) -> Mapping[str, Texts]:
        """Judgement of the rows to which a reason applies: few, so that the others need not become Python objects."""
        judged = {name: rows[name].to_numpy(object, copy=True) for name in _JUDGED}
        for reason, (found, details) in within.items():
            places = np.searchsorted(changed, found)
            if reason in self._flag_only:
                is_flagged = judged["flags"][places] != ""
                for name, words, mark in (("flags", reason, ", "), ("flag_details", details, "; ")):
                    judged[name][places] = np.where(is_flagged, judged[name][places] + mark, "") + words
            else:
                judged["reject_reason"][places], judged["check_detail"][places] = reason, details
        return judged


def _replaced(column: "pd.Series[Any]", places: Places, values: Texts) -> "pd.Series[Any]":
    column = column.astype("str")
    column.iloc[places] = pd.Index(values, dtype="str")
    return column


def _joined(details: "pd.Series[str]", notes: "pd.Series[str]") -> "pd.Series[str]":
    """The detail of each row, followed by its note if there is one."""
    details = details.fillna("")
    return details + np.where((details != "") & (notes != ""), "; ", "") + notes


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
