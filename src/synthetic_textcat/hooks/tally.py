"""Running totals of model calls and quota cells, and the progress line made of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hooks.planned_rows import PlannedRows
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, Known
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge_together
from synthetic_textcat.schemas.completions import Completion, Problem, Reply, RowReply
from synthetic_textcat.schemas.label_sets import LABELS
from synthetic_textcat.schemas.open_calls import NONE_OPEN, OpenCalls
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.prices import PriceList, is_made_up, plus, usd
from synthetic_textcat.schemas.quota import Cell, Rounds, Shortfall, all_cells_of, targets_of_slots, unnamed
from synthetic_textcat.schemas.worker_counts import ReportBatch, WorkerCounts
from synthetic_textcat.tables import IdPositions, RowTable, as_table
from synthetic_textcat.text.batches import ValueCodes

_MOST_WAITING = 5_000  # rows: some 10 MB, checked in about a second

WIDTH = 80
"""Columns of the progress line."""

_SLOW_S = 10.0
"""Age of the oldest open call from which the line reports it."""


@dataclass(slots=True)
class CellTally:
    """Counts rows that look good so far; checks that compare rows may still reject them.

    Attributes:
        rows: Position of each planned row.
        cells: All cells of the plan that a row has; a row with several labels can have several.
        numbers: Number of the cells of each planned row.
        lacking: By cell, rows.
    """

    rows: IdPositions
    cells: Sequence[tuple[Cell, ...]]
    numbers: NDArray[np.int32]
    lacking: dict[Cell, int]

    @property
    def asked(self) -> int:
        """Cells."""
        return len(self.lacking)

    @property
    def full(self) -> int:
        """Cells that lack no row."""
        return sum(not rows for rows in self.lacking.values())

    @property
    def missing(self) -> int:
        """Rows, in all cells."""
        return sum(self.lacking.values())

    def add(self, request_id: str) -> None:
        """Adds a good row to each of its cells."""
        row = self.rows.of_one(request_id)
        for cell in self.cells[self.numbers[row]] if row >= 0 else ():
            if self.lacking.get(cell):
                self.lacking[cell] -= 1


def _numbered(batches: Iterable[Iterable[tuple[Any, ...]]]) -> tuple[list[Any], NDArray[np.int32]]:
    """The distinct values of rows, batch by batch, and the number of each row's value."""
    codes = ValueCodes()
    parts = [codes.add(pd.Series([*rows], dtype=object)) for rows in batches]
    return codes.values, np.concatenate([np.empty(0, np.int32), *parts])


@dataclass(slots=True)
class CallTotals:
    """Tokens and cost of the calls, and how many are open.

    Attributes:
        tokens: Read and written by the counted calls.
        usd: What they cost; None once a price is unknown.
        is_made_up: Whether the price is that of the offline model.
        uncounted: Calls of unknown usage; with one of them tokens and USD are shown as at least so much.
        open_calls: Calls without a reply yet, as of the last batch.
    """

    tokens: int = 0
    usd: float | None = 0.0
    is_made_up: bool = False
    uncounted: int = 0
    open_calls: OpenCalls = NONE_OPEN

    def add(self, completions: Iterable[Completion], prices: PriceList) -> None:
        """Adds the saved completions."""
        self.open_calls = getattr(completions, "open_calls", NONE_OPEN)
        if isinstance(completions, ReportBatch):
            counts = completions.counts
            self.tokens += counts.tokens
            self.usd = plus(self.usd, counts.usd)
            self.is_made_up |= counts.is_made_up
            self.uncounted += counts.uncounted
        for completion in completions:
            if completion.is_counted:
                self.tokens += completion.tokens
                self.usd = plus(self.usd, prices.cost_usd(completion))
                self.is_made_up |= is_made_up(completion.model_name)
            else:
                self.uncounted += 1


def progress_line(counts: Mapping[str, str], totals: CallTotals, rate: float, left_s: float | None) -> str:
    """The counts and totals as one line; if it is too long for a terminal, without the rate, then without the tokens.

    Args:
        counts: What is done, by name.
        totals: Tokens and cost.
        rate: What is done in a second.
        left_s: Estimated time left, in seconds; None if there is no estimate.
    """
    least = "+" if totals.uncounted else ""
    parts = {**counts, "rate": f"{rate:.1f}/s", "tokens": f"{short(totals.tokens)}{least} tokens"}
    if totals.usd is not None:
        parts["usd"] = f"{usd(totals.usd)}{least}{' made up' if totals.is_made_up else ''}"
    if left_s is not None:
        parts["left"] = f"{clock(left_s)} left"
    if waiting := waiting_for(totals.open_calls):
        parts["waiting"] = waiting
    for name in ("rate", "tokens"):
        if len(", ".join(parts.values())) > WIDTH:
            del parts[name]
    return ", ".join(parts.values())


@dataclass(slots=True)
class Tally:
    """Counts completions as they are saved.

    Attributes:
        asked: Rows to ask for.
        max_attempts: Replies after which a row counts as failed.
        flag_only: Reject reasons that reject no row.
        accepted: Rows whose reply passes the checks of single rows; duplicates among them are found in the report.
        rejected: Rows whose reply does not.
        failed: Rows without a usable reply.
        unchecked: Rows whose reply was read, and is checked by the report only: replies come faster than checks may.
        unanswered: Rows whose last call brought no reply; it may be made again.
        unanswered_by_workers: Number of such rows of a cluster's workers.
        totals: Tokens and cost.
        cells: How far the quota is, where there is one.
        plan: The planned rows; without it, only the checks that need no plan are made.
    """

    asked: int
    max_attempts: int
    flag_only: Collection[str] = ()
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    unchecked: int = 0
    totals: CallTotals = field(default_factory=CallTotals)
    cells: CellTally | None = None
    plan: PlannedRows | None = None
    unanswered: set[str] = field(default_factory=set)
    unanswered_by_workers: int = 0
    _waiting: list[Candidate] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Rows that are settled, for this run."""
        return self.checked + self.unchecked + len(self._waiting)

    @property
    def checked(self) -> int:
        """Settled rows of which it is known whether they are accepted."""
        return self.accepted + self.rejected + self.failed

    def add(self, completions: Iterable[Completion], prices: PriceList, *, check: bool = True) -> None:
        """Counts the saved completions, or adds what workers have counted.

        Args:
            completions: Of the calls.
            prices: Of the models.
            check: Whether their rows, and those that wait for it, are checked now. Some thousand may wait.
        """
        self.totals.add(completions, prices)
        if isinstance(completions, ReportBatch):
            self._add_counts(completions.counts)
        self._waiting += [row for completion in completions if (row := self._settled(completion)) is not None]
        if check:
            self._check()
        self.unchecked += len(self._waiting[_MOST_WAITING:])
        del self._waiting[_MOST_WAITING:]

    def _check(self) -> None:
        rows, self._waiting = self._waiting, []
        for row, judgement in zip(rows, judge_together(rows, self.flag_only), strict=True):
            if judgement.verdict is not None:
                self.rejected += 1
                continue
            self.accepted += 1
            if self.cells is not None:
                self.cells.add(row.request_id)

    def _add_counts(self, counts: WorkerCounts) -> None:
        self.accepted += counts.accepted
        self.rejected += counts.rejected
        self.failed += counts.failed
        self.unanswered_by_workers += counts.unanswered

    def end(self) -> None:
        """Ends the calls: rows without a reply have failed."""
        self._check()
        self.totals.open_calls = NONE_OPEN
        self.failed += len(self.unanswered) + self.unanswered_by_workers
        self.unanswered.clear()
        self.unanswered_by_workers = 0

    def line(self, seconds: float, left_s: float | None = None) -> str:
        """The counts as one line.

        Args:
            seconds: Time since the first call.
            left_s: Estimated time left; None if there is no estimate.
        """
        counts = {"rows": f"{short(self.done)}/{short(self.asked)} rows", **self._results()}
        return progress_line(counts, self.totals, self.done / seconds if seconds > 0 else 0.0, left_s)

    def _results(self) -> dict[str, str]:
        if self.cells is not None:
            full = f"{short(self.cells.full)}/{short(self.cells.asked)} cells"
            return {"full": full, "missing": f"{short(self.cells.missing)} missing"}
        lost = {
            "rejected": self.rejected,
            "failed": self.failed,
            "without reply": len(self.unanswered) + self.unanswered_by_workers,
            "unchecked": self.unchecked + len(self._waiting),
        }
        return {
            "ok": f"{short(self.accepted)} ok",
            **{name: f"{short(rows)} {name}" for name, rows in lost.items() if rows},
        }

    def _settled(self, completion: Completion) -> Candidate | None:
        """The row of a completion, if it has a reply that can be read; else the completion is counted."""
        if self.plan is not None and completion.request_id not in self.plan:
            return None  # of a batch sent for an earlier plan: paid for, and kept for when the row is planned again
        if not completion.replied:
            self.unanswered.add(completion.request_id)
            return None
        self.unanswered.discard(completion.request_id)
        wanted = Reply if self.plan is None else self.plan.reply_of(completion.request_id)
        reply = parse(completion, wanted)
        if isinstance(reply, Problem):
            self.failed += completion.attempt >= self.max_attempts
            return None
        return self._candidate(completion.request_id, reply)

    def _candidate(self, request_id: str, reply: RowReply) -> Candidate:
        if self.plan is not None:
            return self.plan.candidate(request_id, reply)
        return Candidate(request_id, **reply.model_dump(), planned_label=None, known=Known(), language=None)


def waiting_for(open_calls: OpenCalls) -> str:
    """Open calls, batches and rows that wait for a retry, in words; empty while the server answers quickly."""
    if open_calls.batches:
        return f"{open_calls.batches}, oldest {clock(open_calls.oldest_s)}"
    slow = f"{open_calls.number:,} calls open, oldest {open_calls.oldest_s:,.0f} s"
    parts = [slow] if open_calls.oldest_s >= _SLOW_S else []
    parts += [f"{open_calls.retrying:,} to be repeated"] if open_calls.retrying else []
    return ", ".join(parts)


def short(number: int) -> str:
    """The number in a few characters."""
    return f"{number:,}" if number < 100_000 else f"{number / 1e6:.2f}M" if number >= 1e6 else f"{number / 1e3:.0f}k"


def cell_tally(
    requests: RowTable | pd.DataFrame,
    slots: pd.DataFrame,
    rounds: Rounds | None,
    before: Shortfall | None,
    sampling: AttributeSamplingParameters,
    still_open: NDArray[np.int64],
) -> CellTally | None:
    """Rows that the quota lacks when the calls of a pass begin; None without a quota.

    Args:
        requests: The plan.
        slots: Accepted rows that the quota asks for.
        rounds: Of the plan.
        before: What the pass before found.
        sampling: The target and the columns of a cell.
        still_open: Positions of the rows to ask for; others that no pass has judged yet count as good.
    """
    if rounds is None or sampling.target_accepted is None:
        return None
    columns = sampling.cell_columns
    lacking, judged = dict(targets_of_slots(slots, columns, sampling.target_accepted)), 0
    if before is not None and before.planned_by == rounds.planned_by:
        lacking = dict.fromkeys(lacking, 0) | {unnamed(cell.cell): cell.missing for cell in before.cells}
        judged = sum(rounds.sizes[: before.rounds])
    table = as_table(requests)
    needed = [name for name in dict.fromkeys([*columns, "label", LABELS]) if name in table]
    cells, numbers = _numbered(map(tuple, all_cells_of(frame, columns)) for frame in table.frames(needed))
    has_reply = np.ones(len(numbers), np.bool_)
    has_reply[still_open] = has_reply[:judged] = False
    for own, rows in zip(cells, np.bincount(numbers[has_reply], minlength=len(cells)).tolist(), strict=True):
        for cell in own:
            if cell in lacking:
                lacking[cell] = max(0, lacking[cell] - rows)
    return CellTally(IdPositions(table), cells, numbers, lacking)


def clock(seconds: float) -> str:
    """Minutes and seconds, `4:05`; hours before them where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
