"""Settlement of all rows of a plan in one pass over the journal, by the same rule as `settlement.settle`.

Rows are columns here, not records. A reply that is one JSON object with the three texts of a row is read at once
(`plain_rows`); anything else (thoughts, refusals, errors, a text with a known secret) by the parser, with the same
result. Of the plan only positions are in memory; replies are sorted into its order by part.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from synthetic_textcat.llm.calls.row_judge import multi_label_mask
from synthetic_textcat.llm.journal.journal import Journal, LineBatch
from synthetic_textcat.llm.journal.paid_calls import PaidCallsBuilder
from synthetic_textcat.llm.journal.plan_positions import PlanPositions
from synthetic_textcat.llm.replies.parsing import parse_all
from synthetic_textcat.llm.replies.plain_rows import LONGEST_PLAIN, AnyPlainRow, plain_rows
from synthetic_textcat.redaction import mask
from synthetic_textcat.schemas.completions import REPLIED, Completion, Problem, Reply
from synthetic_textcat.schemas.label_sets import LABELS, LABELS_ARROW_TYPE
from synthetic_textcat.schemas.paid_calls import PAID_CALLS
from synthetic_textcat.schemas.several_labels_replies import SeveralLabelsReply
from synthetic_textcat.tables import Spool
from synthetic_textcat.tables.arrow_frames import frame_of
from synthetic_textcat.tables.external_sort import PlanSorter
from synthetic_textcat.text.unicode import replace_surrogates, visible_controls

_FOR_THE_PARSER = ("content_filter", "length")
"""Finish reasons that decide whether a reply counts."""

_TEXTS = ("input_text", "label", "misleading_label", "model_name", "detail", "failure_cause")
_RESULTS = pa.schema(
    {
        **dict.fromkeys(("position", "attempt"), pa.int64()),
        **dict.fromkeys(_TEXTS, pa.large_string()),
        LABELS: LABELS_ARROW_TYPE,
    }
)


class SettledPart(NamedTuple):
    """Results of the rows of one batch of the plan, in plan order.

    Attributes:
        replies: The reply of each row that has a good one: `position` of the row, `input_text`, `label` or, of a
            multi-label row, `labels`; `misleading_label`, `model_name`, and as `detail` the note on how it was read.
        problems: The last problem of each other row with a call: `position`, `failure_cause`, `detail`.
    """

    replies: pd.DataFrame
    problems: pd.DataFrame


class PlanSettlement:
    """Results of the rows of a plan.

    Args:
        journal: The completions.
        plan: Positions of the rows.

    Attributes:
        starts: Position of the first row of each part of the plan.
        attempts: Number of calls of each row.
        paid_calls: All lines of the journal, columns `PAID_CALLS`.
    """

    def __init__(self, journal: Journal, plan: PlanPositions) -> None:
        self.starts = plan.starts
        self.attempts: NDArray[np.int32] = np.zeros(len(plan), np.int32)
        self.paid_calls = Spool(PAID_CALLS)
        self._results = PlanSorter(_RESULTS, plan.starts)
        several = multi_label_mask(plan.requests)
        paid = PaidCallsBuilder()
        for lines in journal.batches():
            paid.add(lines)
            if paid.is_full:
                self.paid_calls.add(paid.taken())
            positions = plan.of_fingerprints(lines.columns["fingerprint"])
            if (positions < 0).all():
                continue
            np.add.at(self.attempts, positions[positions >= 0], 1)
            self._results.add(*_results_of(lines, positions, several))
        self.paid_calls.add(paid.taken())

    def part(self, number: int) -> SettledPart:
        """The results of a batch of the plan, available once: for each row the first attempt that parses.

        Args:
            number: Number of the batch in `starts`.
        """
        table = self._results.part(number)
        positions, attempts = table["position"].to_numpy(), table["attempt"].to_numpy()
        order = np.lexsort((attempts, positions))  # stable: of one attempt the earlier call comes first
        if (np.diff(order) != 1).any():  # which is rare
            table, positions = table.combine_chunks().take(pa.array(order)), positions[order]
        is_good = table["failure_cause"].is_null().to_numpy()
        good, bad = np.flatnonzero(is_good), np.flatnonzero(~is_good)
        good = good[np.diff(positions[good], prepend=-1) > 0]
        bad = bad[np.diff(positions[bad], append=np.iinfo(np.int64).max) > 0]
        bad = bad[~np.isin(positions[bad], positions[good])]
        parts = (("position", *_TEXTS[:-1], LABELS), good), (("position", *_TEXTS[-2:]), bad)
        return SettledPart(*(frame_of(_rows_at(table.select(names), rows)) for names, rows in parts))


def _rows_at(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """Rows in their order; a filter takes a fraction of the time of a choice by places."""
    mask = np.zeros(len(table), np.bool_)
    mask[rows] = True
    return table if mask.all() else table.filter(pa.array(mask))


def _results_of(
    lines: LineBatch, positions: NDArray[np.int64], several: NDArray[np.bool_]
) -> tuple[pa.RecordBatch, NDArray[np.int64]]:
    """The result of each line of a planned row, and the position of its row.

    Args:
        lines: Some lines.
        positions: Position of each one's row; -1 for none.
        several: Mask of the multi-label rows of the plan.
    """
    wanted = np.flatnonzero(positions >= 0)
    has_several = several[positions[wanted]].tolist()
    rows = _read_at_once(lines, wanted.tolist(), has_several)
    names = lines.columns["model_name"]
    shown = {name: name and visible_controls(str(replace_surrogates(name))) for name in set(names)}
    texts: list[list[str | None]] = [
        [None if row is None else row.input_text for row in rows],
        [getattr(row, "label", None) for row in rows],
        [None if row is None else row.misleading_label for row in rows],
        [shown[names[line]] for line in wanted.tolist()],
        [None] * len(rows),
        [None] * len(rows),
    ]
    labels: list[tuple[str, ...] | None] = [getattr(row, LABELS, None) for row in rows]
    others = [place for place, row in enumerate(rows) if row is None]
    completions = [lines.completion(int(wanted[place])) for place in others]
    for place, completion, result in zip(others, completions, _parsed(completions, others, has_several), strict=True):
        own: tuple[str | None, ...]
        if isinstance(result, Problem):
            own = (None, None, None, None, result.detail, result.cause)
        else:
            label = getattr(result, "label", None)
            said = (result.input_text, label, result.misleading_label, completion.model_name)
            own = (*(text and visible_controls(text) for text in said), result.note or None, None)
            if isinstance(result, SeveralLabelsReply):
                labels[place] = tuple(map(visible_controls, result.labels))
        for column, text in zip(texts, own, strict=True):
            column[place] = text
    numbers = [pa.array(each) for each in (positions[wanted], np.array(lines.columns["attempt"], np.int64)[wanted])]
    columns = (pa.array(column, pa.large_string()) for column in texts)
    found = pa.record_batch([*numbers, *columns, pa.array(labels, LABELS_ARROW_TYPE)], _RESULTS)
    return found, positions[wanted]


def _parsed(
    completions: Sequence[Completion], places: Sequence[int], has_several: Sequence[bool]
) -> Sequence[Reply | SeveralLabelsReply | Problem]:
    """Parsed completions: rows with one label or, as marked at their places, with several."""
    single = [completion for completion, place in zip(completions, places, strict=True) if not has_several[place]]
    others = [completion for completion, place in zip(completions, places, strict=True) if has_several[place]]
    of_single, of_others = iter(parse_all(single, Reply)), iter(parse_all(others, SeveralLabelsReply))
    return [next(of_others) if has_several[place] else next(of_single) for place in places]


def plain_lines(lines: LineBatch) -> NDArray[np.bool_]:
    """Mask of the lines that certainly hold a good reply; others may hold one too."""
    return np.array([row is not None for row in _read_at_once(lines, range(len(lines)))], np.bool_)


def _read_at_once(
    lines: LineBatch, wanted: Sequence[int], has_several: Sequence[bool] = ()
) -> list[AnyPlainRow | None]:
    """The row of each wanted line whose reply needs no parser, None for others."""
    columns = lines.columns
    fields = zip(*(columns[name] for name in ("status", "refusal", "finish_reason", "raw_text")), strict=True)
    replies = [
        reply
        if status == REPLIED and not refusal and reason not in _FOR_THE_PARSER and len(reply) <= LONGEST_PLAIN
        else ""
        for status, refusal, reason, reply in fields
    ]
    if len(wanted) < len(replies):
        replies = [replies[line] for line in wanted]
    rows = plain_rows(replies, has_several)
    escaped = [place for place, reply in enumerate(replies) if "\\" in reply]
    # texts without an escape stand in their replies
    said = "\0".join([*(each for each in replies if "\\" not in each), *filter(None, set(columns["model_name"]))])
    read = (text for place in escaped if (row := rows[place]) is not None for text in row.texts)
    odd = "\0".join([*(replies[place] for place in escaped), *read])
    if mask(said) != said or mask(odd) != odd:
        return [None] * len(rows)
    has_controls = "\x7f" in said or "\x7f" in odd
    beyond_ascii = [] if said.isascii() and odd.isascii() and not has_controls else range(len(rows))
    for place in {*escaped, *beyond_ascii}:
        reply, row = replies[place], rows[place]
        if row is not None and (has_controls or "\\" in reply or not reply.isascii()):
            row.show_controls()
    return rows
